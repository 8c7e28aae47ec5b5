import { guestKey, newHostKey } from '../lab/access/guest-key.ts'
import { formatAddress, type Subnet } from '../lab/ipv4.ts'
import type { Steps } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { limitOf } from '../util/limit.ts'
import { endBoot } from './boot-end.ts'
import { gatewayOf } from './bridge.ts'
import { bootHost, prepareHost, untilReady } from './host.ts'
import { sandboxFiles } from './label.ts'
import type { SandboxMachine } from './machine.ts'
import type { HostRecord } from './record.ts'
import type { Tree } from './tree.ts'

/** Files of the hosts that are missing, and the list of all hosts' keys. Returns the records of all hosts. */
export async function* hostSteps(
  context: ModuleContext,
  plan: {
    readonly name: string
    readonly missing: readonly { readonly host: string; readonly tree: Tree }[]
    readonly there: readonly HostRecord[]
    readonly subnet: Subnet
    readonly machine: SandboxMachine
  },
): Steps<HostRecord[]> {
  const { name, missing, there, subnet, machine } = plan
  const records = [...there]
  if (missing.length === 0) return records
  const { publicKey: authorizedKey } = await guestKey(context.controller)
  for (const { host, tree } of missing) {
    const hostKey = await newHostKey(context.controller)
    const record: HostRecord = {
      sandbox: name,
      host,
      address: formatAddress(subnet.base + 10 + Number(host.slice('node'.length))),
      host_key: hostKey.publicKey,
      tree: tree.folder,
      created: new Date().toISOString(),
      release: tree.release,
    }
    records.push(record)
    yield {
      summary: `make ${host} (${tree.release}): its files, host key and the login`,
      action: prepareHost({ record, hostKey, authorizedKey, gateway: gatewayOf(subnet), machine }),
    }
  }
  const lines = records.map(({ address, host_key: key }) => `${address} ${key}\n`).join('')
  yield {
    summary: 'write the keys of the hosts down',
    action: {
      upload: new TextEncoder().encode(lines),
      path: sandboxFiles(name).knownHosts,
      options: { mode: 0o644 },
    },
  }
  return records
}

/** As many at once as there are processors: a boot is work for one. */
export async function bootHosts(
  context: ModuleContext,
  records: readonly HostRecord[],
  machine: SandboxMachine,
): Promise<void> {
  const limit = limitOf(Math.max(2, machine.cpus))
  let done = 0
  await Promise.all(
    records.map((record) =>
      limit(async () => {
        await must(context, bootHost(record, machine), `${record.host} could not be started`)
        await untilReady(context, record)
        await endBoot(context, record)
        done += 1
        context.progress({ text: `${record.host} takes logins`, done, total: records.length, unit: 'steps' })
      }),
    ),
  )
}

async function must(
  context: ModuleContext,
  command: Parameters<ModuleContext['run']>[0],
  message: string,
): Promise<void> {
  const { exitCode, stderr } = await context.run(command)
  if (exitCode !== 0)
    throw new FailureError({
      reason: 'module',
      code: 'sandbox-failed',
      message: `${message}.`,
      details: stderr.trim(),
    })
}
