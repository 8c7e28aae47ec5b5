import type { Filter } from './filter-arguments.ts'
import { FilterArguments } from './filter-arguments.ts'
import { arrangementFilters } from './filters-of-arrangements.ts'
import { chanceFilters } from './filters-of-chance.ts'
import { collectionFilters } from './filters-of-collections.ts'
import { dataFilters } from './filters-of-data.ts'
import { encodingFilters } from './filters-of-encodings.ts'
import { numberFilters } from './filters-of-numbers.ts'
import { pathFilters } from './filters-of-paths.ts'
import { regexFilters } from './filters-of-regex.ts'
import { textFilters } from './filters-of-text.ts'
import { timeFilters } from './filters-of-time.ts'
import { isTruthy, plain, Undefined } from './runtime-value.ts'
import { TemplateError } from './template.ts'

const withDefault: Filter = (input, positional, named) => {
  const fallback = positional[0] ?? named.get('default_value') ?? named.get('value') ?? ''
  const flag = positional[1] ?? named.get('boolean') ?? false
  if (input instanceof Undefined) return fallback
  return isTruthy(plain(flag)) && !isTruthy(plain(input)) ? fallback : input
}

const mandatory: Filter = (input, positional, named) => {
  if (!(input instanceof Undefined)) return input
  const args = new FilterArguments('mandatory', ['msg'], positional, named)
  throw new TemplateError(args.text('msg', `'${input.undefinedName}' is mandatory and not defined`), {
    undefinedName: input.undefinedName,
  })
}

/** The values may be names that do not exist, as long as they are not the one chosen. */
const ternary: Filter = (input, positional, named) => {
  const value = plain(input)
  const [yes, no, none] = ['true_val', 'false_val', 'none_val'].map(
    (name, index) => positional[index] ?? named.get(name),
  )
  if (value === null && none !== undefined) return none
  const chosen = isTruthy(value) ? yes : no
  if (chosen === undefined) throw new TemplateError("'ternary' needs two values")
  return chosen
}

/** Every filter by name: Jinja2's and those of Ansible that people use. */
export const filters: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ['default', withDefault],
  ['d', withDefault],
  ['mandatory', mandatory],
  ['ternary', ternary],
  ...textFilters,
  ...regexFilters,
  ...encodingFilters,
  ...pathFilters,
  ...timeFilters,
  ...numberFilters,
  ...chanceFilters,
  ...collectionFilters,
  ...arrangementFilters,
  ...dataFilters,
])
