import { z } from 'zod'
import { guestKey } from '../../lab/access/guest-key.ts'
import { type ExistingGuest, existingGuests, findGuest } from '../../lab/find-guests.ts'
import { guestDefinition } from '../../lab/guest-disks.ts'
import { onlyLab } from '../../lab/lab-name.ts'
import { type LibvirtState, readLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import { type Snapshot, snapshotFailure, snapshots, snapshotXml } from '../../lab/snapshots.ts'
import { startSteps } from '../../lab/start-steps.ts'
import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { suggestion } from '../../util/did-you-mean.ts'
import { sh } from '../../util/sh.ts'
import { counted } from '../../util/words.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, list, parameters, text } from '../params.ts'

const params = parameters({
  guests: list().default([]).describe('Names of guests, or of their domains; none with `facts`: all of them'),
  lab: onlyLab().describe('Only guests of this lab'),
  name: z
    .string({ error: 'must be text' })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
      error: 'must be 1 to 64 letters, digits, dots, dashes and underscores',
    })
    .optional()
    .describe('Name of the snapshot; needed but with `facts`'),
  state: choice(['present', 'absent', 'reverted', 'facts'])
    .default('present')
    .describe('`reverted` takes the guest back to the snapshot, which loses what came after. It always acts'),
  description: text().default('').describe('For people; of a new snapshot'),
  running: bool()
    .default(false)
    .describe('`reverted`: start the guest when the snapshot is of its disk alone'),
  wait: bool().default(true).describe('`reverted`: wait until an SSH login works in a guest that runs'),
  deadline: int().optional().describe('Longest wait for the login, seconds; default: by the accelerator'),
})
type Params = z.output<typeof params>

/** Moments of a guest to go back to. */
export const libvirtSnapshot = defineModule({
  name: 'libvirt_snapshot',
  doc: 'Makes, lists, reverts to and deletes snapshots of guests: disks and, of a guest that runs or is paused, its memory. They are kept inside the guest’s own qcow2 disks, so images below are never touched, and go with the guest.',
  params,
  returns: { snapshots: 'a list of guest, domain, name, description, created, memory, parent, current' },
  async *run(context, params) {
    const state = await readLibvirt(context, context.host)
    const guests =
      params.state === 'facts' && params.guests.length === 0
        ? existingGuests(state, params.lab)
        : params.guests.map((name) => findGuest(name, params.lab, state, context.host))
    const known = new Map<ExistingGuest, readonly Snapshot[]>()
    for (const guest of guests) known.set(guest, await context.freshFact(snapshots, guest.domain.uuid))
    if (params.state === 'facts') return facts(known)
    const { name } = params
    if (name === undefined) throw moduleFailure('invalid-parameter', 'libvirt_snapshot: needs name')
    for (const [guest, existing] of known)
      yield* towards[params.state](context, { ...params, name, guest, existing, state })
    const names = guests.map(({ metadata }) => metadata.guest).join(', ')
    return { why: `${names} ${params.state === 'present' ? 'has' : 'has no'} snapshot ${name}` }
  },
})

interface Wanted extends Omit<Params, 'state'> {
  readonly name: string
  readonly guest: ExistingGuest
  readonly existing: readonly Snapshot[]
  readonly state: LibvirtState
}

const towards: Readonly<
  Record<Exclude<Params['state'], 'facts'>, (context: ModuleContext, wanted: Wanted) => Steps<void>>
> = {
  async *present(context, { guest, name, description, existing }) {
    if (existing.some((snapshot) => snapshot.name === name)) return
    mustNotBeSaved(guest, context.host)
    const definition = await context.freshFact(guestDefinition, guest.domain.uuid)
    const raw = definition?.disks.find(({ readOnly, format }) => !readOnly && format !== 'qcow2')
    if (raw)
      throw moduleFailure(
        'snapshot-failed',
        `Guest ${guest.metadata.guest} on ${context.host} cannot have snapshots: its disk ${raw.target} is ${raw.format}, not qcow2.`,
        'Make the guest with qcow2 disks, or clone it instead.',
      )
    const memory = guest.domain.running ? 'disk and memory' : 'disk'
    yield {
      summary: `make snapshot ${name} of ${guest.metadata.guest}: ${memory}`,
      action: () =>
        must(context, guest, `make snapshot ${name}`, {
          ...sh`${virsh} snapshot-create ${guest.domain.uuid} /dev/stdin >/dev/null`,
          stdin: snapshotXml(name, description),
        }),
    }
  },
  async *absent(context, { guest, name, existing }) {
    if (!existing.some((snapshot) => snapshot.name === name)) return
    yield {
      summary: `delete snapshot ${name} of ${guest.metadata.guest}`,
      action: () =>
        must(
          context,
          guest,
          `delete snapshot ${name}`,
          sh`${virsh} snapshot-delete ${guest.domain.uuid} --snapshotname ${name} >/dev/null`,
        ),
    }
  },
  async *reverted(context, wanted) {
    const { guest, name, existing, running } = wanted
    const snapshot = existing.find((candidate) => candidate.name === name)
    if (!snapshot) throw unknownSnapshot(wanted, context.host)
    mustNotBeSaved(guest, context.host)
    yield {
      summary: `take ${guest.metadata.guest} back to snapshot ${name} of ${snapshot.created}`,
      action: () =>
        must(
          context,
          guest,
          `load snapshot ${name}`,
          sh`${virsh} snapshot-revert ${guest.domain.uuid} --snapshotname ${name} ${snapshot.memory ? ['--running'] : []}`,
        ),
    }
    if (!snapshot.memory && !running) return
    const toStart = { metadata: guest.metadata, running: snapshot.memory, stoodStill: snapshot.memory }
    const key = await guestKey(context.controller)
    yield* startSteps(context, [toStart], {
      keyFile: key.path,
      wait: wanted.wait,
      deadlineSeconds: wanted.deadline,
      cpus: wanted.state.cpus,
    })
  },
}

function facts(known: ReadonlyMap<ExistingGuest, readonly Snapshot[]>) {
  const all = [...known].flatMap(([{ metadata, domain }, list]) =>
    list.map((snapshot) => ({ guest: metadata.guest, domain: domain.name, ...snapshot })),
  )
  return { data: { snapshots: all }, why: counted(all.length, 'snapshot') }
}

/** Its disk without its memory is a machine whose power failed, and memory without its disk destroys the file system. */
function mustNotBeSaved({ metadata, phase }: ExistingGuest, host: string): void {
  if (phase !== 'saved') return
  throw moduleFailure(
    'guest-not-running',
    `Guest ${metadata.guest} on ${host} is saved to disk; its disk and its saved memory belong together.`,
    'Resume it first; or give the saved memory up (`hvlab stop --force`).',
  )
}

function unknownSnapshot({ guest, name, existing }: Wanted, host: string): FailureError {
  const names = existing.map((snapshot) => snapshot.name)
  return moduleFailure(
    'snapshot-not-found',
    `Guest ${guest.metadata.guest} on ${host} has no snapshot ${name}.`,
    suggestion(name, names) ?? (names.length > 0 ? `It has: ${names.join(', ')}.` : 'It has none.'),
  )
}

async function must(
  context: ModuleContext,
  { metadata }: ExistingGuest,
  doing: string,
  command: Command,
): Promise<void> {
  const { exitCode, stderr } = await context.run(command)
  if (exitCode !== 0) throw new FailureError(snapshotFailure(doing, metadata.guest, context.host, stderr))
}
