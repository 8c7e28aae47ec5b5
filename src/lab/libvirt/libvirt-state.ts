import { defineFact } from '../../facts/fact.ts'
import { routes } from '../../facts/routes.ts'
import { readSections, sections } from '../../facts/sections.ts'
import { count, lines } from '../../facts/text.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { err, ok, type Result } from '../../util/result.ts'
import { script, sh } from '../../util/sh.ts'
import { type KnownForward, listForwards, readForwards } from '../access/port-forward.ts'
import { guestsFolder } from '../guest-files.ts'
import { parseAddress, parseSubnet } from '../ipv4.ts'
import type { Route, UsedSubnets } from '../network-plan.ts'
import { type DomainState, inactiveMark, parseDomainState } from './domain-state.ts'
import { libvirtAbsence, libvirtFailure } from './libvirt-failure.ts'
import { type NetworkState, parseNetworkState } from './network-xml.ts'
import { virsh } from './virsh.ts'

/** Everything that libvirt on one host says and hvlab needs: networks, domains, and hvlab's own folders. */
export interface LibvirtState {
  readonly networks: readonly NetworkState[]
  readonly domains: readonly DomainState[]
  readonly cpus: number
  /** Network interfaces by name. */
  readonly interfaces: readonly string[]
  /** Those of them that are bridges. */
  readonly bridges: readonly string[]
  /** Names of the folders of guests: without a domain of that name it is a left-over of an interrupted run. */
  readonly folders: readonly string[]
  /** Ports of this host that lead to guests. */
  readonly forwards: readonly KnownForward[]
  /** By the domain's name. */
  readonly ready: ReadonlyMap<string, FirstLogin>
}

/** A start of a domain in which a login worked. */
export interface FirstLogin {
  readonly startId: string
  /** From `virsh start`; null where hvlab did not see both, and of a guest that an older hvlab started. */
  readonly seconds: number | null
}

/** libvirt's own, of domains that run. */
const pidFiles = '/run/libvirt/qemu'

/**
 * One command and two `virsh` processes for any number of domains: a list of UUIDs, then one batch over them. UUIDs,
 * because names may hold anything. `virsh echo` prints no newline, so markers are found anywhere.
 */
export const libvirtState = defineFact<[], Result<LibvirtState, string>>({
  name: 'libvirt-state',
  command: () =>
    sections({
      libvirt: sh`{ ${readEverything} ; } 2>&1; echo "exit $?"`,
      cpus: sh`getconf _NPROCESSORS_ONLN`,
      interfaces: sh`ls /sys/class/net`,
      bridges: sh`for b in /sys/class/net/*/bridge; do [ ! -e "$b" ] || { b=\${b%/bridge}; echo "\${b##*/}"; }; done`,
      folders: sh`ls ${guestsFolder}`,
      forwards: listForwards,
      ready: firstLogins,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const answer = section('libvirt')
    if (!/^exit 0$/m.test(answer.slice(answer.lastIndexOf('exit '))))
      return err(answer.replace(/\n?exit \d+$/, ''))
    const objects = [
      ...answer.matchAll(
        /<<(network|domain) [0-9a-f-]{36}>>([\s\S]*?)(?=<<(?:network|domain) [0-9a-f-]{36}>>|$)/g,
      ),
    ]
    const of = (kind: string) => objects.filter((found) => found[1] === kind).map((found) => found[2] ?? '')
    return ok({
      networks: of('network').flatMap((text) => parseNetworkState(text) ?? []),
      domains: of('domain').flatMap((text) => parseDomainState(text) ?? []),
      cpus: count(section('cpus')) ?? 1,
      interfaces: lines(section('interfaces')),
      bridges: lines(section('bridges')),
      folders: lines(section('folders')),
      forwards: readForwards(section('forwards')),
      ready: new Map(lines(section('ready')).map(readyEntry)),
    })
  },
})

/**
 * The ids of domains begin anew with libvirt's daemon and with the host, so an id may be that of an older start. libvirt
 * writes a domain's pid file when it starts: a login before that was in another one.
 */
const firstLogins = sh`cd ${guestsFolder} && for f in */ready; do
  pid=${pidFiles}/\${f%/ready}.pid
  [ ! -e "$f" ] || { [ -e "$pid" ] && [ ! "$f" -nt "$pid" ]; } || printf '%s %s\n' "$(cat "$f")" "$f"
done`

const readEverything = sh`ids=$(${virsh} 'net-list --all --uuid; echo " , "; list --all --uuid') || { printf '%s\n' "$ids"; (exit 1); } && {
batch= kind=network
for id in $ids; do
  case $kind$id in
    *,) kind=domain ;;
    network*) batch="$batch; echo '<<network $id>>'; net-info $id; net-dumpxml $id; net-dhcp-leases $id" ;;
    domain*) batch="$batch; echo '<<domain $id>>'; domstate --reason $id; dumpxml $id; echo '${script(inactiveMark)}'; dumpxml --inactive $id" ;;
  esac
done
[ -z "$batch" ] || ${virsh} "\${batch#; }" 2>/dev/null || :
}`

/** `7 31.4 hvlab-guest1/ready`; `7 hvlab-guest1/ready`; `- 7 31.4 hvlab-guest1/ready`: what runs was changed since. */
function readyEntry(line: string): [string, FirstLogin] {
  const [, doubt, id = '', seconds, path = ''] =
    /^(- )?(\S*)(?: (\d{1,6}(?:\.\d+)?))? (\S*)$/.exec(line) ?? []
  const startId = doubt === undefined ? id : ''
  return [path.replace(/\/ready$/, ''), { startId, seconds: seconds === undefined ? null : Number(seconds) }]
}

/** Reads the state afresh. Throws what is wrong with libvirt and what to do about it. */
export async function readLibvirt(access: HostAccess, host: string): Promise<LibvirtState> {
  const state = await access.freshFact(libvirtState)
  if (state.ok) return state.value
  throw new FailureError(libvirtFailure(host, state.error))
}

/**
 * The same for a module that makes networks or guests. In check mode the role that brings libvirt was only shown, so a
 * host without libvirt is one that has nothing yet.
 */
export async function readLibvirtOrNone(context: ModuleContext): Promise<LibvirtState> {
  const state = await context.freshFact(libvirtState)
  if (state.ok) return state.value
  if (!context.check || libvirtAbsence(state.error) === undefined)
    throw new FailureError(libvirtFailure(context.host, state.error))
  context.note(
    'info',
    `libvirt does not run on ${context.host} yet; shown is what a host without guests gets.`,
  )
  return noLibvirt
}

/** What a host without libvirt has. */
export const noLibvirt: LibvirtState = {
  networks: [],
  domains: [],
  cpus: 1,
  interfaces: [],
  bridges: [],
  folders: [],
  forwards: [],
  ready: new Map(),
}

/** Which subnets the host uses: its routes, and the networks that libvirt runs or will run. */
export async function usedSubnets(access: HostAccess, state: LibvirtState): Promise<UsedSubnets> {
  const found = await access.freshFact(routes)
  return {
    routes: found.flatMap(({ destination, device }): Route[] => {
      const alone = parseAddress(destination)
      const subnet = alone === undefined ? parseSubnet(destination) : { base: alone, prefix: 32 }
      return subnet ? [{ subnet, device }] : []
    }),
    networks: state.networks,
  }
}
