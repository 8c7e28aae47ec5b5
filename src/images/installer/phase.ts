import type { InstallerEvent } from './installer-event.ts'

/** The phases of an installation in the order in which they are reached; updates and late commands may be absent. */
export const phases = [
  'start',
  'boot',
  'settings',
  'partitioning',
  'extraction',
  'kernel',
  'packages',
  'updates',
  'late commands',
  'clean-up',
  'shutdown',
  'finishing',
] as const

export type Phase = (typeof phases)[number]

/**
 * Parts of the names of events that tell a phase: a layer's own, and subiquity's (20.04.4 to 24.04); curtin's own events are children of
 * `run_curtin_step`. Names that tell nothing belong to the phase that is under way.
 */
const signs: readonly (readonly [RegExp, Phase])[] = [
  [/^hvlab\/Layer\/network$/, 'settings'],
  [/^hvlab\/Layer\/disk$/, 'partitioning'],
  [/^hvlab\/Layer\/packages\//, 'packages'],
  [/^hvlab\/Layer\/updates$/, 'updates'],
  [/^hvlab\/Layer\/clean-up$/, 'clean-up'],
  [/^hvlab\/Layer\/shutdown$/, 'shutdown'],
  [/^subiquity\/(Shutdown|Reboot)\//, 'shutdown'],
  [/^subiquity\/Late\//, 'late commands'],
  [/\/run_unattended_upgrades\b/, 'updates'],
  [/\/(postinstall|install_package|install_[a-z0-9+.-]+|final_system_configuration)(\/|$)/, 'packages'],
  [/\/(stage-curthooks|cmd-curthooks|curthooks)(\/|$)/, 'kernel'],
  [/\/(stage-extract|cmd-extract)(\/|$)/, 'extraction'],
  [/\/(stage-partitioning|cmd-block-meta)(\/|$)/, 'partitioning'],
  [/^subiquity\//, 'settings'],
]

/** The phase after an event: an installation never goes back. */
export function phaseAfter(current: Phase, event: InstallerEvent): Phase {
  const told = signs.find(([pattern]) => pattern.test(event.name))?.[1]
  return told !== undefined && phases.indexOf(told) > phases.indexOf(current) ? told : current
}
