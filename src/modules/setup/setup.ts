import { batchAnswer, batchCommand } from '../../facts/batch.ts'
import type { Vars } from '../../model/value.ts'
import { glob } from '../../util/glob.ts'
import { moduleFailure } from '../failure.ts'
import { int, list, parameters } from '../params.ts'
import { defineQuery, gathered } from '../query.ts'
import { type Subset, subsets } from './setup-subsets.ts'

/** Ansible's `setup`. */
export const setup = defineQuery({
  name: 'setup',
  aliases: ['gather_facts'],
  doc: 'Gathers facts of the host into ansible_facts, in one round trip. What a host does not say is left out.',
  params: parameters({
    gather_subset: list()
      .default(['all'])
      .describe(`all, min, or any of ${Object.keys(subsets).join(', ')}; ! in front leaves one out.`),
    filter: list()
      .default([])
      .describe('Only facts whose names match one of these patterns, with or without ansible_ in front.'),
    gather_timeout: int()
      .optional()
      .describe('Accepted for Ansible’s sake; facts have deadlines of their own.'),
  }),
  unsupported: ['fact_path'],
  returns: { ansible_facts: 'the facts, with names that start with ansible_' },
  async answer(context, params) {
    const chosen = chooseSubsets(params.gather_subset)
    const facts = [...new Set(chosen.flatMap((subset) => subset.facts))]
    const result = await context.run(batchCommand(facts))
    const answer = batchAnswer(result.stdout)
    const found: Vars = Object.assign(Object.create(null), ...chosen.map((subset) => subset.vars(answer)))
    if (Object.keys(found).length === 0) {
      throw moduleFailure(
        'fact-not-readable',
        `${context.host} said nothing about itself`,
        'is /bin/sh on the host a POSIX shell?',
        result.stderr,
      )
    }
    const kept = filtered(
      { ...found, gather_subset: params.gather_subset, module_setup: true },
      params.filter,
    )
    const named = Object.fromEntries(Object.entries(kept).map(([name, value]) => [`ansible_${name}`, value]))
    return gathered(named)
  },
})

/** Ansible's rules: `min` comes along unless it is left out by name, and a name wins over `!all`. */
function chooseSubsets(words: readonly string[]): Subset[] {
  const names = Object.keys(subsets)
  const unknown = words
    .map((word) => word.replace(/^!/, ''))
    .find((name) => name !== 'all' && !names.includes(name))
  if (unknown !== undefined) {
    throw moduleFailure(
      'fact-not-readable',
      `setup has no subset ${unknown}`,
      `known are all, ${names.join(', ')}`,
    )
  }
  const positive = words.filter((word) => !word.startsWith('!'))
  const isWanted = (name: string): boolean => {
    if (words.includes(`!${name}`)) return false
    if (name === 'min' || positive.includes(name)) return true
    if (words.includes('!all')) return false
    return positive.length === 0 || positive.includes('all')
  }
  return names.flatMap((name) => (isWanted(name) ? (subsets[name] ?? []) : []))
}

function filtered(facts: Vars, patterns: readonly string[]): Vars {
  if (patterns.length === 0) return facts
  const tests = patterns.map(glob)
  return Object.fromEntries(
    Object.entries(facts).filter(([name]) =>
      tests.some((test) => test.test(name) || test.test(`ansible_${name}`)),
    ),
  )
}
