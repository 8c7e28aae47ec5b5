import { z } from 'zod'
import { routes } from '../facts/routes.ts'
import { guestKey, newHostKey } from '../lab/access/guest-key.ts'
import { formatAddress, parseAddress, type Subnet, subnetOf } from '../lab/ipv4.ts'
import type { Steps } from '../model/change.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { endBoot } from '../sandbox/boot-end.ts'
import {
  addRules,
  freeSubnet,
  gatewayOf,
  makeBridge,
  missingRules,
  removeBridge,
  subnetTaken,
} from '../sandbox/bridge.ts'
import { bootHost, prepareHost, untilReady } from '../sandbox/host.ts'
import { hostFiles, sandboxFiles } from '../sandbox/label.ts'
import { requireSandboxMachine, type SandboxMachine, sandboxMachine } from '../sandbox/machine.ts'
import type { HostRecord } from '../sandbox/record.ts'
import { removeHost, removeSandboxFolder, removeTrees } from '../sandbox/removal.ts'
import { namesIn, type SandboxState, sandboxState } from '../sandbox/state.ts'
import { ensureTree, storedTrees, type Tree, wantedTree } from '../sandbox/tree.ts'
import { limitOf } from '../util/limit.ts'
import { counted } from '../util/words.ts'
import { moduleFailure } from './failure.ts'
import { defineModule } from './module.ts'
import { bool, choice, int } from './params.ts'

const wording = 'must be 1 to 30 lower-case letters, digits and dashes'
const params = z.strictObject({
  state: choice(['present', 'absent', 'facts'])
    .default('present')
    .describe('`present` makes and boots hosts, `absent` removes them, `facts` lists them'),
  name: z
    .string({ error: wording })
    .regex(/^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/, { error: wording })
    .optional()
    .describe('Name of the sandbox; default `sandbox`, and for `absent` and `facts`: all of them'),
  hosts: int()
    .pipe(z.number().min(1, { error: 'must be at least 1' }).max(50, { error: 'must be at most 50' }))
    .default(1)
    .describe('How many hosts there should be: node1, node2 …; hosts beyond that number stay'),
  trees: bool().default(false).describe('With `absent`: remove the trees that no host stands on, too'),
})
type Params = z.output<typeof params>

/** Throw-away machines on the machine that it runs on: systemd-nspawn hosts on a bridge of their own. */
export const sandbox = defineModule({
  name: 'sandbox',
  doc: 'Throw-away hosts on one machine, to try roles and labs on: systemd-nspawn containers with systemd, sshd and an address of their own, in which libvirt and emulated guests run. `hvlab sandbox` is this module. They are found by labels that processes, mounts, bridge and rules carry.',
  params,
  returns: {
    hosts: 'a list of sandbox, host, address, state, host_key, created',
    damaged: 'a list of sandbox, host, file, why: hosts that do not run and whose record cannot be read',
    key_file: 'the private key that logs in as root',
    known_hosts: 'file with the keys of the hosts, on that machine',
  },
  async *run(context, params) {
    if (params.state === 'absent') return yield* absent(context, params)
    if (params.state === 'present') return yield* present(context, params.name ?? 'sandbox', params.hosts)
    const state = await context.freshFact(sandboxState)
    const data = await resultData(context, state, params.name)
    return { data, why: counted(data.hosts.length, 'host') }
  },
})

async function* present(context: ModuleContext, name: string, count: number): Steps {
  const machine = await context.freshFact(sandboxMachine)
  requireSandboxMachine(machine)
  const state = await context.freshFact(sandboxState)
  const wanted = Array.from({ length: count }, (_, index) => `node${index + 1}`)
  const there = hostsOf(state, name)
  const tree = await wantedTree(context)
  const missing = wanted.filter((host) => !there.some(({ record }) => record.host === host))
  refuseDamaged(damagedOf(state, name).filter(({ host }) => missing.includes(host)))
  if (missing.length > 0 && !(await storedTrees(context)).includes(tree.key))
    yield {
      summary: 'build the tree of the hosts: Debian 12 from packages',
      action: () => ensureTree(context, tree, context),
    }
  const subnet = yield* withNetwork(context, name, state, machine)
  const records = yield* withFiles(context, {
    name,
    missing,
    there: there.map(({ record }) => record),
    subnet,
    tree,
    machine,
  })
  const idle = records.filter(
    ({ host }) => !there.some(({ record, pid }) => record.host === host && pid !== undefined),
  )
  if (idle.length > 0)
    yield {
      summary: `boot ${idle.map(({ host, address }) => `${host} (${address})`).join(', ')}`,
      action: () => boot(context, idle, machine),
    }
  const after = context.check ? state : await context.freshFact(sandboxState)
  return {
    data: await resultData(context, after, name),
    why: `${there.length === 1 ? 'node1 runs' : `${there.length} hosts run`} already`,
  }
}

/** As many at once as there are processors: a boot is work for one. */
async function boot(
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

/** Bridge and rules; also those that a restart of this machine or another firewall took away. */
async function* withNetwork(
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
          throw moduleFailure(
            'sandbox-failed',
            exitCode === subnetTaken
              ? `The subnet of the sandbox ${name}, ${formatAddress(choice.base)}/24, has been taken by something else.`
              : 'The bridge of the hosts could not be made.',
            exitCode === subnetTaken ? '`hvlab sandbox down` and `up` make it anew elsewhere.' : undefined,
            stderr,
          )
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

async function* withFiles(
  context: ModuleContext,
  plan: {
    readonly name: string
    readonly missing: readonly string[]
    readonly there: readonly HostRecord[]
    readonly subnet: Subnet
    readonly tree: Tree
    readonly machine: SandboxMachine
  },
): Steps<HostRecord[]> {
  const { name, missing, there, subnet, tree, machine } = plan
  const records = [...there]
  if (missing.length === 0) return records
  const { publicKey: authorizedKey } = await guestKey(context.controller)
  for (const host of missing) {
    const hostKey = await newHostKey(context.controller)
    const record: HostRecord = {
      sandbox: name,
      host,
      address: formatAddress(subnet.base + 10 + Number(host.slice('node'.length))),
      host_key: hostKey.publicKey,
      tree: tree.folder,
      created: new Date().toISOString(),
    }
    records.push(record)
    yield {
      summary: `make ${host}: its files, host key and the login`,
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

async function* absent(context: ModuleContext, params: Params): Steps {
  const state = await context.freshFact(sandboxState)
  for (const name of namesIn(state)) {
    if (params.name !== undefined && params.name !== name) continue
    const ofIt = <T extends { readonly sandbox: string }>(all: readonly T[]) =>
      all.filter(({ sandbox }) => sandbox === name)
    const hosts = new Set([
      ...state.processes.filter(({ record }) => record.sandbox === name).map(({ record }) => record.host),
      ...ofIt(state.folders).map(({ host }) => host),
      ...ofIt(state.mounts).map(({ host }) => host),
    ])
    for (const host of [...hosts].sort())
      yield {
        summary: `remove ${host} of ${name}`,
        action: removeHost({
          sandbox: name,
          host,
          processes: state.processes.filter(({ record }) => record.sandbox === name && record.host === host),
          mounts: ofIt(state.mounts)
            .filter((mount) => mount.host === host)
            .map(({ path }) => path),
        }),
      }
    const bridges = ofIt(state.bridges)
    const rules = ofIt(state.rules)
    if (bridges.length + rules.length > 0)
      yield { summary: `remove the network of ${name}`, action: removeBridge(bridges, rules) }
    if (state.sandboxes.includes(name))
      yield { summary: `remove the folder of ${name}`, action: removeSandboxFolder(name) }
  }
  if (params.trees) {
    const now = context.check ? { ...state, folders: [] } : await context.freshFact(sandboxState)
    const used = [...now.folders, ...now.processes].flatMap(({ record }) => record?.tree ?? [])
    // On which tree a damaged host stands is not known.
    const damaged = damagedOf(now, undefined)
    for (const { file } of damaged) context.note('warning', `trees stay because ${file} cannot be read`)
    const idle =
      damaged.length > 0
        ? []
        : (await storedTrees(context)).filter((key) => !used.some((folder) => folder.endsWith(key)))
    if (idle.length > 0)
      yield { summary: 'remove the trees that no host stands on', action: removeTrees(idle) }
  }
  return {
    why: params.name === undefined ? 'there are no sandbox hosts' : `there is nothing of ${params.name}`,
  }
}

interface Host {
  readonly record: HostRecord
  /** Of its systemd-nspawn, while it runs. */
  readonly pid?: string
}

/** Hosts of one sandbox or of all: what runs, and what has files. */
function hostsOf(state: SandboxState, name: string | undefined): Host[] {
  const running = state.processes.map(({ record, pid }) => ({ record, pid }))
  const stopped = state.folders.flatMap(({ record }) =>
    record === undefined || running.some((host) => isSame(host.record, record)) ? [] : [{ record }],
  )
  return [...running, ...stopped]
    .filter(({ record }) => name === undefined || record.sandbox === name)
    .toSorted((a, b) => order(a).localeCompare(order(b)))
}

type DamagedHost = {
  readonly sandbox: string
  readonly host: string
  readonly file: string
  readonly why: string
}

/** Hosts that do not run and whose record cannot be read: neither their address nor their key is known. */
function damagedOf({ folders, processes }: SandboxState, name: string | undefined): DamagedHost[] {
  return folders.flatMap(({ sandbox, host, damage: why }) => {
    const isOther = name !== undefined && sandbox !== name
    const runs = processes.some(({ record }) => record.sandbox === sandbox && record.host === host)
    return why === undefined || isOther || runs
      ? []
      : [{ sandbox, host, file: hostFiles(sandbox, host).record, why }]
  })
}

/** What is on the disk of such a host is somebody's: it is not made anew without being told. */
function refuseDamaged([first, ...others]: readonly DamagedHost[]): void {
  if (first === undefined) return
  const { sandbox, host, file, why } = first
  const more =
    others.length === 0 ? '' : ` The same goes for ${others.map((other) => other.host).join(', ')}.`
  throw moduleFailure(
    'sandbox-record-damaged',
    `The record of the sandbox host ${host} is damaged: ${file}: ${why}.${more}`,
    `\`hvlab sandbox down --name ${sandbox}\` removes the hosts of that sandbox; then \`up\` makes them anew.`,
  )
}

const isSame = (a: HostRecord, b: HostRecord) => a.sandbox === b.sandbox && a.host === b.host
const order = ({ record }: Host) =>
  `${record.sandbox} ${record.host.replace(/\d+$/, (digits) => digits.padStart(3, '0'))}`

async function resultData(context: ModuleContext, state: SandboxState, name: string | undefined) {
  const hosts = hostsOf(state, name).map(({ record, pid }) => ({
    sandbox: record.sandbox,
    host: record.host,
    address: record.address,
    state: pid === undefined ? 'stopped' : 'running',
    host_key: record.host_key,
    created: record.created,
  }))
  const { path } = await guestKey(context.controller)
  return {
    hosts,
    damaged: damagedOf(state, name),
    key_file: path,
    known_hosts: sandboxFiles(name ?? 'sandbox').knownHosts,
  }
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
