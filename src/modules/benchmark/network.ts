import type { Design } from '../../bench/record.ts'
import type { Workload } from '../../bench/workload-file.ts'
import { uses } from '../../lab/libvirt/domain-state.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { farHost, withFarHost } from './far-host.ts'
import type { MeasuredGuest } from './guests.ts'
import { networkFailure, type Peer, type Peers } from './peer.ts'

const namespace = 'hvlab-bench'
/** Of the block that RFC 2544 keeps for benchmarks of networks. */
const [ownEnd, otherEnd] = ['198.18.0.1', '198.18.0.2']
const inNamespace = sh`ip netns exec ${namespace}`

/** Workloads whose other end cannot be had on this machine: id → why. */
export async function withoutPeer(
  context: ModuleContext,
  workloads: readonly Workload[],
  guests: readonly MeasuredGuest[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  const paths = new Set(workloads.flatMap(({ path }) => path ?? []))
  if (paths.size === 0) return found
  const none = [...paths].some(inNamespaces) ? await noNamespace(context) : undefined
  for (const path of paths) {
    const why = (inNamespaces(path) ? none : undefined) ?? (await noPath(context, path, guests))
    if (why === undefined) continue
    for (const workload of workloads) if (workload.path === path) found.set(workload.id, why)
  }
  return found
}

/** Between two hypervisors neither side needs one. */
const inNamespaces = (path: Workload['path']): boolean => path !== undefined && path !== 'other-host'

/** Natively the other end is a network namespace, joined by a veth pair. Whether one can be made is tried in one that ends with its command. */
async function noNamespace(context: ModuleContext): Promise<string | undefined> {
  const tried = await context.run(
    sh`LC_ALL=C unshare -n ip link add dev hvlab-bench0 type veth peer name hvlab-bench1`,
  )
  if (tried.exitCode === 0) return undefined
  const [said = ''] = tried.stderr.trim().split('\n')
  return `no network namespace can be made (“${said.replace(/\.$/, '')}”)`
}

async function noPath(
  context: ModuleContext,
  path: NonNullable<Workload['path']>,
  guests: readonly MeasuredGuest[],
): Promise<string | undefined> {
  if (path === 'guest') return noOtherGuest(guests)
  if (path === 'other-host') return await noFarHost(context, guests)
  for (const { name } of guests) {
    const own = await ownAddress(context, name)
    if (own === undefined) return `${context.host} has no address on the network of ${name}`
    if (path === 'nat' && (await gatewayOf(context, name)) !== own)
      return `${name} does not reach other networks through ${context.host}`
  }
  return undefined
}

async function noFarHost(
  context: ModuleContext,
  guests: readonly MeasuredGuest[],
): Promise<string | undefined> {
  const found = await farHost(
    context,
    guests.map(({ name }) => name),
  )
  return typeof found === 'string' ? found : undefined
}

function noOtherGuest(guests: readonly MeasuredGuest[]): string | undefined {
  const [only] = guests
  if (guests.length === 1) return `it needs two guests, and there is only ${only?.name}`
  const stranger = guests.find((guest, index) => {
    const next = guests[(index + 1) % guests.length]?.domain ?? guest.domain
    return !guest.domain.interfaces.some(({ network }) => network !== undefined && uses(next, network))
  })
  return stranger === undefined ? undefined : `${stranger.name} and the next guest are not on one network`
}

/** Makes the other ends that the workloads need and does the work. Throws `benchmark-network`. */
export async function withNetwork<T>(
  context: ModuleContext,
  { workloads, subjects }: Design,
  work: (peers: Peers | undefined) => Promise<T>,
): Promise<T> {
  const guests = subjects.filter(({ kind }) => kind === 'guest').map(({ id }) => id)
  const far = workloads.filter(({ path }) => path === 'other-host')
  const near = async (peer?: Peer): Promise<T> => {
    if (workloads.some(({ path }) => inNamespaces(path)))
      return await withNamespace(context, guests, peer, work)
    return await work(peer === undefined ? undefined : () => peer)
  }
  if (far.length === 0) return await near()
  const found = await farHost(context, guests)
  if (typeof found === 'string') throw networkFailure(`There is no other host any more: ${found}.`, '')
  return await withFarHost(context, found, far, near)
}

/**
 * A network namespace on the hypervisor, joined by a veth pair, is another machine without a wire: natively it is the peer, and guests
 * reach it through NAT. What a killed run left is taken away first, and the namespace at the end.
 */
async function withNamespace<T>(
  context: ModuleContext,
  guests: readonly string[],
  far: Peer | undefined,
  work: (peers: Peers) => Promise<T>,
): Promise<T> {
  try {
    const made = await context.run(sh`set -e
ip link del hvlab-bench0 2>/dev/null || :
ip netns del ${namespace} 2>/dev/null || :
ip netns add ${namespace}
ip link add dev hvlab-bench0 type veth peer name hvlab-bench1 netns ${namespace}
ip addr add ${ownEnd}/30 dev hvlab-bench0
ip link set hvlab-bench0 up
${inNamespace} ip link set lo up
${inNamespace} ip addr add ${otherEnd}/30 dev hvlab-bench1
${inNamespace} ip link set hvlab-bench1 up
${inNamespace} ip route add default via ${ownEnd}`)
    if (made.exitCode !== 0)
      throw networkFailure(`The network for the benchmark cannot be made on ${context.host}.`, made.stderr)
    const addresses = new Map<string, string>()
    for (const guest of guests) addresses.set(guest, (await ownAddress(context, guest)) ?? '')
    return await work(peersOf(context, guests, { addresses, far }))
  } finally {
    // The veth pair would go with the namespace, but only some time after: the kernel takes namespaces away behind one's back.
    const gone = sh`ip link del hvlab-bench0; ip netns del ${namespace}`
    await context.run({ ...gone, timeoutMs: 20_000 }, { cleanUp: true })
  }
}

/** `addresses`: the hypervisor's own, as each guest sees it. */
function peersOf(
  context: ModuleContext,
  guests: readonly string[],
  { addresses, far }: { readonly addresses: ReadonlyMap<string, string>; readonly far: Peer | undefined },
): Peers {
  const other: Peer = { address: otherEnd, access: context, inside: inNamespace }
  return ({ path }, { id, kind }) => {
    if (path === 'other-host' && far !== undefined) return far
    if (kind === 'native' || path === 'nat') return other
    if (path === 'host') return { address: addresses.get(id) ?? '', access: context, inside: sh`` }
    const next = guests[(guests.indexOf(id) + 1) % guests.length] ?? id
    return { address: addressOf(context, next), access: context.peer(next), inside: sh`` }
  }
}

const addressOf = (context: ModuleContext, guest: string): string =>
  String(context.hostVar(guest, 'ansible_host') ?? guest)

/** The hypervisor's address on the network of a guest: what it would send from. */
async function ownAddress(context: ModuleContext, guest: string): Promise<string | undefined> {
  const { stdout } = await context.run(sh`ip -4 route get ${addressOf(context, guest)}`)
  return stdout.match(/\bsrc (\d+\.\d+\.\d+\.\d+)\b/)?.[1]
}

/** Whom a guest asks to reach other networks. */
async function gatewayOf(context: ModuleContext, guest: string): Promise<string | undefined> {
  const { stdout } = await context.peer(guest).run(sh`ip -4 route get ${otherEnd}`)
  return stdout.match(/\bvia (\d+\.\d+\.\d+\.\d+)\b/)?.[1]
}
