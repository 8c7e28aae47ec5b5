import { parseYaml, type YamlDocument } from '../config/yaml.ts'
import type { Value, Vars } from '../model/value.ts'
import { canonicalJson } from '../util/json.ts'
import { err, ok, type Result } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import {
  type ConfigFile,
  deleteBridge,
  type FileChange,
  ownFile,
  type Planned,
  type WantedBridge,
} from './bridge-plan.ts'
import { type DhcpIdentity, iaidSections } from './networkd.ts'

/** What describes the device; all else (addresses, routes, DHCP) goes to the bridge. Source: netplan's netplan-yaml.md. */
const ofTheCard = new Set([
  ...['match', 'set-name', 'wakeonlan', 'mtu', 'macaddress', 'auth', 'openvswitch', 'optional'],
  ...[
    'emit-lldp',
    'virtual-function-count',
    'embedded-switch-mode',
    'delay-virtual-functions-rebind',
    'link',
  ],
  ...['infiniband-mode', 'receive-checksum-offload', 'transmit-checksum-offload', 'tcp-segmentation-offload'],
  ...['tcp6-segmentation-offload', 'generic-segmentation-offload', 'generic-receive-offload'],
  ...['large-receive-offload', 'renderer'],
])

/** The file that cloud-init writes anew at a first boot; this tells it not to. Source: cloud-init, "network configuration". */
const cloudInitOff = {
  path: '/etc/cloud/cloud.cfg.d/99-hvlab-network.cfg',
  before: undefined,
  after:
    '# Written by hvlab: the bridge of a network card is in /etc/netplan.\nnetwork: {config: disabled}\n',
}

/**
 * The card's addresses move into a file of the bridge, line by line, so that comments and notations stay; netplan reads all
 * its files as one. What comes out is read again, and has to say what the old file said.
 *
 * @param dhcp of the card, where networkd looks after it for netplan. netplan has no word for it; a drop-in of the file that
 *   netplan writes for networkd has. NetworkManager asks by the MAC address for IPv4.
 */
export function netplanPlan(
  wanted: WantedBridge,
  files: readonly ConfigFile[],
  dhcp: readonly DhcpIdentity[],
): Planned {
  const found: Entry[] = []
  for (const file of files) {
    const document = parseYaml(file.text, file.path)
    if (!document.ok) return err(`${file.path} cannot be read as YAML`)
    const entry = entryOf(file, document.value, wanted)
    if (entry !== undefined) found.push(entry)
  }
  const [entry, another] = found
  if (entry === undefined) return err(`${wanted.card} is in none of the files of /etc/netplan`)
  if (another !== undefined)
    return err(`${wanted.card} is described in ${entry.file.path} and in ${another.file.path}`)
  const texts = moved(entry, wanted)
  if (!texts.ok) return texts
  const { card, bridge } = texts.value
  const apply = sh`netplan apply`
  return ok({
    service: 'netplan',
    changes: [
      { path: entry.file.path, before: entry.file.text, after: card },
      { path: bridgeFile(wanted), before: undefined, after: bridge },
      ...(dhcp.length > 0 ? [dropIn(wanted, dhcp)] : []),
      ...(entry.file.path.endsWith('cloud-init.yaml') ? [cloudInitOff] : []),
    ],
    toBridge: { before: sh`:`, after: sh`netplan generate && ${apply}` },
    // netplan leaves devices that it made and that are gone from its files.
    toCard: { before: sh`:`, after: sh`${deleteBridge(wanted.bridge)} && ${apply}` },
    atBoot: sh`netplan generate`,
  })
}

const bridgeFile = ({ bridge }: WantedBridge) => `/etc/netplan/90-hvlab-${bridge}.yaml`

function dropIn({ bridge }: WantedBridge, dhcp: readonly DhcpIdentity[]): FileChange {
  const path = `/etc/systemd/network/10-netplan-${bridge}.network.d/hvlab.conf`
  return { path, before: undefined, after: `${ownFile}\n${iaidSections(dhcp)}` }
}

interface Entry {
  readonly file: ConfigFile
  readonly document: YamlDocument
  /** Its name in the file: that of the card, or of a definition that matches it. */
  readonly id: string
  readonly value: Vars
  readonly renderer: Value | undefined
}

function entryOf(file: ConfigFile, document: YamlDocument, { card, mac }: WantedBridge): Entry | undefined {
  const network = networkIn(document)
  const ethernets = network && mapping(network['ethernets'])
  for (const [id, given] of Object.entries(ethernets ?? {})) {
    const value = mapping(given) ?? {}
    const match = mapping(value['match'])
    const matched =
      value['set-name'] === card ||
      match?.['name'] === card ||
      String(match?.['macaddress'] ?? '').toLowerCase() === mac.toLowerCase()
    if (match === undefined ? id === card : matched)
      return { file, document, id, value, renderer: value['renderer'] ?? network?.['renderer'] }
  }
  return undefined
}

function networkIn({ value }: YamlDocument): Vars | undefined {
  return mapping(mapping(value)?.['network'])
}

function mapping(value: Value | undefined): Vars | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Vars) : undefined
}

/** Both files as text: the card's without what moves, and the bridge's with it. */
function moved(entry: Entry, wanted: WantedBridge): Result<{ card: string; bridge: string }, string> {
  const { file, document, id, value, renderer } = entry
  const lines = file.text.split('\n')
  // From 0.
  const at = (key: readonly string[]) => document.locate(['network', 'ethernets', id, ...key], 'key').line - 1
  const start = at([])
  const indent = /^ */.exec(lines[start] ?? '')?.[0].length ?? 0
  const length = lines.slice(start + 1).findIndex((line) => isContent(line) && depth(line) <= indent)
  let end = length < 0 ? lines.length : start + 1 + length
  while (lines[end - 1]?.trim() === '') end -= 1
  const keys = Object.keys(value)
  const first = keys.length > 0 ? at(keys.slice(0, 1)) : -1
  if (first === start) return err(`${file.path} describes ${id} on one line`)
  const starts = keys.map((key) => ({ key, line: at([key]) })).sort((a, b) => a.line - b.line)
  const blocks = starts.map(({ key, line }, index) => ({
    key,
    lines: lines.slice(line, starts[index + 1]?.line ?? end),
  }))
  const stays = blocks.filter(({ key }) => ofTheCard.has(key))
  const goes = blocks.filter(({ key }) => !ofTheCard.has(key))
  const inner = first >= 0 ? depth(lines[first] ?? '') : indent + 2
  const pad = ' '.repeat(inner)
  const card = [
    ...lines.slice(0, start + 1).map((line, index) => (index === start ? line.replace(/:.*$/, ':') : line)),
    ...lines.slice(start + 1, Math.max(first, start + 1)),
    ...stays.flatMap((block) => block.lines),
    `${pad}dhcp4: false`,
    `${pad}dhcp6: false`,
    ...lines.slice(end),
  ].join('\n')
  const bridge = [
    ownFile,
    'network:',
    '  version: 2',
    '  bridges:',
    `    ${wanted.bridge}:`,
    ...(renderer === undefined ? [] : [`      renderer: ${String(renderer)}`]),
    `      interfaces: [${JSON.stringify(id)}]`,
    `      macaddress: "${wanted.mac}"`,
    '      parameters: {stp: false, forward-delay: 0}',
    ...goes.flatMap((block) =>
      block.lines.map((line) => (isContent(line) ? `      ${line.slice(inner)}` : line)),
    ),
    '',
  ].join('\n')
  return saysTheSame(entry, wanted, card, bridge)
    ? ok({ card, bridge })
    : err(`the lines of ${id} in ${file.path} cannot be moved as they are; write them as a plain block`)
}

function saysTheSame(
  { file, document, id, value }: Entry,
  wanted: WantedBridge,
  card: string,
  bridge: string,
): boolean {
  const [cardDocument, bridgeDocument] = [parseYaml(card, file.path), parseYaml(bridge, bridgeFile(wanted))]
  if (!cardDocument.ok || !bridgeDocument.ok) return false
  const before = mapping(networkIn(document)?.['ethernets'])
  const after = mapping(networkIn(cardDocument.value)?.['ethernets'])
  const made = mapping(mapping(networkIn(bridgeDocument.value)?.['bridges'])?.[wanted.bridge])
  const part = (isOfCard: boolean) =>
    Object.fromEntries(Object.entries(value).filter(([key]) => ofTheCard.has(key) === isOfCard))
  const { renderer: _renderer, interfaces: _ports, macaddress: _mac, parameters: _own, ...rest } = made ?? {}
  const ethernets = { ...before, [id]: { ...part(true), dhcp4: false, dhcp6: false } }
  return canonicalJson([ethernets, part(false)]) === canonicalJson([after ?? {}, rest])
}

const isContent = (line: string): boolean => /^\s*[^\s#]/.test(line)
const depth = (line: string): number => line.length - line.trimStart().length
