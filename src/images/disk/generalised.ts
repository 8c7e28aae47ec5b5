import type { DiskFiles } from './file-system.ts'

/** Files of which every guest has its own, or that say how the image was made. */
const mustBeAbsent = [
  '/etc/cloud/cloud.cfg.d/99-installer.cfg',
  '/etc/cloud/cloud.cfg.d/90-installer-network.cfg',
  '/etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg',
  '/etc/cloud/cloud.cfg.d/00-subiquity-disable-cloudinit-networking.cfg',
  '/etc/cloud/ds-identify.cfg',
  '/etc/cloud/cloud-init.disabled',
  '/var/lib/systemd/random-seed',
  '/var/lib/dbus/machine-id',
  '/root/.ssh/authorized_keys',
  '/root/.bash_history',
  '/swap.img',
] as const

/** Folders that must have nothing of this kind in them. */
const mustNotHold: readonly (readonly [folder: string, name: RegExp])[] = [
  ['/etc/ssh', /^ssh_host_/],
  ['/etc/netplan', /^00-installer-config|^50-cloud-init/],
  ['/var/log/installer', /./],
  ['/var/lib/cloud/instances', /./],
]

/** What is in the image and must not be, as sentences; read back from the disk itself. */
export async function leftovers(disk: DiskFiles): Promise<string[]> {
  const found = (await unwanted(disk)).map((path) => `${path} is there`)
  const machineId = (await disk.read('/etc/machine-id'))?.trim()
  if (machineId !== undefined && machineId !== '' && machineId !== 'uninitialized')
    found.push('/etc/machine-id is not empty, so all guests would be the same machine')
  return found
}

/**
 * Removes what the installer puts back after its last command, or that a template forgot. The paths that were removed.
 * Blocks are only freed; their content stays until they are discarded.
 */
export async function removeLeftovers(disk: DiskFiles): Promise<string[]> {
  const paths = await unwanted(disk)
  for (const path of paths) await disk.remove(path)
  return paths
}

async function unwanted(disk: DiskFiles): Promise<string[]> {
  // /var/lib/dbus/machine-id is a link to /etc/machine-id on newer systems.
  const files = await disk.present(mustBeAbsent)
  const lists = await disk.lists(mustNotHold.map(([folder]) => folder))
  const others = mustNotHold.flatMap(([folder, name], index) =>
    (lists[index] ?? []).filter((entry) => name.test(entry)).map((entry) => `${folder}/${entry}`),
  )
  return [...files, ...others]
}

/** People's accounts (passwd(5): user ids from 1000, 65534 is nobody) and passwords (shadow(5)). */
export function accounts(passwd: string, shadow: string): string[] {
  const people = fields(passwd).flatMap(([name, , uid]) => {
    const id = Number(uid)
    return name && id >= 1000 && id < 65_534 ? [`there is a user ${name}`] : []
  })
  const passwords = fields(shadow).flatMap(([name, hash]) =>
    name && hash?.startsWith('$') ? [`user ${name} has a password`] : [],
  )
  return [...people, ...passwords]
}

function fields(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'))
}
