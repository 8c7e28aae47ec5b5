import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { lines } from './text.ts'

/** What decides whether packets of guests are let through. Only root is told; to others everything is unknown. */
export interface Firewall {
  /** What iptables does with forwarded packets that no rule spoke of; null when iptables did not say. */
  readonly forward: 'ACCEPT' | 'DROP' | null
  /** Docker's chains are there. */
  readonly docker: boolean
  readonly ufw: boolean
  /** Zones of the firewalld that runs; null when none runs. */
  readonly firewalldZones: readonly string[] | null
  /** Of /etc/libvirt/network.conf; null when it leaves the choice to libvirt. */
  readonly libvirtBackend: string | null
  /** A table of libvirt's is in nftables: it uses that back end now. */
  readonly libvirtTable: boolean
  /** `10.0.0`; null when libvirt is not installed. */
  readonly libvirtVersion: string | null
  /** Frames between ports of a bridge go through iptables, too (br_netfilter, which Docker loads). */
  readonly bridged: boolean
}

/** Sources: iptables(8), firewall-cmd(1), ufw(8), libvirt's network.conf, kernel Documentation/networking/bridge.rst. */
export const firewall = defineFact<[], Firewall>({
  name: 'firewall',
  command: () =>
    sh`PATH="$PATH:/usr/sbin:/sbin"; ${sections({
      rules: sh`iptables -w -S`,
      ufw: sh`LC_ALL=C ufw status | head -n 1`,
      firewalld: sh`firewall-cmd --state 2>&1 && firewall-cmd --get-zones`,
      backend: sh`sed -n 's/^ *firewall_backend *= *"\\([a-z]*\\)".*/\\1/p' /etc/libvirt/network.conf`,
      table: sh`nft list tables | grep -w libvirt_network`,
      version: sh`for daemon in virtnetworkd libvirtd; do command -v "$daemon" >/dev/null && "$daemon" --version && break; done`,
      bridged: sh`cat /proc/sys/net/bridge/bridge-nf-call-iptables`,
    })}`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const rules = lines(section('rules'))
    const policy = rules.find((rule) => rule.startsWith('-P FORWARD '))?.slice('-P FORWARD '.length)
    const [state, zones = ''] = lines(section('firewalld'))
    return {
      forward: policy === 'ACCEPT' || policy === 'DROP' ? policy : null,
      docker: rules.includes('-N DOCKER') || rules.includes('-N DOCKER-USER'),
      ufw: section('ufw').trim() === 'Status: active',
      firewalldZones: state === 'running' ? zones.split(' ').filter((zone) => zone !== '') : null,
      libvirtBackend: section('backend').trim() || null,
      libvirtTable: section('table').trim() !== '',
      libvirtVersion: /(\d+\.\d+\.\d+)/.exec(section('version'))?.[1] ?? null,
      bridged: section('bridged').trim() === '1',
    }
  },
})
