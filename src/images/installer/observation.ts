import type { InstallerEvent } from './installer-event.ts'

/** What can be seen of an installation from outside, one thing at a time. */
export type Observation =
  | { readonly kind: 'line'; readonly text: string }
  /** A line without an end on the serial console that has stood for a while: a question, perhaps. */
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'event'; readonly event: InstallerEvent }
  /** The installer's logs arrived in this file. */
  | { readonly kind: 'logs'; readonly path: string }
  | { readonly kind: 'qemu-found' }
  /** QEMU's GUEST_PANICKED, by the device pvpanic. */
  | { readonly kind: 'panicked' }
  /** QEMU's SHUTDOWN with its reason. */
  | { readonly kind: 'shutdown'; readonly reason: string }
  /** QEMU's BLOCK_IO_ERROR. */
  | {
      readonly kind: 'disk-error'
      readonly device: string
      readonly reason: string
      readonly noSpace: boolean
    }
  /** QEMU's control socket closed. */
  | { readonly kind: 'qemu-gone' }
  /** The program that was started (Packer, or QEMU itself) ended. */
  | { readonly kind: 'child-ended'; readonly exitCode: number; readonly output: string }
  /** Nothing but time. */
  | { readonly kind: 'time' }
