import { err, ok } from '../util/result.ts'
import { sh } from '../util/sh.ts'
import { type ConfigFile, deleteBridge, ownFile, type Planned, type WantedBridge } from './bridge-plan.ts'

export interface NetworkdConfig {
  /** The file that the card has its settings from, and the drop-ins of it. */
  readonly file: ConfigFile
  readonly dropIns: readonly ConfigFile[]
  /** IAID of the card's DHCP client, `0x1f2e3d4c`: without it the server takes the bridge for another client. */
  readonly iaid?: string
}

const folder = '/etc/systemd/network'

/**
 * systemd-networkd takes the first file that matches, by name over all folders. So three files that come first do it, and
 * the card's own stays as it is. Source: systemd.network(5), systemd.netdev(5).
 */
export function networkdPlan({ bridge, card, mac }: WantedBridge, config: NetworkdConfig): Planned {
  const { file, dropIns, iaid } = config
  const stem = `00-hvlab-${bridge}`
  const name = file.path.replace(/^.*\//, '')
  if (name < stem)
    return err(`${file.path} comes before ${stem}.network; give it a name that starts with 10- or more`)
  const own = [file, ...dropIns].map(({ text }) => text)
  const settings = [
    `[Match]\nName=${bridge}\n`,
    ...own.map((text) => select(text, (section) => section !== 'Match')),
    ...(iaid === undefined ? [] : [`[DHCPv4]\nIAID=${iaid}\n`]),
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
  let kept = false
  const lines = text.split('\n').filter((line) => {
    const section = /^\s*\[(.+)\]\s*$/.exec(line)?.[1]
    if (section !== undefined) kept = wanted(section)
    return kept && line.trim() !== '' && !/^\s*MACAddress\s*=/.test(line)
  })
  return lines.map((line) => `${line}\n`).join('')
}
