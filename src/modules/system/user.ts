import type { z } from 'zod'
import { group as groupFact } from '../../facts/group.ts'
import { type User, user as userFact } from '../../facts/user.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, list, parameters, path, text } from '../params.ts'
import { accountCommand } from './account-command.ts'

const params = parameters(
  {
    name: text().describe('Login name.'),
    state: choice(['present', 'absent']).default('present').describe('Whether the user exists.'),
    uid: int().optional().describe('Number.'),
    non_unique: bool().default(false).describe('The number may belong to another user as well.'),
    group: text().optional().describe('Primary group. Default for a new user: one of the same name.'),
    groups: list()
      .optional()
      .describe('Further groups; an empty list with append: no takes the user out of all.'),
    append: bool().default(false).describe('Add to groups, leave none.'),
    comment: text().optional().describe('Full name.'),
    home: path().optional().describe('Home folder.'),
    create_home: bool()
      .default(true)
      .describe('Make the home folder of a new user, or when home changes with move_home.'),
    move_home: bool().default(false).describe('Move the home folder when home changes.'),
    skeleton: path().optional().describe('Folder whose files a new home gets.'),
    shell: path().optional().describe('Login shell.'),
    system: bool().default(false).describe('A user of the system: a low number, no expiry.'),
    password: text()
      // chpasswd reads a line a user: what comes after a newline would be another user's password.
      .refine((hash) => /^[^:\n]*$/.test(hash), { error: 'must be one line without a colon' })
      .optional()
      .describe('Hash as crypt(3) makes it, e.g. with the filter password_hash. * or ! for none.'),
    update_password: choice(['always', 'on_create'])
      .default('always')
      .describe('Whether an existing user’s password is set, too.'),
    password_lock: bool().optional().describe('Whether the password is locked (usermod -L).'),
    remove: bool().default(false).describe('With absent: the home folder goes too.'),
    generate_ssh_key: bool().default(false).describe('Only no is supported.'),
    ssh_key_bits: text().optional().describe('Means nothing without generate_ssh_key.'),
    ssh_key_comment: text().optional().describe('Means nothing without generate_ssh_key.'),
    ssh_key_file: text().optional().describe('Means nothing without generate_ssh_key.'),
    ssh_key_passphrase: text().optional().describe('Means nothing without generate_ssh_key.'),
    ssh_key_type: text().optional().describe('Means nothing without generate_ssh_key.'),
    force: bool().default(false).describe('With absent: even while the user is logged in.'),
  },
  { aliases: { user: 'name', createhome: 'create_home' } },
)
type Params = z.output<typeof params>

/** Ansible's `user`. */
export const user = defineModule({
  name: 'user',
  doc: 'Makes, changes or removes a user.',
  params,
  unsupported: [
    'authorization',
    'expires',
    'hidden',
    'local',
    'login_class',
    'password_expire_account_disable',
    'password_expire_max',
    'password_expire_min',
    'password_expire_warn',
    'profile',
    'role',
    'seuser',
    'uid_max',
    'uid_min',
    'umask',
  ],
  returns: {
    name: 'login name',
    uid: 'number',
    group: 'number of the primary group',
    home: 'home folder',
    shell: 'login shell',
    comment: 'full name',
    state: 'present or absent',
  },
  async *run(context, params) {
    if (params.generate_ssh_key)
      throw moduleFailure(
        'lacking',
        'user: hvlab makes no SSH keys for users',
        'use command with ssh-keygen, and creates',
      )
    const current = await context.freshFact(userFact, params.name)
    if (params.state === 'absent') return yield* remove(params, current)
    return current === null ? yield* create(context, params) : yield* change(context, params, current)
  },
})

async function* remove(params: Params, current: User | null): Steps {
  const data = { name: params.name, state: 'absent', remove: params.remove, force: params.force }
  if (current === null) return { data, why: `there is no user ${params.name}` }
  const flags = [...(params.force ? ['-f'] : []), ...(params.remove ? ['-r'] : [])]
  yield* accountCommand(
    'user-failed',
    `remove the user ${params.name}`,
    sh`userdel ${flags} -- ${params.name}`,
  )
  return { data }
}

async function* create(context: ModuleContext, params: Params): Steps {
  const { name } = params
  // useradd refuses to make a user whose own group exists, unless told to use it.
  const ownGroup = params.group === undefined ? await context.freshFact(groupFact, name) : null
  const flags = [
    ...option('-u', params.uid?.toString()),
    ...(params.non_unique ? ['-o'] : []),
    ...(params.group !== undefined ? ['-g', params.group] : ownGroup === null ? [] : ['-N', '-g', name]),
    ...(params.groups?.length ? ['-G', params.groups.join(',')] : []),
    ...option('-c', params.comment),
    ...option('-d', params.home),
    ...option('-s', params.shell),
    ...(params.system ? ['-r'] : []),
    ...(params.create_home ? ['-m'] : ['-M']),
    ...(params.create_home ? option('-k', params.skeleton) : []),
  ]
  const applied = yield* accountCommand(
    'user-failed',
    `create the user ${name}`,
    sh`useradd ${flags} -- ${name}`,
  )
  if (params.password !== undefined) yield* setPassword(name, params.password)
  if (params.password_lock)
    yield* accountCommand('user-failed', `lock the password of ${name}`, sh`usermod -L -- ${name}`)
  const made = applied ? await context.freshFact(userFact, name) : null
  return {
    data:
      made === null
        ? { name, state: 'present', create_home: params.create_home }
        : { ...userVars(made), create_home: params.create_home },
  }
}

async function* change(context: ModuleContext, params: Params, current: User): Steps {
  const { name } = params
  const parts: [string, string[]][] = []
  const differs = (wanted: string | undefined, found: string): wanted is string =>
    wanted !== undefined && wanted !== found
  if (differs(params.uid?.toString(), String(current.uid))) {
    parts.push([`number ${params.uid}`, ['-u', String(params.uid), ...(params.non_unique ? ['-o'] : [])]])
  }
  if (differs(params.group, current.group) && params.group !== String(current.gid)) {
    parts.push([`primary group ${params.group}`, ['-g', params.group]])
  }
  const groups = wantedGroups(params, current)
  if (groups !== null) parts.push([`groups ${groups.join(', ') || 'none'}`, ['-G', groups.join(',')]])
  if (differs(params.comment, current.comment))
    parts.push([`comment ${params.comment}`, ['-c', params.comment]])
  if (differs(params.home, current.home))
    parts.push([`home ${params.home}`, ['-d', params.home, ...(params.move_home ? ['-m'] : [])]])
  if (differs(params.shell, current.shell)) parts.push([`shell ${params.shell}`, ['-s', params.shell]])
  const lock = lockFlag(params, current)
  if (lock !== null) parts.push(lock)
  let changed = parts.length > 0
  if (changed) {
    const summary = `set ${parts.map(([what]) => what).join('; ')} of the user ${name}`
    yield* accountCommand(
      'user-failed',
      summary,
      sh`usermod ${parts.flatMap(([, flags]) => flags)} -- ${name}`,
    )
  }
  const hash = current.passwordHash
  if (
    params.password !== undefined &&
    params.update_password === 'always' &&
    hash?.replace(/^!(?=.)/, '') !== params.password
  ) {
    yield* setPassword(name, params.password)
    changed = true
  }
  const now = changed && !context.check ? await context.freshFact(userFact, name) : current
  const data = { ...userVars(now ?? current), append: params.append }
  return changed ? { data } : { data, why: `the user ${name} is as it should be` }
}

/** The full list of further groups to set, or null when they are as wanted. Groups may be given by number. */
function wantedGroups(params: Params, current: User): string[] | null {
  if (params.groups === undefined) return null
  const further = current.groups.filter((name) => name !== current.group)
  const asked = params.groups.filter((name) => name !== (params.group ?? current.group))
  const wanted = params.append ? [...new Set([...further, ...asked])] : asked
  const isSame = wanted.length === further.length && wanted.every((name) => further.includes(name))
  return isSame ? null : wanted
}

function lockFlag(params: Params, current: User): [string, string[]] | null {
  const isLocked = current.passwordHash?.startsWith('!') ?? false
  if (params.password_lock === true && !isLocked) return ['a locked password', ['-L']]
  // A bare ! is no password at all: there is nothing to unlock.
  if (params.password_lock === false && isLocked && current.passwordHash !== '!')
    return ['an unlocked password', ['-U']]
  return null
}

/** Over stdin: arguments of processes are readable by everybody. */
async function* setPassword(name: string, hash: string): Steps<void> {
  yield* accountCommand('user-failed', `set the password of ${name}`, {
    ...sh`chpasswd -e`,
    stdin: `${name}:${hash}\n`,
    masks: [hash],
  })
}

function option(flag: string, value: string | undefined): string[] {
  return value === undefined ? [] : [flag, value]
}

function userVars(found: User): Vars {
  return {
    name: found.name,
    state: 'present',
    uid: found.uid,
    group: found.gid,
    home: found.home,
    shell: found.shell,
    comment: found.comment,
    groups: found.groups.filter((name) => name !== found.group).join(','),
  }
}
