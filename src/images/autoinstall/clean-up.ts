import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'
import type { PackerImageFile } from '../file/packer.ts'

/** Where the system to be cleaned is: mounted somewhere, or the one that runs. */
export interface CleanUpPlace {
  /** Folder of its root; empty for the running system. */
  readonly root: string
  /** Prefix of a command of that system, with its /proc, /sys and /dev. */
  readonly run: Command
}

/** As an installer has it: the new system is in /target, and was never booted. */
export const inTarget: CleanUpPlace = { root: '/target', run: sh`curtin in-target --target=/target --` }

/**
 * What turns an installed system into an image. Each is one line of the installer's log and one step of the progress.
 */
export function cleanUp(file: Pick<PackerImageFile, 'keep_snapd' | 'units'>, place: CleanUpPlace): Command[] {
  const { root } = place
  return [
    ...(file.keep_snapd ? [] : [withoutSnapd(place)]),
    ...(file.units.mask.length === 0 ? [] : [masked(root, file.units.mask)]),
    sh`rm -f ${installerFiles.map((name) => `${root}/${name}`)}`,
    seedsFromNoCloud(root),
    fallbackNetwork(place),
    quickBootLoader(place),
    withoutSwap(root),
    withoutIdentity(root),
    withoutLeftovers(root),
  ]
}

/** It seeds its snaps at first boot and refreshes them soon after: seconds of boot time, and noise in a measurement. */
function withoutSnapd({ root, run }: CleanUpPlace): Command {
  return sh`if ${run} dpkg-query -W snapd >/dev/null 2>&1; then ${run} env DEBIAN_FRONTEND=noninteractive apt-get -y -q purge snapd; fi; rm -rf ${root}/snap ${root}/var/snap ${root}/var/lib/snapd ${root}/var/cache/snapd ${root}/root/snap`
}

function masked(root: string, units: readonly string[]): Command {
  return sh`for unit in ${units}; do ln -sf /dev/null ${root}/etc/systemd/system/"$unit"; done`
}

/**
 * What every known installer leaves, so that a disk keeps the settings of its installation: it ignores seeds, never grows,
 * has the network of the building machine. Names of all versions, also of those that were written only for a while.
 */
const installerFiles = [
  'etc/cloud/cloud.cfg.d/99-installer.cfg',
  'etc/cloud/cloud.cfg.d/90-installer-network.cfg',
  'etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg',
  'etc/cloud/cloud.cfg.d/00-subiquity-disable-cloudinit-networking.cfg',
  'etc/cloud/cloud.cfg.d/curtin-preserve-sources.cfg',
  'etc/cloud/clean.d/99-installer',
  'etc/cloud/cloud-init.disabled',
  'etc/cloud/ds-identify.cfg',
  'etc/netplan/00-installer-config.yaml',
  'etc/netplan/00-installer-config-wifi.yaml',
  'etc/netplan/01-netcfg.yaml',
  'etc/netplan/50-cloud-init.yaml',
  'etc/apt/apt.conf.d/90curtin-aptproxy',
  'etc/apt/apt.conf.d/94curtin-config',
]

/** Guests get a seed on a disk; asking other sources takes seconds, and minutes where none answers. */
function seedsFromNoCloud(root: string): Command {
  return sh`echo 'datasource_list: [NoCloud, None]' > ${root}/etc/cloud/cloud.cfg.d/99-hvlab.cfg`
}

/** DHCP where a seed brings no network configuration: what netplan writes for a seed sorts before, and so wins. */
function fallbackNetwork({ root, run }: CleanUpPlace): Command {
  return sh`printf '[Match]\\nName=e*\\n[Network]\\nDHCP=ipv4\\n[DHCPv4]\\nClientIdentifier=mac\\n' > ${root}/etc/systemd/network/99-hvlab-dhcp.network && ${run} systemctl enable systemd-networkd.service`
}

/** A disk without GRUB, whose guests get their kernel from the hypervisor alone, is an image as well. */
function quickBootLoader({ root, run }: CleanUpPlace): Command {
  return sh`mkdir -p ${root}/etc/default/grub.d && printf '%s\\n' GRUB_TIMEOUT=0 GRUB_RECORDFAIL_TIMEOUT=0 GRUB_TIMEOUT_STYLE=hidden GRUB_DISABLE_OS_PROBER=true > ${root}/etc/default/grub.d/90-hvlab.cfg && if ${run} sh -c ${'command -v update-grub >/dev/null'}; then ${run} update-grub; fi`
}

/** With a layout, installers before 23.10.1 make a swap file whatever `storage: swap` says. */
function withoutSwap(root: string): Command {
  return sh`rm -f ${root}/swap.img && sed -i '\\,^/swap\\.img[[:space:]],d' ${root}/etc/fstab`
}

/** Two guests of one machine-id get one address; two of one host key, one identity; two of one seed, one randomness. */
function withoutIdentity(root: string): Command {
  return sh`truncate -s 0 ${root}/etc/machine-id && rm -f ${root}/var/lib/dbus/machine-id ${root}/etc/ssh/ssh_host_* ${root}/var/lib/systemd/random-seed ${root}/var/lib/systemd/credential.secret && echo localhost > ${root}/etc/hostname`
}

function withoutLeftovers(root: string): Command {
  return sh`rm -rf ${root}/var/lib/cloud ${root}/var/lib/apt/lists ${root}/var/cache/apt/archives ${root}/var/log/journal ${root}/var/log/installer ${root}/root/.ssh ${root}/root/.bash_history ${root}/root/.cache && mkdir -p ${root}/var/lib/apt/lists/partial ${root}/var/cache/apt/archives/partial ${root}/var/log/installer && find ${root}/tmp ${root}/var/tmp -mindepth 1 -maxdepth 1 -exec rm -rf {} + && find ${root}/var/log -type f -exec truncate -s 0 {} +`
}
