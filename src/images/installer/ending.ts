import type { FailedSteps } from './failed-steps.ts'
import type { FailureCause } from './outcome.ts'
import { lastLine, packerError } from './packer-message.ts'

/** What has been seen of an installation's end so far. */
export interface Ending {
  /** The marker that its last command prints. */
  markerSeen: boolean
  /** The event with which the installer, or a layer, goes away. */
  finalEvent: string | undefined
  /** The kernel's words; empty when only the device said that there was a panic. */
  panic: string | undefined
  gaveUp: boolean
  /** QEMU's own: `guest-shutdown`, `guest-reset`, `guest-panic`, `host-signal` … */
  shutdownReason: string | undefined
  qemuGone: boolean
  /** The program that ran QEMU. */
  child: { readonly exitCode: number; readonly output: string } | undefined
}

export const nothingSeen: Readonly<Ending> = {
  markerSeen: false,
  finalEvent: undefined,
  panic: undefined,
  gaveUp: false,
  shutdownReason: undefined,
  qemuGone: false,
  child: undefined,
}

/** All of it together is proof; an exit code of 0, of QEMU or Packer, is none. */
export function isProven(ending: Ending): boolean {
  return (
    isByGuest(ending.shutdownReason) &&
    ending.markerSeen &&
    ending.finalEvent !== undefined &&
    !ending.gaveUp &&
    ending.panic === undefined
  )
}

/** Why an installation that is not proven has failed, when everything that was to arrive has. */
export function causeOf(ending: Ending, steps: FailedSteps): FailureCause {
  const explained = steps.explained
  if (explained?.kind === 'out-of-memory') return explained
  const { shutdownReason: reason, panic } = ending
  if (panic !== undefined || reason === 'guest-panic') return { kind: 'panic', message: panic ?? '' }
  if (ending.gaveUp) return steps.cause
  if (isByGuest(reason)) return steps.any ? steps.cause : unproven(ending, reason)
  return endedFromOutside(ending)
}

function isByGuest(reason: string | undefined): reason is 'guest-shutdown' | 'guest-reset' {
  return reason === 'guest-shutdown' || reason === 'guest-reset'
}

function unproven({ finalEvent, markerSeen }: Ending, shutdownReason: string): FailureCause {
  const missing = [
    ...(finalEvent === undefined ? ['its last event'] : []),
    ...(markerSeen ? [] : ['the marker of its last command']),
  ]
  return { kind: 'unproven', shutdownReason, missing }
}

/**
 * QEMU ended although the guest did not end it. Packer kills its QEMU when it gives up, and then says why; one that
 * never started QEMU says why, too.
 */
function endedFromOutside({ child, qemuGone, shutdownReason }: Ending): FailureCause {
  if (child !== undefined && child.exitCode !== 0) {
    const message = packerError(child.output)
    if (message !== undefined || !qemuGone) {
      return { kind: 'packer-failed', exitCode: child.exitCode, message: message ?? lastLine(child.output) }
    }
  }
  // Of a success Packer's last words are its list of files.
  const said = child === undefined || child.exitCode === 0 ? '' : lastLine(child.output)
  return { kind: 'qemu-died', why: shutdownReason ?? said }
}
