import { z } from 'zod'
import { guestKey } from '../lab/access/guest-key.ts'
import { lockHost, removeDeadLock, sandboxLock } from '../lab/host/host-lock.ts'
import type { Steps } from '../model/change.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { type Release, releaseOf, releases, usualRelease } from '../model/sandbox-release.ts'
import { removeBridge } from '../sandbox/bridge.ts'
import { bootHosts, hostSteps } from '../sandbox/host-steps.ts'
import { damagedOf, type Host, hostsOf, refuseDamaged } from '../sandbox/hosts.ts'
import { namePattern, sandboxFiles } from '../sandbox/label.ts'
import { requireSandboxMachine, sandboxMachine } from '../sandbox/machine.ts'
import { networkSteps } from '../sandbox/network-steps.ts'
import { removeHost, removeSandboxFolder, removeTrees } from '../sandbox/removal.ts'
import { namesIn, type SandboxState, sandboxState } from '../sandbox/state.ts'
import { ensureTree, storedTrees, type Tree, wantedTree } from '../sandbox/tree.ts'
import { counted } from '../util/words.ts'
import { moduleFailure } from './failure.ts'
import { defineModule } from './module.ts'
import { bool, choice, int, list } from './params.ts'

const wording = 'must be 1 to 30 lower-case letters, digits and dashes'
const params = z.strictObject({
  state: choice(['present', 'absent', 'facts'])
    .default('present')
    .describe('`present` makes and boots hosts, `absent` removes them, `facts` lists them'),
  name: z
    .string({ error: wording })
    .regex(namePattern, { error: wording })
    .optional()
    .describe('Name of the sandbox; default `sandbox`, and for `absent` and `facts`: all of them'),
  hosts: int()
    .pipe(z.number().min(1, { error: 'must be at least 1' }).max(50, { error: 'must be at most 50' }))
    .default(1)
    .describe('How many hosts there should be: node1, node2 …; hosts beyond that number stay'),
  release: list()
    .pipe(z.array(choice(releases)).min(1, { error: `must name one of ${releases.join(', ')}` }))
    .optional()
    .describe(
      `What new hosts are: ${releases.join(', ')}; of several, the hosts have them in turns. Default ${usualRelease}`,
    ),
  trees: bool().default(false).describe('With `absent`: remove the trees that no host stands on, too'),
})
type Params = z.output<typeof params>

/** Throw-away machines on the machine that it runs on: systemd-nspawn hosts on a bridge of their own. */
export const sandbox = defineModule({
  name: 'sandbox',
  doc: 'Throw-away hosts on one machine, to try roles and labs on: systemd-nspawn containers with systemd, sshd and an address of their own, in which libvirt and emulated guests run. `hvlab sandbox` is this module. They are found by labels that processes, mounts, bridge and rules carry.',
  params,
  returns: {
    hosts: 'a list of sandbox, host, release, address, state, host_key, created',
    damaged: 'a list of sandbox, host, file, why: hosts that do not run and whose record cannot be read',
    key_file: 'the private key that logs in as root',
    known_hosts: 'file with the keys of the hosts, on that machine',
  },
  async *run(context, params) {
    if (params.state === 'absent') return yield* absent(context, params)
    if (params.state === 'present') return yield* present(context, params)
    const state = await context.freshFact(sandboxState)
    const data = await resultData(context, state, params.name)
    return { data, why: counted(data.hosts.length, 'host') }
  },
})

async function* present(context: ModuleContext, params: Params): Steps {
  const { name = 'sandbox', hosts: count, release = [usualRelease] } = params
  await using _lock = await lockHost(context, 'changes sandbox hosts', sandboxLock)
  const machine = await context.freshFact(sandboxMachine)
  requireSandboxMachine(machine)
  const state = await context.freshFact(sandboxState)
  const wanted = Array.from({ length: count }, (_, index) => `node${index + 1}`)
  const there = hostsOf(state, name)
  if (params.release !== undefined) sayOtherReleases(context, there, wanted, release)
  const absent = wanted.filter((host) => !there.some(({ record }) => record.host === host))
  refuseDamaged(damagedOf(state, name).filter(({ host }) => absent.includes(host)))
  const missing: { host: string; tree: Tree }[] = []
  for (const host of absent) missing.push({ host, tree: await wantedTree(context, releaseOf(host, release)) })
  yield* treeSteps(
    context,
    missing.map(({ tree }) => tree),
  )
  const subnet = yield* networkSteps(context, name, state, machine)
  const records = yield* hostSteps(context, {
    name,
    missing,
    there: there.map(({ record }) => record),
    subnet,
    machine,
  })
  const idle = records.filter(
    ({ host }) => !there.some(({ record, pid }) => record.host === host && pid !== undefined),
  )
  if (idle.length > 0)
    yield {
      summary: `boot ${idle.map(({ host, address }) => `${host} (${address})`).join(', ')}`,
      action: () => bootHosts(context, idle, machine),
    }
  const after = context.check ? state : await context.freshFact(sandboxState)
  return {
    data: await resultData(context, after, name),
    why: `${there.length === 1 ? 'node1 runs' : `${there.length} hosts run`} already`,
  }
}

/** A host stays what it is: what is on its disk is somebody's. */
function sayOtherReleases(
  context: ModuleContext,
  there: readonly Host[],
  wanted: readonly string[],
  release: readonly Release[],
): void {
  const others = there.filter(
    ({ record }) => wanted.includes(record.host) && record.release !== releaseOf(record.host, release),
  )
  if (others.length > 0)
    context.note(
      'warning',
      `${others.map(({ record }) => `${record.host} (${record.release})`).join(', ')}: stays as it was made; \`hvlab sandbox down\` first makes it anew`,
    )
}

async function* treeSteps(context: ModuleContext, trees: readonly Tree[]): Steps<void> {
  const stored = trees.length > 0 ? await storedTrees(context) : []
  const missing = new Map(trees.filter(({ key }) => !stored.includes(key)).map((tree) => [tree.key, tree]))
  for (const tree of missing.values())
    yield {
      summary: `build the tree of ${tree.release} from packages`,
      action: () => ensureTree(context, tree, context),
    }
}

/** More often than this, somebody makes hosts while they are removed. */
const mostRounds = 5

/**
 * Removes, and looks again until nothing is there: commands of a run that was killed may still have been under way when the state
 * was read.
 */
async function* absent(context: ModuleContext, params: Params): Steps {
  for (let round = 1; ; round += 1) {
    const removed = yield* removeHosts(context, params.name)
    if (removed === 0 || context.check) break
    if (round === mostRounds)
      throw moduleFailure(
        'sandbox-failed',
        'Sandbox hosts were made while they were removed.',
        'Another run of hvlab is under way: let it end, or interrupt it, and run `hvlab sandbox down` again.',
      )
  }
  if (params.trees) yield* removeIdleTrees(context)
  // Of a run that was killed; no change that people would look for.
  if (!context.check) await context.run(removeDeadLock(sandboxLock))
  return {
    why: params.name === undefined ? 'there are no sandbox hosts' : `there is nothing of ${params.name}`,
  }
}

/** Of one sandbox or of all; returns how many changes it took. */
async function* removeHosts(context: ModuleContext, only: string | undefined): Steps<number> {
  let changes = 0
  const state = await context.freshFact(sandboxState)
  for (const name of namesIn(state)) {
    if (only !== undefined && only !== name) continue
    const ofIt = <T extends { readonly sandbox: string }>(all: readonly T[]) =>
      all.filter(({ sandbox }) => sandbox === name)
    const hosts = new Set([
      ...state.processes.filter(({ record }) => record.sandbox === name).map(({ record }) => record.host),
      ...ofIt(state.folders).map(({ host }) => host),
      ...ofIt(state.mounts).map(({ host }) => host),
    ])
    for (const host of [...hosts].sort()) {
      changes += 1
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
    }
    const bridges = ofIt(state.bridges)
    const rules = ofIt(state.rules)
    if (bridges.length + rules.length > 0) {
      changes += 1
      yield { summary: `remove the network of ${name}`, action: removeBridge(bridges, rules) }
    }
    if (state.sandboxes.includes(name)) {
      changes += 1
      yield { summary: `remove the folder of ${name}`, action: removeSandboxFolder(name) }
    }
  }
  return changes
}

async function* removeIdleTrees(context: ModuleContext): Steps<void> {
  const state = await context.freshFact(sandboxState)
  const now = context.check ? { ...state, folders: [] } : state
  const used = [...now.folders, ...now.processes].flatMap(({ record }) => record?.tree ?? [])
  // On which tree a damaged host stands is not known.
  const damaged = damagedOf(now, undefined)
  for (const { file } of damaged) context.note('warning', `trees stay because ${file} cannot be read`)
  const idle =
    damaged.length > 0
      ? []
      : (await storedTrees(context)).filter((key) => !used.some((folder) => folder.endsWith(key)))
  if (idle.length > 0) yield { summary: 'remove the trees that no host stands on', action: removeTrees(idle) }
}

async function resultData(context: ModuleContext, state: SandboxState, name: string | undefined) {
  const hosts = hostsOf(state, name).map(({ record, pid }) => ({
    sandbox: record.sandbox,
    host: record.host,
    address: record.address,
    state: pid === undefined ? 'stopped' : 'running',
    release: record.release,
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
