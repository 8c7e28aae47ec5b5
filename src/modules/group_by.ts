import { list, parameters, text } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `group_by`. */
export const groupBy = defineQuery({
  name: 'group_by',
  doc: 'Puts the host into a group that a value names, for the rest of the run.',
  params: parameters({
    key: text().describe('Name of the group; blanks become dashes.'),
    parents: list()
      .default(['all'])
      .refine((parents) => parents.join() === 'all', {
        error: 'must be all: hvlab makes no groups of groups at run time',
      })
      .describe('Only all.'),
  }),
  returns: { add_group: 'the group' },
  answer(context, params) {
    const group = params.key.replaceAll(' ', '-')
    const changed = !context.hosts().some((host) => host.name === context.host && host.groups.includes(group))
    return {
      changed,
      data: { add_group: group },
      effects: { hosts: [{ name: context.host, groups: [group], vars: {} }] },
      ...(changed ? {} : { why: `${context.host} is in the group ${group}` }),
    }
  },
})
