/** What a guest does, in words for people and programs. */
export type GuestPhase = 'running' | 'paused' | 'saved' | 'stopped' | 'crashed'

/**
 * From what `virsh domstate --reason` prints, e.g. `paused (user)` or `shut off (saved)`. A paused guest has a QEMU
 * process that stands still; a saved one has its memory in a file; a crashed one was switched off by its own fault.
 */
export function phaseOf(state: string): GuestPhase {
  const [, what = '', reason = ''] = /^([a-z ]+?)(?: \(([^()]+)\))?$/.exec(state) ?? []
  if (what === 'paused' || what === 'pmsuspended') return 'paused'
  if (what === 'crashed') return 'crashed'
  if (what !== 'shut off') return 'running'
  return reason === 'saved' || reason === 'crashed' ? reason : 'stopped'
}

/** It stands still by no will of a person, and will not go on: the host's disk was full when it wrote, a watchdog fired. */
export function isHalted(state: string): boolean {
  return /^paused \((I\/O error|watchdog|crashed|API error)\)$/.test(state)
}

/** How a sentence about a guest goes on: `guest1 …`. */
export const phaseWords: Readonly<Record<GuestPhase, string>> = {
  running: 'runs',
  paused: 'is paused',
  saved: 'is saved to disk',
  stopped: 'does not run',
  crashed: 'crashed and does not run',
}
