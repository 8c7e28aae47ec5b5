import { z } from 'zod'

const words = (what: string) => z.array(z.string({ error: `must be ${what}` }), { error: 'must be a list' })

const userName = z
  .string({ error: 'must be the name of a user' })
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: 'must be lower-case letters, digits, _ and -, such as alice' })

const publicKey = z.string({ error: 'must be a public key' }).regex(/^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+/, {
  error: 'must be a public key, such as the line in ~/.ssh/id_ed25519.pub',
})
const publicKeys = z.array(publicKey, { error: 'must be a list of public keys' })

const user = z.strictObject({
  name: userName.describe('Login name'),
  gecos: z.string().optional().describe('Full name'),
  groups: words('the name of a group').default([]).describe('Further groups; missing ones are made'),
  shell: z
    .string()
    .startsWith('/', { error: 'must be an absolute path' })
    .default('/bin/bash')
    .describe('Login shell'),
  sudo: z
    .union([z.boolean(), z.string()], { error: 'must be yes, no, or a rule such as ALL=(ALL) ALL' })
    .default(false)
    .describe('`true`: everything without a password; or a rule of sudoers'),
  ssh_authorized_keys: publicKeys.default([]).describe('Public keys that may log in'),
  hashed_passwd: z
    .string()
    .regex(/^\$\w+\$/, {
      error: 'must be a hash such as mkpasswd or openssl passwd -6 prints, never a password',
    })
    .optional()
    .describe('Hash of the password for the console; SSH takes keys only'),
})

const file = z.strictObject({
  path: z
    .string({ error: 'must be a path' })
    .startsWith('/', { error: 'must be an absolute path' })
    .describe('Path in the guest'),
  content: z.string({ error: 'must be text' }).describe('What it holds'),
  permissions: z
    .string({ error: "must be an octal mode in quotes, such as '0644'" })
    .regex(/^0?[0-7]{3,4}$/, { error: "must be an octal mode in quotes, such as '0644'" })
    .default('0644')
    .describe('Octal mode'),
  owner: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$/, { error: 'must be user or user:group' })
    .optional()
    .describe('`user:group`; default root'),
})

const command = z.union([z.string(), z.array(z.string({ error: 'must be text' })).min(1)], {
  error: 'must be a command: text for the shell, or a list of words',
})

/**
 * What cloud-init does in a guest at its first boot, beside what a login needs. A strict part of cloud-config, so that
 * a misspelt key is an error here and not a warning in a log that nobody reads. Source: cloudinit.readthedocs.io.
 */
export const cloudInitSchema = z.strictObject({
  users: z.array(user, { error: 'must be a list of users' }).default([]).describe('Further users'),
  ssh_authorized_keys: publicKeys.default([]).describe('Public keys that may log in as hvlab’s own user too'),
  packages: words('the name of a package')
    .default([])
    .describe('Packages to install; the lists are fetched first'),
  files: z.array(file, { error: 'must be a list of files' }).default([]).describe('Files to write'),
  runcmd: z
    .array(command, { error: 'must be a list of commands' })
    .default([])
    .describe('Commands, at the end'),
  timezone: z.string().optional().describe('Such as Asia/Jakarta'),
})
export type CloudInit = z.output<typeof cloudInitSchema>

/** Keys of a cloud-config, beside those that every seed has. */
export function cloudConfigOf(data: CloudInit): Record<string, unknown> {
  return {
    ...(data.packages.length === 0 ? {} : { package_update: true, packages: data.packages }),
    ...(data.files.length === 0 ? {} : { write_files: data.files.map(writeFile) }),
    ...(data.runcmd.length === 0 ? {} : { runcmd: data.runcmd }),
    ...(data.timezone === undefined ? {} : { timezone: data.timezone }),
  }
}

/** An entry of cloud-config's `users`. */
export function cloudUser(user: CloudInit['users'][number]): Record<string, unknown> {
  const { sudo, groups, hashed_passwd: hash, ssh_authorized_keys: keys, ...rest } = user
  return {
    ...rest,
    ...(groups.length === 0 ? {} : { groups }),
    ...(keys.length === 0 ? {} : { ssh_authorized_keys: keys }),
    lock_passwd: hash === undefined,
    ...(hash === undefined ? {} : { hashed_passwd: hash }),
    ...(sudo === false ? {} : { sudo: sudo === true ? 'ALL=(ALL) NOPASSWD:ALL' : sudo }),
  }
}

/** Files of users that cloud-init makes are written after the users are there. */
function writeFile({ owner, ...file }: CloudInit['files'][number]): Record<string, unknown> {
  return { ...file, ...(owner === undefined ? {} : { owner, defer: true }) }
}
