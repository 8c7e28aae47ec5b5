import type { ModuleContext } from '../model/module-context.ts'
import type { Value, Vars } from '../model/value.ts'
import { TemplateError } from '../template/template.ts'
import { anything, int, parameters, text } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `debug`. */
export const debug = defineQuery({
  name: 'debug',
  doc: 'Shows a message or the value of a variable.',
  params: parameters(
    {
      msg: anything().optional().describe('What to show. Default: Hello world!'),
      var: text().optional().describe('A variable or expression to show, without braces.'),
      verbosity: int().default(0).describe('Shown only when the run is at least this verbose (-v counts).'),
    },
    { exclusive: [['msg', 'var']] },
  ),
  rawParams: ['var'],
  returns: { msg: 'the message; with var, a key with its name and value' },
  answer(context, params) {
    if (params.verbosity > Number(context.variable('ansible_verbosity') ?? 0)) {
      return { skipped: `shown only with ${`-${'v'.repeat(params.verbosity)}`}` }
    }
    const data: Vars =
      params.var === undefined
        ? { msg: params.msg ?? 'Hello world!' }
        : { [params.var]: valueFor(context, params.var) }
    const [name = '', value = null] = Object.entries(data)[0] ?? []
    const shown = typeof value === 'string' ? value : JSON.stringify(value, null, 2)
    context.note('info', params.var === undefined ? shown : `${name}: ${shown}`)
    return { data, changed: false, why: 'debug changes nothing' }
  },
})

/** Ansible says this of an undefined variable instead of failing. */
function valueFor(context: ModuleContext, expression: string): Value {
  const bare = /^\s*\{\{(.*)\}\}\s*$/s.exec(expression)?.[1] ?? expression
  try {
    return context.evaluate(bare)
  } catch (error) {
    if (error instanceof TemplateError && error.undefinedName !== undefined) return 'VARIABLE IS NOT DEFINED!'
    throw error
  }
}
