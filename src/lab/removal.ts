import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import { closePorts } from './access/port-forward.ts'
import { guestFiles, guestsFolder, stateFolder } from './guest-files.ts'
import { type DomainState, uses } from './libvirt/domain-state.ts'
import type { LibvirtState } from './libvirt/libvirt-state.ts'
import { type NetworkState, reservationXml } from './libvirt/network-xml.ts'
import { virsh } from './libvirt/virsh.ts'

/**
 * Removes a guest of ours whole: domain, disk, seed, log, saved state, reservation. By UUID, so that a domain that
 * took the name meanwhile is safe. May be repeated after an interruption at any point.
 */
export function removeGuest(
  domain: DomainState,
  { networks, forwards }: Pick<LibvirtState, 'networks' | 'forwards'>,
): Command {
  // Whatever it did when it was looked at: a command of a run that was killed may have started it since.
  const stop = sh`${virsh} destroy ${domain.uuid} >/dev/null 2>&1 || case $(${virsh} domstate ${domain.uuid} 2>/dev/null) in 'shut off' | '') ;; *) ${virsh} destroy ${domain.uuid} >/dev/null || exit 1 ;; esac`
  const free = reservationsOf(domain, networks).map(
    ({ network, xml }) =>
      sh`${virsh} net-update ${network.name} delete ip-dhcp-host ${xml} ${network.active ? ['--live', '--config'] : ['--config']} >/dev/null || exit 1`,
  )
  return sh`(
${closePorts(domain.name, forwards)}
${stop}
${virsh} undefine --managed-save --snapshots-metadata --nvram ${domain.uuid} >/dev/null || ! ${virsh} domstate ${domain.uuid} >/dev/null 2>&1 || exit 1
${lines(free)}
${removeFiles(domain.name)}
)`
}

/** Removes the folder of a guest whose domain was never defined, or is gone. */
export function removeFolder(domain: string): Command {
  return sh`(${removeFiles(domain)})`
}

function removeFiles(domain: string): Command {
  return sh`rm -rf --one-file-system ${guestFiles(domain).folder} || exit 1
rm -f ${`/var/log/libvirt/qemu/${domain}.log`} ${`/var/log/libvirt/qemu/${domain}.log.`}*
rmdir --ignore-fail-on-non-empty ${guestsFolder} ${stateFolder} 2>/dev/null || :`
}

/** libvirt removes dnsmasq's files and leases with the network. */
export function removeNetwork(network: NetworkState): Command {
  const stop = sh`${virsh} net-destroy ${network.uuid} >/dev/null 2>&1 || case $(${virsh} net-list --uuid) in *${network.uuid}*) ${virsh} net-destroy ${network.uuid} >/dev/null || exit 1 ;; esac`
  return sh`(
${stop}
${virsh} net-undefine ${network.uuid} >/dev/null || ! ${virsh} net-info ${network.uuid} >/dev/null 2>&1 || exit 1
)`
}

/** The image store and what is remembered beside it about the host. */
export function removeStore(store: string): Command {
  return sh`(
rm -rf --one-file-system ${store} ${`${stateFolder}/accelerator.json`} || exit 1
rmdir --ignore-fail-on-non-empty ${stateFolder} 2>/dev/null || :
)`
}

/** Taking a network away from a machine that stays would cut it off. */
export function refuseNetworkInUse(network: NetworkState, domains: readonly DomainState[]): void {
  const users = domains.filter((domain) => uses(domain, network.name))
  if (users.length === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'network-in-use',
    message: `Network ${network.name} cannot be removed: ${users.map((user) => user.name).join(', ')} ${users.length > 1 ? 'are' : 'is'} plugged into it.`,
    hint: 'Remove these guests first: libvirt_guest with state: absent, or virsh for what hvlab did not make.',
  })
}

/** Folders of guests that no domain belongs to: what an interrupted run left. */
export function orphanedFolders(state: LibvirtState): string[] {
  const domains = new Set(state.domains.map((domain) => domain.name))
  // A name with a newline is two here, and the second may be `..`: only what can be a domain's name is removed.
  return state.folders.filter((folder) => !domains.has(folder) && /^[A-Za-z0-9][\w.-]*$/.test(folder))
}

function reservationsOf(domain: DomainState, networks: readonly NetworkState[]) {
  return networks
    .filter((network) => network.metadata !== undefined)
    .flatMap((network) =>
      network.reservations
        .filter((entry) => domain.interfaces.some(({ mac }) => mac === entry.mac))
        .map((entry) => ({ network, xml: reservationXml({ ...entry, name: domain.metadata?.guest ?? '' }) })),
    )
}

function lines(commands: readonly Command[]): Command {
  return commands.reduce((all, command) => sh`${all}\n${command}`, sh`:`)
}
