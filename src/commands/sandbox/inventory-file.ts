import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { SandboxHosts } from './sandbox-hosts.ts'

/** Relative to the lab. */
export const inventoryPath = 'inventory/sandbox.yml'

/** The first line says whose the file is, so that only hvlab's own is ever replaced or removed. */
const head = (sandbox: string) => `# Throw-away hosts of this machine: sandbox ${sandbox}.`

/**
 * Ansible reads it as well. Keys of the hosts are known beforehand, so the first contact is verified; the user's ssh
 * configuration is for other machines.
 */
export function inventoryText(
  sandbox: string,
  { hosts, key_file: key, known_hosts: known }: SandboxHosts,
): string {
  const lines = hosts.map(({ host, address }) => `    ${host}: { ansible_host: ${address} }\n`)
  return `${head(sandbox)}
# Written by \`hvlab sandbox up\`, removed by \`hvlab sandbox down\`.
hypervisors:
  vars:
    ansible_user: root
    ansible_ssh_private_key_file: ${JSON.stringify(key)}
    ansible_ssh_common_args: -F none -o StrictHostKeyChecking=yes -o UserKnownHostsFile=${known}
  hosts:
${lines.join('')}`
}

/** Throws `sandbox-inventory` when somebody else's file is there. */
export function refuseForeign(lab: string): void {
  const file = join(lab, inventoryPath)
  if (!existsSync(file) || sandboxOf(file) !== undefined) return
  throw new FailureError({
    reason: 'config',
    code: 'sandbox-inventory',
    message: `${inventoryPath} is not a file of \`hvlab sandbox\`; it is not replaced.`,
    hint: 'Rename it, or start hvlab in another folder.',
  })
}

export function writeInventory(lab: string, text: string): void {
  const file = join(lab, inventoryPath)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** Removes the inventory of a sandbox, or of any; true when there was one. */
export function removeInventory(lab: string, sandbox: string | undefined): boolean {
  const file = join(lab, inventoryPath)
  const owner = existsSync(file) ? sandboxOf(file) : undefined
  if (owner === undefined || (sandbox !== undefined && owner !== sandbox)) return false
  rmSync(file)
  try {
    rmdirSync(dirname(file))
  } catch (error) {
    // Other inventories are in the folder.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
  }
  return true
}

function sandboxOf(file: string): string | undefined {
  const [first = ''] = readFileSync(file, 'utf8').split('\n')
  return /^# Throw-away hosts of this machine: sandbox (\S+)\.$/.exec(first)?.[1]
}
