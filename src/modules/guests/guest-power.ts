import type { GuestKey } from '../../lab/access/guest-key.ts'
import { phaseOf } from '../../lab/guest-phase.ts'
import { domainName } from '../../lab/identity.ts'
import type { DomainState } from '../../lab/libvirt/domain-state.ts'
import type { LibvirtState } from '../../lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../lab/libvirt/metadata.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import type { BootSeconds, GuestToStart } from '../../lab/start-guests.ts'
import { startSteps } from '../../lab/start-steps.ts'
import { stopGuest } from '../../lab/stop-guest.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'

/** What libvirt_guest says about how guests are started. */
export interface PowerParams {
  readonly state: 'running' | 'present' | 'paused' | 'stopped' | 'absent'
  readonly wait: boolean
  readonly deadline?: number | undefined
}

/** The guests of a task as far as they have a domain. */
export interface Present {
  readonly created: readonly GuestMetadata[]
  readonly existing: readonly DomainState[]
  readonly state: LibvirtState
  readonly key: GuestKey
}

/** Starts, stops or suspends what is there. */
export async function* inState(
  context: ModuleContext,
  params: PowerParams,
  present: Present,
): Steps<BootSeconds> {
  switch (params.state) {
    case 'present':
    case 'absent':
      return new Map()
    case 'stopped':
      return yield* stop(context, present.existing)
    case 'running':
      yield* resume(present.existing)
      return yield* start(context, params, present)
    case 'paused': {
      const moving = present.existing.filter(({ paused }) => !paused)
      const seconds = yield* start(context, params, { ...present, existing: moving })
      const domains = moving.map(({ name }) => name)
      const created = present.created.map(({ lab, guest }) => domainName(lab, guest))
      for (const name of [...domains, ...created])
        yield { summary: `suspend ${name}`, action: sh`${virsh} suspend ${name} >/dev/null` }
      return seconds
    }
  }
}

async function* resume(existing: readonly DomainState[]): Steps<void> {
  for (const { name, uuid, paused } of existing)
    if (paused) yield { summary: `resume ${name}`, action: sh`${virsh} resume ${uuid} >/dev/null` }
}

/** Starts what does not run, and waits for every guest whose present start has not had a login yet. */
async function* start(context: ModuleContext, params: PowerParams, present: Present): Steps<BootSeconds> {
  const down: GuestToStart[] = [
    ...present.created.map((metadata) => ({ metadata, running: false })),
    ...present.existing.flatMap(({ metadata, running, state }) =>
      metadata && !running ? [{ metadata, running, stoodStill: phaseOf(state) === 'saved' }] : [],
    ),
  ]
  const booting = present.existing.flatMap(({ name, metadata, running, startId, paused }) =>
    metadata && running && (paused || present.state.ready.get(name)?.startId !== startId)
      ? [{ metadata, running, stoodStill: paused }]
      : [],
  )
  return yield* startSteps(context, [...down, ...booting], {
    keyFile: present.key.path,
    wait: params.wait,
    deadlineSeconds: params.deadline,
    cpus: present.state.cpus,
  })
}

async function* stop(context: ModuleContext, existing: readonly DomainState[]): Steps<BootSeconds> {
  for (const domain of existing)
    if (domain.running)
      yield { summary: `shut down ${domain.name}`, action: () => stopGuest(context, domain) }
  return new Map()
}
