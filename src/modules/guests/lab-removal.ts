import { giveCardBack } from '../../bridges/bridge-steps.ts'
import { knownBridges } from '../../bridges/record.ts'
import { storeOf } from '../../images/deployed-image.ts'
import { dismissAll, hasRelayKeys } from '../../images/relay/relay-key.ts'
import { guestsOn } from '../../images/store.ts'
import { closePort, orphanedPorts } from '../../lab/access/port-forward.ts'
import { removeDeadLock } from '../../lab/host/host-lock.ts'
import { uses } from '../../lab/libvirt/domain-state.ts'
import type { LibvirtState } from '../../lab/libvirt/libvirt-state.ts'
import type { NetworkState } from '../../lab/libvirt/network-xml.ts'
import {
  orphanedFolders,
  refuseNetworkInUse,
  removeFolder,
  removeGuest,
  removeNetwork,
  removeStore,
} from '../../lab/removal.ts'
import type { Change, Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { isOfLab, isOurs, type LabScope, stateOrNothing } from './lab-scope.ts'

/** What goes: of one lab or of all. */
export interface Doomed extends LabScope {
  /** The image store too, unless disks of guests that stay stand on it. */
  readonly images: boolean
}

/** More often than this, somebody makes guests while they are removed. */
const mostRounds = 5

/**
 * Removes, and looks again until nothing is there: commands of a run that was killed may still have been under way
 * when the state was read.
 */
export async function* removeLab(context: ModuleContext, params: Doomed, state: LibvirtState): Steps {
  let found = state
  for (let round = 1; ; round += 1) {
    const removed = yield* removeAll(context, params, found)
    if (removed === 0 || context.check) break
    if (round === mostRounds)
      throw moduleFailure(
        'lab-not-removed',
        `Guests or networks of hvlab’s were made on ${context.host} while they were removed.`,
        'Another run of hvlab is under way: let it end, or interrupt it, and run `hvlab down` again.',
      )
    found = await stateOrNothing(context)
  }
  if (params.images) yield* withoutStore(context, doomedBy(params, state))
  if (params.lab === undefined) yield* withoutRelayKeys(context)
  // Of a run that was killed; no change that people would look for.
  if (!context.check) await context.run(removeDeadLock())
  return { why: 'nothing of hvlab’s is here' }
}

/** Guests before their networks, left-overs of interrupted runs between them; returns how many changes it took. */
async function* removeAll(context: ModuleContext, params: Doomed, state: LibvirtState): Steps<number> {
  let changes = 0
  const remaining = state.domains.filter((domain) => !isOurs(domain.metadata, params))
  const own = state.networks.filter(({ metadata }) => isOurs(metadata, params))
  const doomed = own.filter(({ name }) => !remaining.some((domain) => uses(domain, name)))
  for (const step of removals(params, state, doomed)) {
    yield step
    changes += 1
  }
  for (const network of own) {
    refuseNetworkInUse(network, remaining)
    yield { summary: `remove network ${network.name}`, action: removeNetwork(network) }
    changes += 1
  }
  const others = state.networks.filter(({ metadata }) => !isOurs(metadata, params))
  for (const known of await context.freshFact(knownBridges)) {
    if (known.state !== 'unreadable' && !isOurs(known, params)) continue
    yield* giveCardBack(context, known.bridge, others)
    changes += 1
  }
  return changes
}

function removals(params: Doomed, state: LibvirtState, doomed: readonly NetworkState[]): Change[] {
  // A reservation goes with its network. To take it out, libvirt would load all firewall rules of the network anew.
  const networks = state.networks.filter((network) => !doomed.includes(network))
  return [
    ...state.domains
      .filter(({ metadata }) => isOurs(metadata, params))
      .map((domain) => ({
        summary: `remove guest ${domain.name} with its disk`,
        action: removeGuest(domain, { networks, forwards: state.forwards }),
      })),
    ...orphanedFolders(state)
      .filter((folder) => isOfLab(folder, params))
      .map((folder) => ({
        summary: `remove what an interrupted run left of ${folder}`,
        action: removeFolder(folder),
      })),
    ...orphanedPorts(state.forwards, state.domains)
      .filter(({ domain }) => isOfLab(domain, params))
      .map(({ host, domain }) => ({
        summary: `close port ${host}, ${domain === '' ? 'whose file is damaged' : `which led to ${domain}`}`,
        action: closePort(host),
      })),
  ]
}

/** Of copies of images that were killed. They are the login user's, whoever does the rest. */
async function* withoutRelayKeys(context: ModuleContext): Steps<void> {
  const login = context.peer(context.host)
  const found = await login.run(hasRelayKeys())
  if (found.exitCode === 0)
    yield {
      summary: 'take away keys that an interrupted copy of an image left',
      action: () => login.run(dismissAll()),
    }
}

/** Domains of the guests that go, and of what is left of some; in check mode their disks are there still. */
function doomedBy(params: Doomed, state: LibvirtState): ReadonlySet<string> {
  const own = state.domains.filter(({ metadata }) => isOurs(metadata, params)).map(({ name }) => name)
  return new Set([...own, ...orphanedFolders(state).filter((folder) => isOfLab(folder, params))])
}

/** Without it, disks of other labs' guests, and of those whose metadata somebody changed, are worth nothing. */
async function* withoutStore(context: ModuleContext, doomed: ReadonlySet<string>): Steps<void> {
  const store = storeOf(context)
  const there = await context.run(sh`[ -e ${store} ]`)
  if (there.exitCode !== 0) return
  const guests = (await guestsOn(context, store)).filter((guest) => !doomed.has(guest))
  if (guests.length > 0)
    context.note('warning', `The image store ${store} stays: the disks of ${guests.join(', ')} stand on it.`)
  else yield { summary: `remove the image store ${store}`, action: removeStore(store) }
}
