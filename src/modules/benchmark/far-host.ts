import { posix } from 'node:path'
import type { Workload } from '../../bench/workload-file.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { networkFailure, type Peer } from './peer.ts'
import { removeFolder, scratchFolder } from './scratch-folder.ts'
import { copyTools, sameTools } from './tool-copy.ts'
import { findTools, toolNeeds } from './tools.ts'
import { inTurn } from './turns.ts'

/** Another hypervisor, by the address with which this one and its guests reach it. */
export interface FarHost {
  readonly name: string
  readonly address: string
}

/** The next hypervisor of the play that this one and all of its guests can reach; else why there is none. */
export async function farHost(context: ModuleContext, guests: readonly string[]): Promise<FarHost | string> {
  const reasons: string[] = []
  for (const name of othersInTurn(context)) {
    const found = await reached(context, name, guests)
    if (typeof found !== 'string') return found
    reasons.push(found)
  }
  return reasons.length > 0
    ? reasons.join('; ')
    : `it needs another hypervisor in the play, and there is only ${context.host}`
}

/** Each begins with the one after it, so that a far end serves one hypervisor where all can be reached. */
function othersInTurn(context: ModuleContext): string[] {
  const play = context.variable('ansible_play_hosts')
  const hosts = (Array.isArray(play) ? play : []).filter(
    (name) => typeof name === 'string' && context.hostVar(name, 'hvlab_via') === undefined,
  ) as string[]
  const here = hosts.indexOf(context.host)
  return [...hosts.slice(here + 1), ...hosts.slice(0, Math.max(here, 0))]
}

async function reached(
  context: ModuleContext,
  name: string,
  guests: readonly string[],
): Promise<FarHost | string> {
  const far = context.peer(name)
  try {
    const address = await addressOf(context, name, far)
    const route = await context.run(sh`LC_ALL=C ip -4 route get ${address ?? ''}`)
    if (address === undefined || route.exitCode !== 0) return `${context.host} has no route to ${name}`
    if (/^local /.test(route.stdout)) return `${name} is ${context.host} itself`
    const own = await far.run(sh`LC_ALL=C ip -4 -o addr show to ${address}/32`)
    if (own.exitCode !== 0 || own.stdout.trim() === '')
      return `${name} does not have the address ${address} by which ${context.host} reaches it`
    for (const guest of guests) {
      const way = await context.peer(guest).run(sh`LC_ALL=C ip -4 route get ${address}`)
      if (way.exitCode !== 0) return `${guest} has no route to ${name}`
    }
    return { name, address }
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason !== 'unreachable') throw error
    return `${name} is not reached`
  }
}

/** By its name or address in the inventory; where that is the machine's own loopback, what it would send from to this one. */
async function addressOf(
  context: ModuleContext,
  name: string,
  far: Pick<HostAccess, 'run'>,
): Promise<string | undefined> {
  const told = await resolved(context, nameOf(context, name))
  if (told !== undefined) return told
  const near = await resolved(far, nameOf(context, context.host))
  if (near === undefined) return undefined
  const { stdout } = await far.run(sh`LC_ALL=C ip -4 route get ${near}`)
  return stdout.match(/\bsrc (\d+\.\d+\.\d+\.\d+)\b/)?.[1]
}

const nameOf = (context: ModuleContext, host: string): string =>
  String(context.hostVar(host, 'ansible_host') ?? host)

async function resolved(access: Pick<HostAccess, 'run'>, name: string): Promise<string | undefined> {
  const { stdout } = await access.run(sh`getent ahostsv4 ${name}`)
  const address = stdout.match(/^(\d+\.\d+\.\d+\.\d+)\s/)?.[1]
  return address?.startsWith('127.') === true ? undefined : address
}

/**
 * Makes the far end ready and does the work: a folder of its own there, because the far host's benchmark has one, too, and this
 * hypervisor's build of the programs. The folder is taken away however the work ends. Throws `benchmark-network` and `benchmark-tool-…`.
 */
export async function withFarHost<T>(
  context: ModuleContext,
  { name, address }: FarHost,
  workloads: readonly Workload[],
  work: (peer: Peer) => Promise<T>,
): Promise<T> {
  const access = context.peer(name)
  // The name of the inventory may have any sign in it.
  const folder = `${scratchFolder}-for-${context.host.replaceAll(/[^A-Za-z0-9.-]/g, '_')}`
  const bin = posix.join(folder, 'tools', 'bin')
  try {
    // Not during a trial of the far host.
    await inTurn(context, [name], async () => {
      const made = await access.run(sh`set -e; rm -rf ${folder}; mkdir -m 700 ${folder}`)
      if (made.exitCode !== 0)
        throw networkFailure(`The folder ${folder} cannot be made on ${name}.`, made.stderr)
      const served = toolNeeds(workloads.filter(({ server }) => server !== undefined))
      const tools = await sameTools(access, await findTools(context, context.host, served), bin)
      const copies = tools.filter(({ path }) => path.startsWith(`${bin}/`))
      await copyTools(context, name, copies)
    })
    return await work({ address, access, inside: sh``, folder, host: name })
  } finally {
    await removeFolder(context, { name, access }, folder)
  }
}
