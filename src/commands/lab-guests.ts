import type { Failure } from '../model/failure.ts'
import { differenceLines, grouped } from '../util/failure-groups.ts'
import { namesOf } from '../util/host-names.ts'
import { type Answers, answersOf } from './answers.ts'
import type { CommandEnvironment } from './environment.ts'
import { type DamagedGuest, guestsOf, type LabGuest, labAnswerSchema } from './lab-answer.ts'
import { failureLines } from './mistakes.ts'
import { runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

export interface LabGuests {
  readonly guests: readonly LabGuest[]
  /** Guests whose metadata somebody changed, so that nothing can be done with them. */
  readonly damaged: readonly (DamagedGuest & { readonly hypervisor: string })[]
  /** Hosts of which nothing is known. */
  readonly failures: Answers<unknown>['failures']
  readonly exitCode: number
}

/** Machines that may have guests: all that are not guests themselves. */
export const hypervisorPattern = 'all:!guests'

/** Asks every hypervisor of the inventory for its guests; there is no other list. Undefined: the mistakes were printed. */
export async function labGuests(
  options: RunOptions,
  env: CommandEnvironment,
  name: string,
): Promise<LabGuests | undefined> {
  const outcome = await runAdHoc(
    {
      pattern: hypervisorPattern,
      module: 'libvirt_lab',
      params: { state: 'facts' },
      become: true,
      name,
      format: 'silent',
    },
    // A question is asked in check mode too.
    { ...options, check: false },
    env,
  )
  if (outcome === undefined) return undefined
  const { answers, failures, exitCode } = answersOf(outcome, 'libvirt_lab', labAnswerSchema)
  const guests = answers.flatMap(({ host, answer }) => guestsOf(host, answer))
  const damaged = answers.flatMap(({ host, answer }) =>
    answer.damaged.map((domain) => ({ ...domain, hypervisor: host })),
  )
  return { guests, damaged, failures, exitCode }
}

/** Hosts without an answer, for programs. */
export function failureData(failures: Answers<unknown>['failures']) {
  return failures.map(({ host, failure }) => ({
    host: host ?? null,
    code: failure.code,
    message: failure.message,
  }))
}

/** For stderr: which hosts gave no answer, and what to do; the same of several hosts once. */
export function printFailures(
  failures: readonly { readonly host?: string; readonly failure: Failure }[],
): string {
  const ofHosts = failures.flatMap(({ host, failure }) =>
    host === undefined ? [] : [{ stage: '', task: '', host, failure }],
  )
  const others = failures.filter(({ host }) => host === undefined)
  return [
    ...grouped(ofHosts).map((group) => {
      const { failures, hint, message } = group
      const rows = differenceLines(group).map((row) => `\n    ${row}`)
      const failure = { message: `${message}${rows.join('')}`, ...(hint === undefined ? {} : { hint }) }
      return failureLines(failure, namesOf(failures.map(({ host }) => host)))
    }),
    ...others.map(({ failure }) => failureLines(failure)),
  ].join('')
}
