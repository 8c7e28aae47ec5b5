import { z } from 'zod'
import { guestKey } from '../../lab/access/guest-key.ts'
import { type ExistingGuest, findGuest } from '../../lab/find-guests.ts'
import { phaseWords } from '../../lab/guest-phase.ts'
import { onlyLab } from '../../lab/lab-name.ts'
import { type LibvirtState, readLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import type { GuestToStart } from '../../lab/start-guests.ts'
import { startSteps } from '../../lab/start-steps.ts'
import { stopGently, switchOff } from '../../lab/stop-guest.ts'
import type { Steps } from '../../model/change.ts'
import type { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, list } from '../params.ts'

const params = z.strictObject({
  guests: list().describe('Names of guests, or of their domains'),
  lab: onlyLab().describe('Only guests of this lab'),
  state: choice(['running', 'stopped', 'restarted', 'paused', 'saved']).describe(
    'What should be true. `paused` keeps the memory in the host’s; `saved` writes it to disk and frees it. `restarted` always acts',
  ),
  force: bool()
    .default(false)
    .describe('`stopped`, `restarted`: switch off at once, and give up memory that was saved to disk'),
  wait: bool().default(true).describe('`running`, `restarted`: wait until an SSH login works'),
  deadline: int()
    .refine((seconds) => seconds >= 1, { error: 'must be at least 1' })
    .optional()
    .describe('Longest wait for the login, or for the guest to be off, seconds; default: by its accelerator'),
})
type Params = z.output<typeof params>

/** Starts, stops, pauses and saves guests that exist. */
export const libvirtGuestState = defineModule({
  name: 'libvirt_guest_state',
  doc: 'Starts, stops, restarts, pauses or saves guests that exist already. They are named; nothing else about them need be said. Domains that hvlab did not make are never touched.',
  params,
  returns: { guests: 'a list of name, domain and the state before' },
  async *run(context, params) {
    const state = await readLibvirt(context, context.host)
    const guests = params.guests.map((name) => findGuest(name, params.lab, state, context.host))
    yield* towards[params.state](context, params, guests, state)
    return {
      data: {
        guests: guests.map(({ metadata, domain, phase }) => ({
          name: metadata.guest,
          domain: domain.name,
          state: phase,
        })),
      },
      why: guests.map(({ metadata, phase }) => `${metadata.guest} ${phaseWords[phase]}`).join(', '),
    }
  },
})

type Towards = (
  context: ModuleContext,
  params: Params,
  guests: readonly ExistingGuest[],
  state: LibvirtState,
) => Steps<void>

const towards: Readonly<Record<Params['state'], Towards>> = {
  running,
  stopped,
  async *restarted(context, params, guests, state) {
    yield* stopped(context, params, guests)
    const off = guests.map((guest) => ({ ...guest, phase: 'stopped' as const }))
    yield* running(context, params, off, state)
  },
  async *paused(_context, _params, guests) {
    for (const guest of guests) {
      mustHaveMemory(guest, 'paused')
      if (guest.phase === 'paused') continue
      if (guest.phase === 'saved') throw notRunning(guest, 'paused', 'Resume it first.')
      yield {
        summary: `pause ${guest.metadata.guest}`,
        action: sh`${virsh} suspend ${guest.domain.uuid} >/dev/null`,
      }
    }
  },
  async *saved(_context, _params, guests) {
    for (const guest of guests) {
      mustHaveMemory(guest, 'saved')
      if (guest.phase === 'saved') continue
      yield {
        summary: `save the memory of ${guest.metadata.guest} to disk and free it`,
        // It runs again when it is resumed, also when it was paused before.
        action: sh`${virsh} managedsave --running ${guest.domain.uuid} >/dev/null`,
      }
    }
  },
}

/**
 * Paused guests go on first; then everything that is off starts, as many at once as the host can boot. One that runs, and whose
 * present start has not had a login yet, is waited for.
 */
async function* running(
  context: ModuleContext,
  params: Params,
  guests: readonly ExistingGuest[],
  state: LibvirtState,
): Steps<void> {
  const key = await guestKey(context.controller)
  const paused = guests.filter(({ phase }) => phase === 'paused')
  for (const { metadata, domain } of paused)
    yield { summary: `resume ${metadata.guest}`, action: sh`${virsh} resume ${domain.uuid} >/dev/null` }
  const off = guests.filter(({ phase }) => phase !== 'paused' && phase !== 'running')
  const booting = guests.filter(
    ({ phase, domain }) => phase === 'running' && state.ready.get(domain.name)?.startId !== domain.startId,
  )
  const toStart = [...paused, ...off, ...booting].map(
    ({ metadata, phase }): GuestToStart => ({
      metadata,
      running: phase === 'paused' || phase === 'running',
      stoodStill: phase === 'paused' || phase === 'saved',
    }),
  )
  yield* startSteps(context, toStart, {
    keyFile: key.path,
    wait: params.wait,
    deadlineSeconds: params.deadline,
    cpus: state.cpus,
  })
}

async function* stopped(
  context: ModuleContext,
  { force, deadline }: Params,
  guests: readonly ExistingGuest[],
): Steps<void> {
  for (const { metadata, domain, phase } of guests) {
    if (phase === 'saved' && force)
      yield {
        summary: `give up the saved memory of ${metadata.guest}`,
        action: sh`${virsh} managedsave-remove ${domain.uuid} >/dev/null`,
      }
    if (phase !== 'running' && phase !== 'paused') continue
    if (force) yield { summary: `switch ${metadata.guest} off`, action: () => switchOff(context, domain) }
    else {
      // One that stands still hears no power button.
      if (phase === 'paused')
        yield { summary: `resume ${metadata.guest}`, action: sh`${virsh} resume ${domain.uuid} >/dev/null` }
      yield {
        summary: `shut ${metadata.guest} down`,
        action: () => stopGently(context, domain, context.host, deadline),
      }
    }
  }
}

function mustHaveMemory(guest: ExistingGuest, wanted: string): void {
  if (guest.phase === 'stopped' || guest.phase === 'crashed')
    throw notRunning(guest, wanted, 'Start it first.')
}

function notRunning({ metadata, phase }: ExistingGuest, wanted: string, hint: string): FailureError {
  return moduleFailure(
    'guest-not-running',
    `Guest ${metadata.guest} ${phaseWords[phase]}, so it cannot be ${wanted}.`,
    hint,
  )
}
