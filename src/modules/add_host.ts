import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Vars } from '../model/value.ts'
import { moduleFailure } from './failure.ts'
import { list } from './params.ts'
import { defineQuery } from './query.ts'
import { variableName } from './set_fact.ts'

const nameKeys = ['name', 'hostname', 'host'] as const
const groupKeys = ['groups', 'group', 'groupname'] as const

/** Ansible's `add_host`. */
export const addHost = defineQuery({
  name: 'add_host',
  doc: 'Adds a host, with groups and variables, to the inventory of this run.',
  params: z
    .object({
      name: z
        .string({ error: 'must be the name of a host' })
        .optional()
        .describe('Name of the host; name:port sets ansible_port.'),
      groups: list().optional().describe('Groups that it joins.'),
      group: list().optional().describe('The same as groups.'),
      groupname: list().optional().describe('The same as groups.'),
      hostname: z.string().optional().describe('The same as name.'),
      host: z.string().optional().describe('The same as name.'),
    })
    .catchall(z.json())
    .describe('Every other parameter is a variable of the host.'),
  returns: { add_host: 'host_name, groups and host_vars' },
  answer(context, params) {
    const given = nameKeys.flatMap((key) => params[key] ?? [])[0]
    if (given === undefined) throw moduleFailure('source-missing', 'add_host: the parameter name is missing')
    const match = /^([^:[\]]+|\[[^\]]+\])(?::(\d+))?$/.exec(given)
    const name = (match?.[1] ?? given).replace(/^\[(.*)\]$/, '$1')
    if (/^-|[\s;%]/.test(name))
      throw moduleFailure('invalid-variable-name', `${JSON.stringify(name)} cannot be the name of a host`)
    const groups = groupKeys.flatMap((key) => params[key] ?? [])
    const vars: Vars = Object.create(null)
    if (match?.[2] !== undefined) vars['ansible_port'] = Number(match[2])
    for (const [key, value] of Object.entries(params)) {
      if (![...nameKeys, ...groupKeys].some((known) => known === key) && value !== undefined)
        vars[variableName(key)] = value
    }
    const known = context.hosts().find((host) => host.name === name)
    const changed =
      known === undefined ||
      groups.some((group) => !known.groups.includes(group)) ||
      Object.entries(vars).some(([key, value]) => !isDeepStrictEqual(context.hostVar(name, key), value))
    return {
      changed,
      data: { add_host: { host_name: name, groups, host_vars: vars } },
      effects: { hosts: [{ name, groups, vars }] },
      ...(changed ? {} : { why: `${name} is in the inventory with these groups and variables` }),
    }
  },
})
