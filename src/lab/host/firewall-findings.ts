import type { Firewall } from '../../facts/firewall.ts'
import type { Finding } from './preflight.ts'

/** From this version on libvirt takes nftables unless it is told otherwise (release notes of 10.4.0). */
const nftablesSince = [10, 4]

/** Other firewalls of a host, and whether guests behind libvirt's NAT reach anything all the same. Nothing where there is none. */
export function firewallFindings(found: Firewall): Finding[] {
  return [...forwardFindings(found), ...firewalldFindings(found)]
}

/**
 * Docker and ufw let iptables drop forwarded packets. libvirt's iptables rules come before that; what its nftables rules accept is
 * dropped all the same, because every base chain of the hook has its say.
 */
function forwardFindings(found: Firewall): Finding[] {
  if (found.forward !== 'DROP') return []
  const whose = found.docker ? 'Docker lets' : found.ufw ? 'ufw lets' : 'a policy lets'
  const dropped = `${whose} iptables drop what is forwarded`
  if (backendOf(found) === 'nftables')
    return [
      {
        id: 'firewall',
        level: 'warning',
        text: `${dropped}, and libvirt’s rules are in nftables, so guests behind NAT reach nothing`,
        hint: 'Put `firewall_backend = "iptables"` into /etc/libvirt/network.conf and restart libvirtd or virtnetworkd; the role hypervisor does it with `hypervisor_firewall_backend: iptables`.',
      },
    ]
  const bridged = found.bridged
    ? '; a guest on a bridge of the host’s own needs `iptables -I FORWARD -i BRIDGE -o BRIDGE -j ACCEPT`'
    : ''
  return [
    {
      id: 'firewall',
      level: 'ok',
      text: `${dropped}; libvirt’s own iptables rules come before that${bridged}`,
    },
  ]
}

/** libvirt puts the bridges of its networks into the zone that its package brings. */
function firewalldFindings({ firewalldZones: zones, libvirtVersion }: Firewall): Finding[] {
  if (zones === null) return []
  const ok = (text: string): Finding[] => [{ id: 'firewall', level: 'ok', text }]
  if (zones.includes('libvirt')) return ok('firewalld runs; libvirt’s networks are in its zone libvirt')
  if (libvirtVersion === null) return ok('firewalld runs; libvirt’s package brings a zone for its networks')
  return [
    {
      id: 'firewall',
      level: 'warning',
      text: 'firewalld runs without the zone libvirt, so guests may get no address',
      hint: 'Run `firewall-cmd --reload`: the zone came with libvirt’s package after firewalld had started.',
    },
  ]
}

function backendOf({ libvirtBackend, libvirtTable, libvirtVersion }: Firewall): 'iptables' | 'nftables' {
  if (libvirtBackend === 'iptables' || libvirtBackend === 'nftables') return libvirtBackend
  if (libvirtTable) return 'nftables'
  const [major = 0, minor = 0] = (libvirtVersion ?? '0.0').split('.').map(Number)
  const [since = 0, sinceMinor = 0] = nftablesSince
  return major > since || (major === since && minor >= sinceMinor) ? 'nftables' : 'iptables'
}
