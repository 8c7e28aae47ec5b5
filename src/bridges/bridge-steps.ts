import type { NetworkState } from '../lab/libvirt/network-xml.ts'
import type { Steps } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Diff } from '../model/result.ts'
import { sleep } from '../util/sleep.ts'
import type { BridgePlan } from './bridge-plan.ts'
import { cardFact } from './card-fact.ts'
import { planBridge } from './plan-bridge.ts'
import { bridgeFolder, type KnownBridge, knownBridges } from './record.ts'
import { switchNetwork } from './switch-network.ts'
import { forgetBridge, prepareFolder } from './switch-script.ts'

/** Seconds within which a new login must work after a bridge was taken away. */
const confirmS = 60
/** A switch that another run began is over by then, whatever limit it was given. */
const longestSwitchMs = 11 * 60_000

export interface BridgeOfCard {
  readonly lab: string
  readonly bridge: string
  readonly card: string
  readonly confirmS: number
}

/** Makes a bridge of a network card; nothing when the card is a port of it already, whoever made it. */
export async function* makeBridge(
  context: ModuleContext,
  wanted: BridgeOfCard,
  uuids: readonly [string, string],
): Steps<void> {
  const { lab, bridge, card } = wanted
  const known = await settled(context, bridge)
  const state = await context.freshFact(cardFact, card)
  if (state.master === bridge) return
  if (known?.state === 'made' && known.unchanged) throw notInForce(known, context.host)
  const plan = planBridge(wanted, state, context.host, uuids)
  const record = { lab, bridge, card, service: plan.service }
  yield {
    summary: `make bridge ${bridge} of network card ${card}, in the files of ${plan.service}`,
    diff: diffOf(plan),
    action: async () => {
      const prepared = await context.run(prepareFolder(record, plan))
      if (prepared.exitCode !== 0) throw notWritten(bridge, prepared.stderr)
      await switchNetwork(context, record, 'to-bridge', wanted.confirmS)
    },
  }
}

/**
 * Gives cards back that bridges of hvlab's were made of. Throws when somebody else needs the bridge, or changed its files.
 *
 * @param networks all of libvirt's that stay
 */
export async function* giveCardBack(
  context: ModuleContext,
  bridge: string,
  networks: readonly NetworkState[],
): Steps<void> {
  const known = await settled(context, bridge)
  if (!known) return
  const { card, service } = known
  if (known.state === 'undone') {
    yield { summary: `forget bridge ${bridge}, which nobody confirmed`, action: forgetBridge(bridge) }
    return
  }
  const users = [
    // In check mode the guests that would be gone by now are still plugged in.
    ...(context.check ? [] : known.otherPorts),
    ...networks.filter((network) => network.bridge === bridge).map(({ name }) => `network ${name}`),
  ]
  if (users.length > 0)
    throw failure(
      'bridge-in-use',
      `Bridge ${bridge} of ${context.host} stays: ${users.join(', ')} ${users.length > 1 ? 'use' : 'uses'} it.`,
      'Take these away first; then `hvlab down` gives the card back.',
    )
  if (!known.unchanged)
    throw failure(
      'bridge-config',
      `Bridge ${bridge} of ${context.host} stays: its files (${service}) are not as hvlab wrote them.`,
      `Give ${card} its addresses back by hand, and remove ${bridgeFolder(bridge)} there.`,
    )
  yield {
    summary: `take bridge ${bridge} away and give network card ${card} its addresses back (${service})`,
    action: async () => await switchNetwork(context, known, 'to-card', confirmS),
  }
}

/** The bridge when no change of it is under way: a run that was killed leaves one that ends by itself. */
async function settled(context: ModuleContext, bridge: string): Promise<KnownBridge | undefined> {
  const deadline = performance.now() + longestSwitchMs
  for (;;) {
    const known = (await context.freshFact(knownBridges)).find((one) => one.bridge === bridge)
    if (known?.state === 'broken')
      throw failure(
        'bridge-config',
        `A change of bridge ${bridge} of ${context.host} was cut off by a reboot.`,
        `As root there: \`sh ${bridgeFolder(bridge)}/to-card live\` gives ${known.card} its configuration back; then remove the folder.`,
      )
    if (known?.state === 'unreadable')
      throw failure(
        'bridge-config',
        `The record of bridge ${bridge} of ${context.host} cannot be read, so nobody knows whose it is: ${bridgeFolder(bridge)}/record.json.`,
        `As root there: \`sh ${bridgeFolder(bridge)}/to-card live\` gives its card the configuration back; then remove the folder.`,
      )
    if (known?.state !== 'switching' || performance.now() > deadline) return known
    context.progress({ text: `waiting for a change of bridge ${bridge} that another run began` })
    await sleep(1000, context.signal)
  }
}

/** What is written, without what passwords look like. */
function diffOf({ changes }: BridgePlan): Diff {
  const side = (which: 'before' | 'after') =>
    changes
      .flatMap((change) => {
        const text = change[which]
        return text === undefined ? [] : [`# ${change.path}\n${text.replace(secretLine, '$1 ***')}`]
      })
      .join('\n')
  return { before: side('before'), after: side('after') }
}

const secretLine = /^(.*(?:password|psk|secret|wep-key|private-key)[\w-]*["']?\s*[:=]).*$/gim

function notInForce({ bridge, card, service }: KnownBridge, host: string): FailureError {
  return failure(
    'bridge-config',
    `The files of ${host} (${service}) make ${card} a port of bridge ${bridge}, but it is none.`,
    `Look why ${service} does not do it there; \`hvlab down\` gives the card back.`,
  )
}

function notWritten(bridge: string, stderr: string): FailureError {
  return failure(
    'bridge-config',
    `${bridgeFolder(bridge)} could not be written: ${stderr.trim() || 'unknown error'}.`,
    'Nothing was changed.',
  )
}

function failure(code: string, message: string, hint: string): FailureError {
  return new FailureError({ reason: 'module', code, message, hint })
}
