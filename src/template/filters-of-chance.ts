import type { Value } from '../model/value.ts'
import type { Filter, FilterArguments } from './filter-arguments.ts'
import { define, listOf } from './filter-arguments.ts'
import type { RandomSource } from './python-random.ts'
import { seededRandom, systemRandom } from './python-random.ts'
import { pythonRepr } from './python-text.ts'
import { isTruthy, typeName } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** Filters of chance. With a `seed` they give what Ansible gives for it. */
export const chanceFilters: readonly (readonly [string, Filter])[] = [
  define('random', ['start', 'step', 'seed'], (input, args) => {
    const source = sourceOf(args, 'random')
    if (typeof input === 'number')
      return input === Math.trunc(input) ? numberFrom(input, args, source) : refuse(input)
    const values = typeof input === 'boolean' || input === null ? refuse(input) : listOf(input, 'random')
    if (args.has('start') || args.has('step')) {
      throw new TemplateError("'start' and 'step' of 'random' are for numbers only")
    }
    const chosen = values.length === 0 ? undefined : values[source.below(values.length)]
    if (chosen === undefined) throw new TemplateError("'random' of an empty list")
    return chosen
  }),
  define('shuffle', ['seed'], (input, args) => {
    const values = [...listOf(input, 'shuffle')]
    const source = sourceOf(args, 'shuffle')
    for (let index = values.length - 1; index > 0; index -= 1) {
      const other = source.below(index + 1)
      const moved = values[index] ?? null
      values[index] = values[other] ?? null
      values[other] = moved
    }
    return values
  }),
]

function refuse(value: Value): never {
  throw new TemplateError(`'random' needs a list or a whole number, not ${typeName(value)}`)
}

function sourceOf(args: FilterArguments, filter: string): RandomSource {
  const seed = args.value('seed', null)
  // Ansible's `shuffle` takes an empty seed for none.
  if (seed === null || (filter === 'shuffle' && !isTruthy(seed))) return systemRandom
  if (typeof seed === 'string' || (typeof seed === 'number' && Number.isSafeInteger(seed)))
    return seededRandom(seed)
  throw new TemplateError(`the seed of '${filter}' must be text or a whole number, not ${pythonRepr(seed)}`)
}

/** Python's `randrange(start, end, step)`. */
function numberFrom(end: number, args: FilterArguments, source: RandomSource): number {
  const start = Number(args.value('start', 0))
  const step = Number(args.value('step', 1)) || 1
  const count = Math.ceil((end - start) / step)
  if (!(count > 0)) throw new TemplateError(`'random' has no number from ${start} to ${end} by ${step}`)
  return start + step * source.below(count)
}
