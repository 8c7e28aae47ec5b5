import { z } from 'zod'
import type { Vars } from '../model/value.ts'
import { moduleFailure } from './failure.ts'
import { bool } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `set_fact`. */
export const setFact = defineQuery({
  name: 'set_fact',
  doc: 'Sets variables of the host for the rest of the run.',
  params: z
    .object({
      cacheable: bool().optional().describe('Only no is supported: facts are not kept between runs.'),
    })
    .catchall(z.json()),
  returns: { ansible_facts: 'the variables' },
  answer(_context, { cacheable, ...given }) {
    if (cacheable === true) {
      throw moduleFailure(
        'cacheable-unsupported',
        'set_fact: hvlab does not keep facts between runs',
        'remove cacheable',
      )
    }
    const vars: Vars = Object.create(null)
    for (const [name, value] of Object.entries(given)) vars[variableName(name)] = value
    return {
      changed: false,
      data: { ansible_facts: vars },
      effects: { vars },
      why: 'variables are no change to the host',
    }
  },
})

export function variableName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw moduleFailure(
    'invalid-variable-name',
    `${JSON.stringify(name)} cannot be the name of a variable`,
    'letters, digits and underscores, not starting with a digit',
  )
}
