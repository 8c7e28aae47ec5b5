import { routes } from '../facts/routes.ts'
import { formatAddress, parseAddress, type Subnet, subnetOf } from '../lab/ipv4.ts'
import type { Steps } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { addRules, freeSubnet, makeBridge, missingRules, removeBridge, subnetTaken } from './bridge.ts'
import { hostsOf } from './hosts.ts'
import type { SandboxMachine } from './machine.ts'
import type { SandboxState } from './state.ts'

/** Bridge and rules; also those that a restart of this machine or another firewall took away. */
export async function* networkSteps(
  context: ModuleContext,
  name: string,
  state: SandboxState,
  machine: SandboxMachine,
): Steps<Subnet> {
  const bridge = state.bridges.find(({ sandbox }) => sandbox === name)
  if (bridge !== undefined && bridge.subnet.prefix !== 24)
    yield { summary: `remove the half-made bridge ${bridge.name}`, action: removeBridge([bridge], []) }
  const whole = bridge?.subnet.prefix === 24 ? bridge : undefined
  const former = parseAddress(hostsOf(state, name)[0]?.record.address ?? '')
  let subnet = whole?.subnet ?? (former === undefined ? undefined : subnetOf(former, 24))
  if (whole === undefined) {
    const choose = async () => subnet ?? freeSubnet(await context.freshFact(routes))
    const planned = await choose()
    const made = yield {
      summary: `make a network for the hosts: ${formatAddress(planned.base)}/24, with NAT`,
      action: async () => {
        for (;;) {
          const choice = await choose()
          const { exitCode, stderr } = await context.run(makeBridge(name, choice, machine.mtu))
          if (exitCode === 0) return choice
          if (exitCode === subnetTaken && subnet === undefined) continue
          throw exitCode === subnetTaken ? takenAway(name, choice) : notMade(stderr)
        }
      },
    }
    subnet = (made.value as Subnet | undefined) ?? planned
  }
  if (subnet === undefined) throw new Error('a network without a subnet')
  const rules = missingRules(
    name,
    subnet,
    state.rules.filter(({ sandbox }) => sandbox === name),
  )
  if (rules.length > 0) yield { summary: 'let the hosts reach the outside by NAT', action: addRules(rules) }
  return subnet
}

function takenAway(name: string, { base }: Subnet): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'sandbox-failed',
    message: `The subnet of the sandbox ${name}, ${formatAddress(base)}/24, has been taken by something else.`,
    hint: '`hvlab sandbox down` and `up` make it anew elsewhere.',
  })
}

function notMade(stderr: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'sandbox-failed',
    message: 'The bridge of the hosts could not be made.',
    details: stderr.trim(),
  })
}
