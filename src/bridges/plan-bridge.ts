import { FailureError } from '../model/failure.ts'
import type { BridgePlan, Planned, WantedBridge } from './bridge-plan.ts'
import type { Card } from './card-fact.ts'
import { ifupdownPlan } from './ifupdown.ts'
import { netplanPlan } from './netplan.ts'
import { networkManagerPlan } from './network-manager.ts'
import { networkdPlan } from './networkd.ts'

/**
 * How a card becomes a port of a new bridge on this host. Throws what is in the way, before anything is touched.
 *
 * @param host its name, for messages
 * @param uuids of profiles, for NetworkManager
 */
export function planBridge(
  { bridge, card }: Pick<WantedBridge, 'bridge' | 'card'>,
  state: Card,
  host: string,
  uuids: readonly [string, string],
): BridgePlan {
  const { mac } = state
  if (mac === undefined)
    throw unfit(`${host} has no network card ${card}`, `It has: ${state.cards.join(', ') || 'none'}.`)
  if (state.wireless)
    throw unfit(
      `${card} of ${host} is wireless: its access point takes frames of one address only, so guests behind a bridge would hear nothing`,
      'Use mode nat or routed.',
    )
  if (!state.ethernet)
    throw unfit(
      `${card} of ${host} is no Ethernet card`,
      `Its cards are: ${state.cards.join(', ') || 'none'}.`,
    )
  if (state.master !== undefined)
    throw unfit(
      `${card} of ${host} is a port of ${state.master} already`,
      `If ${state.master} is a bridge, set bridge: ${state.master} and leave card out.`,
    )
  if (state.interfaces.includes(bridge))
    throw unfit(
      `${host} has an interface ${bridge} already, and ${card} is not a port of it`,
      'Choose another name for the bridge.',
    )
  const found = planned({ bridge, card, mac }, state, uuids)
  if (found === undefined)
    throw unfit(
      `neither netplan nor NetworkManager, systemd-networkd or ifupdown of ${host} looks after ${card}, so nothing would bring the bridge back after a reboot`,
      `Make the bridge as this host makes its network, and set bridge: ${bridge} without card.`,
    )
  if (found.ok) return found.value
  throw new FailureError({
    reason: 'module',
    code: 'bridge-config',
    message: `The network configuration of ${host} cannot be rewritten: ${found.error}.`,
    hint: `Change it, or make the bridge by hand and set bridge: ${bridge} without card.`,
  })
}

/** netplan first: what it writes for the others is written anew at every boot. */
function planned(wanted: WantedBridge, state: Card, uuids: readonly [string, string]): Planned | undefined {
  if (state.netplan.length > 0) {
    const plan = netplanPlan(wanted, state.netplan, state.networkd?.dhcp ?? [])
    const own = state.networkManager?.file?.path ?? state.networkd?.file.path ?? ''
    if (plan.ok || own.includes('netplan')) return plan
  }
  if (state.networkManager !== undefined) return networkManagerPlan(wanted, state.networkManager, uuids)
  if (state.networkd !== undefined) return networkdPlan(wanted, state.networkd)
  if (state.ifupdown.length > 0) return ifupdownPlan(wanted, state.ifupdown)
  return undefined
}

function unfit(problem: string, hint: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'bridge-card',
    message: `No bridge was made: ${problem}.`,
    hint,
  })
}
