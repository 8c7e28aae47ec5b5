import { type Phase, phases } from './phase.ts'

/** Milliseconds throughout. */
export interface InstallerLimits {
  /** How long a phase may be silent: no line on the serial console and no event. */
  readonly stallMs: Readonly<Record<Phase, number>>
  /** The whole installation. */
  readonly deadlineMs: number
  /** After a failure, for the error-commands to send the logs and power off. */
  readonly graceMs: number
  /** After QEMU's end or a panic, for the last lines and events to arrive. */
  readonly settleMs: number
}

/**
 * Seconds of silence with KVM, each several times what a good installation was seen to need: unpacking the system and
 * installing a kernel report nothing for minutes, and unattended-upgrades of old installers took 14.
 */
const silence: Readonly<Record<Phase, number>> = {
  start: 60,
  boot: 300,
  settings: 240,
  partitioning: 180,
  extraction: 600,
  kernel: 600,
  packages: 900,
  updates: 1800,
  'late commands': 900,
  'clean-up': 300,
  shutdown: 180,
  finishing: 1800,
}

/** Emulated, processor work takes about eight times as long, and all of an installation about six times. */
const slowdown = { kvm: 1, tcg: 6 } as const

/** Limits for an accelerator; `stallSeconds` and `deadlineSeconds` are what a person set instead. */
export function installerLimits(
  accelerator: 'kvm' | 'tcg',
  set: {
    readonly stallSeconds?: number | undefined
    readonly deadlineSeconds?: number | undefined
    /** As image.yml says, with KVM; ten times that without. */
    readonly deadlineMinutes?: number
  } = {},
): InstallerLimits {
  const factor = slowdown[accelerator]
  const stall = phases.map((phase) => [phase, (set.stallSeconds ?? silence[phase] * factor) * 1000] as const)
  const minutes =
    set.deadlineMinutes === undefined ? 60 * factor : set.deadlineMinutes * (factor === 1 ? 1 : 10)
  return {
    stallMs: Object.fromEntries(stall) as Record<Phase, number>,
    deadlineMs: (set.deadlineSeconds ?? minutes * 60) * 1000,
    graceMs: 20_000 * factor,
    settleMs: 500,
  }
}
