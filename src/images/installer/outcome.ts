import type { Phase } from './phase.ts'

/** How an installation ended. Success is proven: by what, is in `proof`. */
export type InstallerOutcome = InstallerSuccess | InstallerFailed

export interface InstallerSuccess extends Watched {
  readonly kind: 'success'
  readonly proof: {
    /** The installer's last event, by its name. */
    readonly finalEvent: string
    readonly marker: string
    /** QEMU's reason for its end: `guest-shutdown`, or `guest-reset` of installers that cannot power off. */
    readonly shutdownReason: string
  }
}

export interface InstallerFailed extends Watched {
  readonly kind: 'failed'
  readonly cause: FailureCause
  readonly phase: Phase
  /** The last 20 lines of the serial console, without escapes. */
  readonly serialTail: readonly string[]
}

interface Watched {
  /** Seconds of each phase that was reached. */
  readonly durations: Readonly<Partial<Record<Phase, number>>>
  /** Events received by webhook or on the serial console, each counted once. */
  readonly events: number
  /** Archive of /var/log/installer that the error-commands sent. */
  readonly logs?: string
}

export type FailureCause =
  /** The kernel's command line has no word `autoinstall`, so the installer asks for confirmation. */
  | { readonly kind: 'no-autoinstall-argument' }
  | { readonly kind: 'seed-not-found' }
  | { readonly kind: 'medium-not-found' }
  | { readonly kind: 'step-failed'; readonly step: string; readonly message: string }
  | { readonly kind: 'panic'; readonly message: string }
  | { readonly kind: 'out-of-memory'; readonly text: string; readonly step?: string }
  /** `host`: the disk below the image is full, not the guest's. */
  | {
      readonly kind: 'no-space'
      readonly where: 'guest' | 'host'
      readonly text: string
      readonly step?: string
    }
  | { readonly kind: 'mirror-unreachable'; readonly text: string; readonly step?: string }
  /** apt has no package, or no version, of a name that it was asked for. */
  | { readonly kind: 'package-unknown'; readonly text: string; readonly step?: string }
  | { readonly kind: 'disk-unreadable'; readonly text: string; readonly step?: string }
  /** Nothing came for `silentMs`, in the step that started last. */
  | { readonly kind: 'stalled'; readonly silentMs: number; readonly step?: string }
  | { readonly kind: 'deadline'; readonly afterMs: number }
  /** QEMU ended, and not because the guest did; `why` is QEMU's reason or what it printed. */
  | { readonly kind: 'qemu-died'; readonly why: string }
  | { readonly kind: 'packer-failed'; readonly exitCode: number; readonly message: string }
  /** The machine powered off or reset without a failure, but also without these proofs of success. */
  | { readonly kind: 'unproven'; readonly shutdownReason: string; readonly missing: readonly string[] }
  | { readonly kind: 'cancelled' }

export interface InstallerProgress {
  readonly phase: Phase
  /** For people, one line: the phase and the step that runs. */
  readonly text: string
  /** Phases done, of `total`. */
  readonly done: number
  readonly total: number
}
