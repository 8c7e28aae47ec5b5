import { z } from 'zod'
import { ExitCode } from '../../model/exit-code.ts'
import { defined } from '../../util/defined.ts'
import { printable } from '../../util/printable.ts'
import { textTable } from '../../util/text-table.ts'
import { answersOf } from '../answers.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { LabGuest } from '../lab-answer.ts'
import { hypervisorPattern, labGuests, printFailures } from '../lab-guests.ts'
import { printData } from '../print-data.ts'
import { runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'
import { age } from '../status.ts'
import { actOnGuests } from './act-on-guests.ts'
import { chosenGuest } from './choose-guest.ts'

export interface SnapshotOptions extends RunOptions {
  readonly description?: string
  /** After a revert to a snapshot of the disk alone. */
  readonly start?: boolean
  readonly wait?: boolean
  readonly patience?: number
}

/** `hvlab snapshot create|revert|delete GUEST NAME`. */
export async function snapshotCommand(
  state: 'present' | 'reverted' | 'absent',
  guest: string,
  name: string | undefined,
  options: SnapshotOptions,
  env: CommandEnvironment,
): Promise<number> {
  const found = await chosenGuest(guest, 'snapshot', options, env)
  if (typeof found === 'number') return found
  const { description, start: running, wait, patience: deadline } = options
  const params = defined({ state, name: name ?? timeName(new Date()), description, running, wait, deadline })
  const action = {
    name: `snapshot ${verbs[state]}`,
    module: 'libvirt_snapshot',
    params,
    format: options.format,
  }
  return await actOnGuests([found], action, options, env)
}

const verbs = { present: 'create', reverted: 'revert', absent: 'delete' } as const

const listSchema = z.object({
  snapshots: z.array(
    z.object({
      guest: z.string(),
      domain: z.string(),
      name: z.string(),
      description: z.string(),
      created: z.string(),
      memory: z.boolean(),
      parent: z.string().nullable(),
      current: z.boolean(),
    }),
  ),
})
type Listed = z.output<typeof listSchema>['snapshots'][number] & { readonly host: string }

/** `hvlab snapshot list [GUEST]`: a table, or with `--format json` `{snapshots}`. */
export async function snapshotListCommand(
  name: string | undefined,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<number> {
  const only = name === undefined ? undefined : await chosenGuest(name, 'snapshot', options, env)
  if (typeof only === 'number') return only
  const guests = only === undefined ? (await labGuests(options, env, 'snapshot'))?.guests : [only]
  if (guests === undefined) return ExitCode.usage
  const outcome = await runAdHoc(
    {
      pattern: only?.hypervisor ?? hypervisorPattern,
      module: 'libvirt_snapshot',
      params: { state: 'facts', guests: only === undefined ? [] : [only.domain] },
      become: true,
      name: 'snapshot',
      format: 'silent',
    },
    { ...options, check: false },
    env,
  )
  if (outcome === undefined) return ExitCode.usage
  const { answers, failures, exitCode } = answersOf(outcome, 'libvirt_snapshot', listSchema)
  env.stderr(printFailures(failures))
  const listed = answers.flatMap(({ host: hypervisor, answer }) =>
    answer.snapshots.map((snapshot) => ({
      ...snapshot,
      host: hostOf(guests, hypervisor, snapshot.domain),
    })),
  )
  if (!printData({ snapshots: listed }, options, env))
    env.stdout(listed.length > 0 ? snapshotTable(listed, new Date()) : 'There are no snapshots.\n')
  return exitCode
}

export function snapshotTable(snapshots: readonly Listed[], now: Date): string {
  const head = ['GUEST', 'SNAPSHOT', 'OF', 'AGE', 'PARENT', 'DESCRIPTION']
  const rows = snapshots.map(({ host, name, memory, created, parent, current, description }) =>
    [
      host,
      current ? `${name} *` : name,
      memory ? 'disk and memory' : 'disk',
      age(created, now),
      parent ?? '-',
      description,
    ].map((cell) => printable(cell).replaceAll('\n', ' ')),
  )
  return `${textTable(head, rows, 'words').join('\n')}\n`
}

function hostOf(guests: readonly LabGuest[], hypervisor: string, domain: string): string {
  return guests.find((guest) => guest.hypervisor === hypervisor && guest.domain === domain)?.host ?? domain
}

/** `20260101-120000`, UTC. */
function timeName(now: Date): string {
  return now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
}
