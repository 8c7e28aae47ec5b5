import { z } from 'zod'
import type { ModuleContext } from '../model/module-context.ts'
import type { Value } from '../model/value.ts'
import { bool, parameters, text } from './params.ts'
import { defineQuery } from './query.ts'

const condition = z.union([z.string(), z.boolean()], { error: 'must be a condition' })
const words = z
  .union([text(), z.array(text())])
  .transform((value) => (Array.isArray(value) ? value.join('\n') : value))

/** Ansible's `assert`. */
export const assert = defineQuery({
  name: 'assert',
  doc: 'Fails unless every condition is true.',
  params: parameters(
    {
      that: z
        .union([condition, z.array(condition)], { error: 'must be a condition or a list of them' })
        .describe('Conditions, as in when: without braces.'),
      fail_msg: words.optional().describe('What to say when one is not true.'),
      success_msg: words.optional().describe('What to say when all are.'),
      quiet: bool().default(false).describe('Say nothing when all are true.'),
    },
    { aliases: { msg: 'fail_msg' } },
  ),
  rawParams: ['that'],
  returns: { msg: 'what came of it', assertion: 'the condition that failed', evaluated_to: 'what it was' },
  answer(context, params) {
    for (const that of Array.isArray(params.that) ? params.that : [params.that]) {
      const value = evaluated(context, that)
      if (value === true) continue
      const message = params.fail_msg ?? `assertion failed: ${that}`
      return {
        data: { assertion: that, evaluated_to: value, msg: params.fail_msg ?? 'Assertion failed' },
        failed: {
          reason: 'module',
          code: 'assertion-failed',
          message,
          ...(params.fail_msg === undefined ? {} : { details: `assertion: ${that}` }),
          ...(typeof value === 'boolean'
            ? {}
            : { hint: `a condition must be true or false, and this is ${JSON.stringify(value)}` }),
        },
      }
    }
    return {
      data: { msg: params.success_msg ?? 'All assertions passed' },
      changed: false,
      why: 'every condition is true',
    }
  },
})

function evaluated(context: ModuleContext, that: string | boolean): Value {
  if (typeof that === 'boolean') return that
  // Ansible warns about braces here and takes them.
  const bare = /^\s*\{\{(.*)\}\}\s*$/s.exec(that)?.[1] ?? that
  return context.evaluate(bare)
}
