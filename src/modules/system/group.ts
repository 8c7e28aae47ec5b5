import { group as groupFact } from '../../facts/group.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, parameters, text } from '../params.ts'
import { accountCommand } from './account-command.ts'

/** Ansible's `group`. */
export const group = defineModule({
  name: 'group',
  doc: 'Makes, changes or removes a group.',
  params: parameters({
    name: text().describe('Name of the group.'),
    state: choice(['present', 'absent']).default('present').describe('Whether it exists.'),
    gid: int().optional().describe('Its number.'),
    system: bool().default(false).describe('A group of the system: a low number, when none is given.'),
    non_unique: bool().default(false).describe('The number may belong to another group as well.'),
    force: bool().default(false).describe('Remove it although it is the primary group of a user.'),
  }),
  unsupported: ['local', 'gid_min', 'gid_max'],
  returns: {
    name: 'name',
    gid: 'number',
    state: 'present or absent',
    system: 'whether a system group was asked for',
  },
  async *run(context, params) {
    const { name } = params
    const current = await context.freshFact(groupFact, name)
    const data = (gid: number | null): Vars => ({ name, state: params.state, system: params.system, gid })
    if (params.state === 'absent') {
      if (current === null) return { data: data(null), why: `there is no group ${name}` }
      yield* accountCommand(
        'group-failed',
        `remove the group ${name}`,
        sh`groupdel ${params.force ? ['-f'] : []} -- ${name}`,
      )
      return { data: data(null) }
    }
    const unique = params.non_unique ? ['-o'] : []
    if (current === null) {
      const flags = [
        ...(params.gid === undefined ? [] : ['-g', String(params.gid)]),
        ...unique,
        ...(params.system ? ['-r'] : []),
      ]
      const applied = yield* accountCommand(
        'group-failed',
        `create the group ${name}`,
        sh`groupadd ${flags} -- ${name}`,
      )
      const made = applied ? await context.freshFact(groupFact, name) : null
      return { data: data(made?.gid ?? params.gid ?? null) }
    }
    if (params.gid === undefined || params.gid === current.gid)
      return { data: data(current.gid), why: `the group ${name} exists` }
    yield* accountCommand(
      'group-failed',
      `set the number of the group ${name} to ${params.gid}`,
      sh`groupmod -g ${params.gid} ${unique} -- ${name}`,
    )
    return { data: data(params.gid) }
  },
})
