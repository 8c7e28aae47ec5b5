import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'
import type { PackerImageFile } from '../file/packer.ts'

/**
 * What turns a system that was installed, and never booted, into an image: run in the live system, the new one is in
 * /target. Each is one line of the installer's log and one step of the progress.
 */
export function cleanUp(file: Pick<PackerImageFile, 'keep_snapd' | 'units'>): Command[] {
  return [
    ...(file.keep_snapd ? [] : [withoutSnapd]),
    ...(file.units.mask.length === 0 ? [] : [masked(file.units.mask)]),
    withoutInstallerConfig,
    seedsFromNoCloud,
    fallbackNetwork,
    quickBootLoader,
    withoutSwap,
    withoutIdentity,
    withoutLeftovers,
  ]
}

/** A command of the new system, with its /proc, /sys and /dev. */
const inTarget = sh`curtin in-target --target=/target --`

/** It seeds its snaps at first boot and refreshes them soon after: seconds of boot time, and noise in a measurement. */
const withoutSnapd = sh`if ${inTarget} dpkg-query -W snapd >/dev/null 2>&1; then ${inTarget} env DEBIAN_FRONTEND=noninteractive apt-get -y -q purge snapd; fi; rm -rf /target/snap /target/var/snap /target/var/lib/snapd /target/var/cache/snapd /target/root/snap`

function masked(units: readonly string[]): Command {
  return sh`for unit in ${units}; do ln -sf /dev/null "/target/etc/systemd/system/$unit"; done`
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
].map((name) => `/target/${name}`)
const withoutInstallerConfig = sh`rm -f ${installerFiles}`

/** Guests get a seed on a disk; asking other sources takes seconds, and minutes where none answers. */
const seedsFromNoCloud = sh`echo 'datasource_list: [NoCloud, None]' > /target/etc/cloud/cloud.cfg.d/99-hvlab.cfg`

/** DHCP where a seed brings no network configuration: what netplan writes for a seed sorts before, and so wins. */
const fallbackNetwork = sh`printf '[Match]\\nName=e*\\n[Network]\\nDHCP=ipv4\\n[DHCPv4]\\nClientIdentifier=mac\\n' > /target/etc/systemd/network/99-hvlab-dhcp.network && ${inTarget} systemctl enable systemd-networkd.service`

const quickBootLoader = sh`mkdir -p /target/etc/default/grub.d && printf '%s\\n' GRUB_TIMEOUT=0 GRUB_RECORDFAIL_TIMEOUT=0 GRUB_TIMEOUT_STYLE=hidden GRUB_DISABLE_OS_PROBER=true > /target/etc/default/grub.d/90-hvlab.cfg && ${inTarget} update-grub`

/** With a layout, installers before 23.10.1 make a swap file whatever `storage: swap` says. */
const withoutSwap = sh`rm -f /target/swap.img && sed -i '\\,^/swap\\.img[[:space:]],d' /target/etc/fstab`

/** Two guests of one machine-id get one address; two of one host key, one identity; two of one seed, one randomness. */
const withoutIdentity = sh`truncate -s 0 /target/etc/machine-id && rm -f /target/var/lib/dbus/machine-id /target/etc/ssh/ssh_host_* /target/var/lib/systemd/random-seed /target/var/lib/systemd/credential.secret && echo localhost > /target/etc/hostname`

const withoutLeftovers = sh`rm -rf /target/var/lib/cloud /target/var/lib/apt/lists /target/var/cache/apt/archives /target/var/log/journal /target/var/log/installer /target/root/.ssh /target/root/.bash_history /target/root/.cache && mkdir -p /target/var/lib/apt/lists/partial /target/var/cache/apt/archives/partial /target/var/log/installer && find /target/tmp /target/var/tmp -mindepth 1 -delete && find /target/var/log -type f -exec truncate -s 0 {} +`
