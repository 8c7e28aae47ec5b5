import { defineFact } from '../facts/fact.ts'
import { list, record, text } from '../facts/json.ts'
import { readSections, sections } from '../facts/sections.ts'
import { lines } from '../facts/text.ts'
import { parseAddress, type Subnet, subnetOf } from '../lab/ipv4.ts'
import { sh } from '../util/sh.ts'
import { hostOf, hostsFolder, namePattern, type Place, placeOf, sandboxOf } from './label.ts'
import { type HostRecord, parseRecord, recordIn } from './record.ts'

/** Everything of sandboxes on this machine, by the labels that it carries. */
export interface SandboxState {
  readonly processes: readonly HostProcess[]
  readonly mounts: readonly (Place & { readonly path: string })[]
  readonly bridges: readonly SandboxBridge[]
  readonly rules: readonly FirewallRule[]
  /** Folders of hosts. */
  readonly folders: readonly HostFolder[]
  /** Folders of sandboxes, also of those without hosts. */
  readonly sandboxes: readonly string[]
}

/** Without a record it is half made, by a run that was interrupted; with one that cannot be read, `damage` says why. */
interface HostFolder extends Place {
  readonly record?: HostRecord
  readonly damage?: string
}

/** The systemd-nspawn of a host. Its start time (clock ticks after boot) tells it from a later process of that id. */
export interface HostProcess {
  readonly pid: string
  readonly started: string
  readonly record: HostRecord
}

export interface SandboxBridge {
  readonly sandbox: string
  readonly name: string
  /** The bridge's own address; the gateway of its hosts. */
  readonly gateway: string
  readonly subnet: Subnet
}

/** A rule as `iptables -S` shows it, without `-A`. */
export interface FirewallRule {
  readonly sandbox: string
  readonly table: string
  readonly words: readonly string[]
}

export const sandboxState = defineFact<[], SandboxState>({
  name: 'sandbox-state',
  command: () =>
    sh`PATH="$PATH:/usr/sbin:/sbin"; ${sections({
      // Whoever is not root can call a process systemd-nspawn.
      // Hosts of a sandbox inside a sandbox host are visible from here; they are not of this machine.
      processes: sh`own=$(readlink /proc/self/ns/pid); for f in $(grep -lsa HVLAB_SANDBOX= /proc/[0-9]*/cmdline); do p=\${f%/cmdline}; [ "$(readlink "$p/ns/pid")" = "$own" ] && grep -qs '^Uid:[[:space:]]*0[[:space:]]' "$p/status" || continue; set -- $(sed 's/.*) //' "$p/stat"); printf '%s\\t%s\\t%s\\t' "\${p#/proc/}" "$1" "\${20}"; tr '\\0\\n' '\\t ' <"$p/cmdline"; echo; done`,
      mounts: sh`sed -n 's/^\\(hvlab-sandbox:[^ ]*\\) \\([^ ]*\\) .*/\\1 \\2/p' /proc/self/mounts`,
      bridges: sh`ip -j -d address show type bridge`,
      filter: sh`iptables -w -S | grep hvlab-sandbox:`,
      nat: sh`iptables -w -t nat -S | grep hvlab-sandbox:`,
      sandboxes: sh`ls ${hostsFolder}`,
      folders: sh`for d in ${hostsFolder}/*/*/; do [ -d "$d" ] || continue; printf '%s\\t' "$d"; [ ! -e "$d/host.json" ] || { printf 'record\\t'; head -c 8192 "$d/host.json" | tr '\\n\\t' '  '; }; echo; done`,
    })}`,
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      processes: lines(section('processes')).flatMap(processOf),
      mounts: lines(section('mounts')).flatMap((line) => {
        const [label = '', path = ''] = line.split(' ')
        const place = hostOf(label)
        return place === undefined ? [] : [{ ...place, path }]
      }),
      bridges: (list(section('bridges')) ?? []).flatMap(bridgeOf),
      rules: ['filter', 'nat'].flatMap((table) =>
        lines(section(table)).flatMap((line) => ruleOf(table, line)),
      ),
      sandboxes: lines(section('sandboxes')).filter((name) => namePattern.test(name)),
      folders: lines(section('folders')).flatMap(folderOf),
    }
  },
})

function folderOf(line: string): HostFolder[] {
  const [path = '', mark, json = ''] = line.split('\t')
  const place = placeOf(path)
  if (place === undefined) return []
  if (mark !== 'record') return [place]
  const parsed = parseRecord(json)
  return [{ ...place, ...(parsed.ok ? { record: parsed.value } : { damage: parsed.error }) }]
}

/** systemd-nspawn forks before it starts the host's PID 1: until then a child has the same command line. */
function processOf(line: string): HostProcess[] {
  const [pid = '', state = '', started = '', ...argv] = line.split('\t')
  const found = argv[0]?.endsWith('systemd-nspawn') ? recordIn(argv) : undefined
  return found === undefined || state === 'Z' ? [] : [{ pid, started, record: found }]
}

function bridgeOf(entry: unknown): SandboxBridge[] {
  const link = record(entry)
  const name = text(link['ifname'])
  const sandbox = sandboxOf(text(link['ifalias']) ?? '')
  if (name === null || sandbox === undefined) return []
  const addresses = Array.isArray(link['addr_info']) ? link['addr_info'].map(record) : []
  const gateway = text(addresses.find(({ family }) => family === 'inet')?.['local']) ?? ''
  const address = parseAddress(gateway)
  // Made and not yet given its address, by a run that was killed in between.
  return [{ sandbox, name, gateway, subnet: subnetOf(address ?? 0, address === undefined ? 32 : 24) }]
}

/** `-A FORWARD -i hvsb-1 -m comment --comment hvlab-sandbox:demo -j ACCEPT`; iptables may put the comment in quotes. */
function ruleOf(table: string, line: string): FirewallRule[] {
  const words = line.split(' ').map((word) => word.replace(/^"(.*)"$/, '$1'))
  const sandbox = sandboxOf(words[words.indexOf('--comment') + 1] ?? '')
  return sandbox === undefined || words[0] !== '-A' ? [] : [{ sandbox, table, words: words.slice(1) }]
}

/** Names of all sandboxes of which anything is there. */
export function namesIn(state: SandboxState): string[] {
  const names = [
    ...state.processes.map((process) => process.record.sandbox),
    ...[...state.mounts, ...state.bridges, ...state.rules, ...state.folders].map(({ sandbox }) => sandbox),
    ...state.sandboxes,
  ]
  return [...new Set(names)].sort()
}
