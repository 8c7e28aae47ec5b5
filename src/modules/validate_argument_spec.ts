import { z } from 'zod'
import { isMap } from '../config/schema/common.ts'
import type { Value, Vars } from '../model/value.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { argumentErrors } from './argument-spec.ts'
import { anything, parameters } from './params.ts'
import { defineQuery } from './query.ts'

const map = () => z.custom<Vars>(isMap, { error: 'must be a map' })

/** Ansible's `validate_argument_spec`: what a role with argument specs begins with. */
export const validateArgumentSpec = defineQuery({
  name: 'validate_argument_spec',
  doc: 'Checks variables against types, choices and requirements. A role with meta/argument_specs.yml begins with it.',
  params: parameters({
    argument_spec: map().describe('Name of a variable to its type, required, choices, elements and options.'),
    provided_arguments: map().optional().describe('Values that win over the variables of those names.'),
    validate_args_context: anything()
      .optional()
      .describe('Whose arguments they are; comes back in the result.'),
  }),
  returns: {
    msg: 'what came of it',
    argument_errors: 'everything that is wrong',
    validate_args_context: 'as given',
  },
  answer(context, { argument_spec: spec, provided_arguments: provided = {}, validate_args_context: around }) {
    const given = Object.keys(spec).flatMap((name): [string, Value][] => {
      const value = Object.hasOwn(provided, name) ? provided[name] : context.variable(name)
      return value === undefined ? [] : [[name, value]]
    })
    const errors = argumentErrors(spec, newDictionary(given))
    const data: Vars = { ...(around === undefined ? {} : { validate_args_context: around as Value }) }
    if (errors.length === 0)
      return {
        data: { ...data, msg: 'The arg spec validation passed' },
        changed: false,
        why: 'the arguments are as the role wants them',
      }
    return {
      data: { ...data, argument_errors: errors, argument_spec_data: spec },
      changed: false,
      failed: {
        reason: 'module',
        code: 'arguments-invalid',
        message: `Validation of arguments failed:\n${errors.join('\n')}`,
        hint: 'The role’s meta/argument_specs.yml says what it takes.',
      },
    }
  },
})
