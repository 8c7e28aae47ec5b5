import { type GuestPhase, phaseWords } from '../lab/guest-phase.ts'
import { FailureError } from '../model/failure.ts'
import type { LabGuest } from './lab-answer.ts'

/** Why a guest cannot be talked to, and which command would make it run. */
export function notRunning(guest: LabGuest): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'guest-not-running',
    message: `Guest ${guest.host} on ${guest.hypervisor} ${phaseWords[guest.state]}.`,
    hint: `\`hvlab ${remedies[guest.state]} ${guest.host}\` makes it run.`,
  })
}

const remedies: Readonly<Record<GuestPhase, string>> = {
  running: 'status',
  paused: 'resume',
  saved: 'resume',
  stopped: 'start',
  crashed: 'start',
}
