import { z } from 'zod'
import { reachSchema } from '../lab/access/ssh-command.ts'
import type { Failure } from '../model/failure.ts'
import { type Answers, answersOf } from './answers.ts'
import type { CommandEnvironment } from './environment.ts'
import { failureLines } from './mistakes.ts'
import { runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

/** A guest as its hypervisor's metadata tells. */
const guestSchema = z.object({
  name: z.string(),
  /** Name in the inventory. */
  host: z.string(),
  domain: z.string(),
  address: z.string(),
  state: z.enum(['running', 'paused', 'saved', 'stopped', 'crashed']),
  image: z.string(),
  accelerator: z.object({ type: z.enum(['kvm', 'tcg']), reason: z.string() }),
  lab: z.string(),
  created: z.string(),
  /** Ports of the hypervisor that lead to it. */
  ports: z
    .array(z.object({ address: z.string(), host: z.number(), guest: z.number(), alive: z.boolean() }))
    .default([]),
  /** In what it is no longer what was declared, as sentences. */
  drift: z.array(z.string()).default([]),
  user: z.string(),
  host_key: z.string(),
  key_file: z.string(),
})
const damagedSchema = z.object({ domain: z.string(), fields: z.array(z.string()) })
const resultSchema = z.object({
  guests: z.array(guestSchema),
  hypervisor: reachSchema,
  damaged: z.array(damagedSchema),
})

export type LabGuest = z.output<typeof guestSchema> & {
  readonly hypervisor: string
  readonly reach: z.output<typeof reachSchema>
}

export interface LabGuests {
  readonly guests: readonly LabGuest[]
  /** Guests whose metadata somebody changed, so that nothing can be done with them. */
  readonly damaged: readonly (z.output<typeof damagedSchema> & { readonly hypervisor: string })[]
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
  const { answers, failures, exitCode } = answersOf(outcome, 'libvirt_lab', resultSchema)
  const guests = answers.flatMap(({ host, answer }) => guestsOf(host, answer))
  const damaged = answers.flatMap(({ host, answer }) =>
    answer.damaged.map((domain) => ({ ...domain, hypervisor: host })),
  )
  return { guests, damaged, failures, exitCode }
}

/** The guests in a hypervisor's answer; none in one that cannot be read. */
export function guestsOf(hypervisor: string, data: unknown): LabGuest[] {
  const answer = resultSchema.safeParse(data).data
  if (answer === undefined) return []
  return answer.guests.map((guest) => ({ ...guest, hypervisor, reach: answer.hypervisor }))
}

/** Hosts without an answer, for programs. */
export function failureData(failures: Answers<unknown>['failures']) {
  return failures.map(({ host, failure }) => ({
    host: host ?? null,
    code: failure.code,
    message: failure.message,
  }))
}

/** For stderr: which host gave no answer, and what to do. */
export function printFailures(
  failures: readonly { readonly host?: string; readonly failure: Failure }[],
): string {
  return failures.map(({ host, failure }) => failureLines(failure, host)).join('')
}
