import { styleText } from 'node:util'
import { z } from 'zod'
import { ExitCode } from '../model/exit-code.ts'
import type { Plan } from '../model/plan.ts'
import { guestQuestions } from '../plan/guest-questions.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import { type Answers, answersOf } from './answers.ts'
import type { CommandEnvironment } from './environment.ts'
import type { RunOptions } from './run-options.ts'
import { runPlanHere } from './run-plan.ts'

const needSchema = z.enum(['nothing', 'live', 'restart', 'recreate', 'create', 'remove'])
const guestSchema = z.object({
  name: z.string(),
  host: z.string(),
  domain: z.string(),
  state: z.string().nullable(),
  wanted: z.string(),
  needs: needSchema,
  differences: z.array(z.object({ name: z.string(), text: z.string(), needs: needSchema })),
  drift: z.array(z.string()),
})
const otherSchema = z.object({ name: z.string(), domain: z.string(), state: z.string() })
const answer = z.object({ guests: z.array(guestSchema), others: z.array(otherSchema) })
/** A task in a loop has an answer for each item, or none where it was skipped. */
const answerSchema = z.union([
  answer.transform((one) => [one]),
  z
    .object({ results: z.array(z.union([answer, z.object({ skipped: z.literal(true) })])) })
    .transform(({ results }) => results.filter((one) => 'guests' in one)),
])

type OnHost<T> = T & { readonly hypervisor: string }

/** What the hosts of a plan say of its guests. */
export interface PlanDrift {
  readonly guests: readonly OnHost<z.output<typeof guestSchema>>[]
  /** Guests of the lab that the plan does not declare; it leaves them alone. */
  readonly others: readonly OnHost<z.output<typeof otherSchema>>[]
  readonly failures: Answers<unknown>['failures']
  /** Says whether every host gave an answer, not what it was. */
  readonly exitCode: ExitCode
}

/** Asks the hosts of a plan in what their guests differ from it; changes nothing. */
export async function planDrift(
  plan: Plan,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<PlanDrift> {
  const questions = guestQuestions(plan)
  if (questions === undefined) return { guests: [], others: [], failures: [], exitCode: ExitCode.ok }
  const outcome = await runPlanHere(
    { plan: questions.plan, runId: 'plan', folder: null, format: 'silent' },
    { ...options, check: true },
    env,
  )
  const results = new Map(
    [...outcome.results].map(([host, tasks]) => [
      host,
      new Map([...tasks].filter(([task]) => questions.isAnswer(task))),
    ]),
  )
  const { answers, failures, exitCode } = answersOf(
    { ...outcome, results },
    'libvirt_guest_info',
    answerSchema,
  )
  const parts = answers.flatMap(({ host: hypervisor, answer: all }) =>
    all.map(({ guests, others }) => ({
      guests: guests.map((guest) => ({ ...guest, hypervisor })),
      others: others.map((other) => ({ ...other, hypervisor })),
    })),
  )
  const guests = parts.flatMap((part) => part.guests)
  // A guest that one task does not declare may be another's.
  const known = new Set(guests.map(placeOf))
  const others = new Map(
    parts.flatMap((part) => part.others.map((other) => [placeOf(other), other] as const)),
  )
  return {
    guests: guests.toSorted(byPlace),
    others: [...others.values()].filter((other) => !known.has(placeOf(other))).toSorted(byPlace),
    failures,
    exitCode,
  }
}

type Place = { readonly hypervisor: string; readonly domain: string }

const placeOf = ({ hypervisor, domain }: Place): string => `${hypervisor} ${domain}`

function byPlace(one: Place, other: Place): number {
  return placeOf(one) < placeOf(other) ? -1 : 1
}

const needWords: Readonly<Record<z.output<typeof needSchema>, string>> = {
  nothing: 'nothing',
  live: 'no restart',
  restart: 'a restart',
  recreate: 're-creation',
  create: 'creation',
  remove: 'removal',
}

/** For people: a line for each guest, then each difference with what it takes. */
export function printDrift({ guests, others }: Pick<PlanDrift, 'guests' | 'others'>, color: boolean): string {
  const title = 'Guests, as the hosts say'
  const heading = color ? styleText('bold', title, { validateStream: false }) : title
  if (guests.length === 0) return `${heading}\n  This pipeline declares no guests here.\n`
  const head = ['HOST', 'GUEST', 'STATE', 'WANTED', 'NEEDS', 'DRIFT']
  const rows = guests.map(({ hypervisor, host, state, wanted, needs, drift }) =>
    [
      hypervisor,
      host,
      state ?? 'none',
      wanted,
      needWords[needs],
      drift.length === 0 ? 'none' : String(drift.length),
    ].map(printable),
  )
  const details = guests.flatMap(({ host, differences, drift }) => [
    ...differences.map(({ text, needs }) => `${host}: ${text} (${needWords[needs]})`),
    ...drift.map((text) => `${host}: drift: ${text}`),
  ])
  const strangers = others.map(
    ({ hypervisor, domain, state }) => `${domain} on ${hypervisor} (${state}) is not in this pipeline`,
  )
  const lines = [...textTable(head, rows, 'words'), ...separate([...details, ...strangers].map(printable))]
  return `${[heading, ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')}\n`
}

function separate(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
