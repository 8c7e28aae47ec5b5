import { err, ok } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import { type ConfigFile, deleteBridge, ownFile, type Planned, type WantedBridge } from './bridge-plan.ts'

export interface NetworkdConfig {
  /** The file that the card has its settings from, and the drop-ins of it that count, in the order in which they do. */
  readonly file: ConfigFile
  readonly dropIns: readonly ConfigFile[]
  readonly dhcp: readonly DhcpIdentity[]
}

/**
 * Which of a host's clients asks a DHCP server: it follows from the device's name, so without it the server takes the bridge for
 * another client. The other half, the DUID, is the host's, or set in a file that is taken over, or follows from the MAC address.
 */
export interface DhcpIdentity {
  readonly section: 'DHCPv4' | 'DHCPv6'
  /** `0x1f2e3d4c` */
  readonly iaid: string
}

export const iaidSections = (dhcp: readonly DhcpIdentity[]): string =>
  dhcp.map(({ section, iaid }) => `[${section}]\nIAID=${iaid}\n`).join('')

/** Where drop-ins of `NAME.network` are, in `NAME.network.d`; the first folder that has a name masks it in the others. */
export const dropInFolders = [
  '/etc/systemd/network',
  '/run/systemd/network',
  '/usr/local/lib/systemd/network',
  '/usr/lib/systemd/network',
  '/lib/systemd/network',
] as const

/** Drop-ins that count, as systemd orders them: by name, whatever the folder. An empty one only masks. */
export function inForce(dropIns: readonly ConfigFile[]): ConfigFile[] {
  const byName = new Map<string, ConfigFile>()
  const rank = ({ path }: ConfigFile) => dropInFolders.findIndex((one) => path.startsWith(`${one}/`))
  for (const dropIn of [...dropIns].sort((a, b) => rank(b) - rank(a)))
    byName.set(dropIn.path.replace(/^.*\//, ''), dropIn)
  return [...byName.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, dropIn]) => (dropIn.text === '' ? [] : [dropIn]))
}

const folder = '/etc/systemd/network'

/**
 * systemd-networkd takes the first file that matches, by name over all folders. So three files that come first do it, and
 * the card's own stays as it is. Source: systemd.network(5), systemd.netdev(5).
 */
export function networkdPlan({ bridge, card, mac }: WantedBridge, config: NetworkdConfig): Planned {
  const { file, dropIns, dhcp } = config
  const stem = `00-hvlab-${bridge}`
  const name = file.path.replace(/^.*\//, '')
  if (name < stem)
    return err(`${file.path} comes before ${stem}.network; give it a name that starts with 10- or more`)
  const own = [file, ...dropIns].map(({ text }) => text)
  const settings = [
    `[Match]\nName=${bridge}\n`,
    ...own.map((text) => select(text, (section) => section !== 'Match')),
    iaidSections(dhcp),
  ]
  const added = (path: string, after: string) => ({ path, before: undefined, after: `${ownFile}\n${after}` })
  return ok({
    service: 'systemd-networkd',
    changes: [
      added(
        `${folder}/${stem}.netdev`,
        `[NetDev]\nName=${bridge}\nKind=bridge\nMACAddress=${mac}\n[Bridge]\nSTP=no\nForwardDelaySec=0\n`,
      ),
      added(
        `${folder}/${stem}-port.network`,
        [
          `[Match]\nName=${card}\n[Network]\nBridge=${bridge}\n`,
          ...own.map((text) => select(text, (section) => section === 'Link')),
        ].join(''),
      ),
      added(`${folder}/${stem}.network`, settings.join('')),
    ],
    toBridge: { before: sh`:`, after: sh`networkctl reload` },
    toCard: {
      before: sh`:`,
      after: sh`${deleteBridge(bridge)} && networkctl reload && networkctl reconfigure ${card}`,
    },
    atBoot: sh`:`,
  })
}

/** Sections of a unit file. The card's MAC address is left out: the bridge has it from its .netdev file. */
function select(text: string, wanted: (section: string) => boolean): string {
  let section = ''
  const lines = text.split('\n').filter((line) => {
    section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1] ?? section
    const isMac = section === 'Link' && /^\s*MACAddress\s*=/.test(line)
    return section !== '' && wanted(section) && line.trim() !== '' && !isMac
  })
  return lines.map((line) => `${line}\n`).join('')
}
