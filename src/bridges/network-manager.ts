import { err, ok } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import { type ConfigFile, deleteBridge, type Planned, type WantedBridge } from './bridge-plan.ts'

export interface NetworkManagerConfig {
  /** The active profile of the card. */
  readonly uuid: string
  /** Its file; undefined for one that NetworkManager made up and holds in memory only. */
  readonly file?: ConfigFile
}

const folder = '/etc/NetworkManager/system-connections'

/**
 * Two profiles: the bridge with the card's IP settings, and the card as its port. The card's own is kept and does not start
 * by itself. Source: nm-settings-keyfile(5).
 *
 * @param uuids of the two profiles
 */
export function networkManagerPlan(
  { bridge, card, mac }: WantedBridge,
  { uuid, file }: NetworkManagerConfig,
  uuids: readonly [bridge: string, port: string],
): Planned {
  if (file !== undefined && !file.path.endsWith('.nmconnection'))
    return err(
      `the profile of ${card} is ${file.path}, in the format before keyfiles; \`nmcli connection migrate\` converts it`,
    )
  const sections = file === undefined ? [] : parseKeyfile(file.text)
  const alien = sections.find(({ name }) => !known.has(name))
  if (alien)
    return err(`the profile ${file?.path} has a section [${alien.name}] that a bridge cannot take over`)
  const ip = sections.filter(({ name }) => name === 'ipv4' || name === 'ipv6' || name === 'proxy')
  const body = ip.length > 0 ? ip.map(sectionText).join('\n') : '[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n'
  const profile = `${folder}/hvlab-${bridge}.nmconnection`
  const port = `${folder}/hvlab-${bridge}-port.nmconnection`
  return ok({
    service: 'NetworkManager',
    changes: [
      {
        path: profile,
        before: undefined,
        after: `[connection]\nid=hvlab-${bridge}\nuuid=${uuids[0]}\ntype=bridge\ninterface-name=${bridge}\nautoconnect=true\nautoconnect-priority=100\nautoconnect-slaves=1\n\n[bridge]\nmac-address=${mac}\nstp=false\nforward-delay=0\n\n${body}`,
      },
      {
        path: port,
        before: undefined,
        after: `[connection]\nid=hvlab-${bridge}-port\nuuid=${uuids[1]}\ntype=ethernet\ninterface-name=${card}\nautoconnect=true\nautoconnect-priority=100\nmaster=${bridge}\nslave-type=bridge\n${ethernetOf(sections)}`,
      },
    ],
    toBridge: {
      before: sh`:`,
      after: sh`nmcli connection reload && nmcli --wait 30 connection up uuid ${uuids[1]} && nmcli --wait 30 connection up uuid ${uuids[0]}`,
    },
    toCard: {
      before: sh`{ nmcli connection down uuid ${uuids[0]} >/dev/null 2>&1 || :; }`,
      after: sh`nmcli connection reload && ${deleteBridge(bridge)} && { nmcli --wait 30 connection up uuid ${uuid} || nmcli --wait 30 device connect ${card}; }`,
    },
    atBoot: sh`:`,
  })
}

/** Sections that a profile of a network card without extras has. `802-1x`, `dcb` and the like are the card's own affair. */
const known = new Set(['connection', 'ethernet', '802-3-ethernet', 'ipv4', 'ipv6', 'proxy', 'user', 'link'])

interface Section {
  readonly name: string
  readonly lines: readonly string[]
}

function parseKeyfile(text: string): Section[] {
  const found: { name: string; lines: string[] }[] = []
  for (const line of text.split('\n')) {
    const header = /^\s*\[(.+)\]\s*$/.exec(line)
    if (header?.[1] !== undefined) found.push({ name: header[1], lines: [] })
    else if (line.trim() !== '') found.at(-1)?.lines.push(line)
  }
  return found
}

function sectionText({ name, lines }: Section): string {
  return `[${name}]\n${lines.map((line) => `${line}\n`).join('')}`
}

/** MTU, offloads, speed: what belongs to the card stays with it. */
function ethernetOf(sections: readonly Section[]): string {
  const own = sections.find(({ name }) => name === 'ethernet' || name === '802-3-ethernet')
  return own === undefined || own.lines.length === 0 ? '' : `\n${sectionText({ ...own, name: 'ethernet' })}`
}
