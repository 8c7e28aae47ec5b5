import { randomInt } from 'node:crypto'
import type { Value } from '../model/value.ts'
import { listOf } from './filter-arguments.ts'
import { percentFormat } from './percent-format.ts'
import { pythonText } from './python-text.ts'
import { isDictionary, isTruthy, newDictionary, typeName } from './runtime-value.ts'
import { withoutSubelements } from './subelements.ts'
import { TemplateError } from './template.ts'

/** Look-ups that make a list of what they are given: `with_nested` and its kin. */
export const listLookups: readonly (readonly [string, (terms: readonly Value[]) => Value[]])[] = [
  ['dict', (terms) => terms.flatMap(pairs)],
  ['flattened', flattened],
  ['indexed_items', (terms) => (terms.flat() as Value[]).map((item, index): Value => [index, item])],
  ['items', (terms) => terms.flat() as Value[]],
  ['list', (terms) => [...terms]],
  ['nested', nested],
  ['random_choice', (terms) => (terms.length === 0 ? [] : [terms[randomInt(terms.length)] ?? null])],
  ['sequence', (terms) => terms.flatMap((term) => sequence(pythonText(term)))],
  ['subelements', ofSubelements],
  ['together', together],
]

/** A list ends at the words None and null, in Ansible, too. */
function flattened(terms: readonly Value[]): Value[] {
  const end = terms.findIndex((term) => term === 'None' || term === 'null')
  const kept = end === -1 ? terms : terms.slice(0, end)
  return kept.flatMap((term) => (Array.isArray(term) ? flattened(term) : [term]))
}

function pairs(term: Value): Value[] {
  if (!isDictionary(term)) throw new TemplateError(`'dict' needs a dictionary, not ${typeName(term)}`)
  return Object.entries(term).map(([key, value]) =>
    newDictionary([
      ['key', key],
      ['value', value],
    ]),
  )
}

function nested(terms: readonly Value[]): Value[] {
  return terms
    .map((term) => (Array.isArray(term) ? term : [term]))
    .reduce<Value[][]>((rows, list) => rows.flatMap((row) => list.map((item) => [...row, item])), [[]])
}

/** A list that is shorter than the others is filled up with none. */
function together(terms: readonly Value[]): Value[] {
  const lists = terms.map((term) => listOf(term, 'together'))
  const length = Math.max(0, ...lists.map((list) => list.length))
  return Array.from({ length }, (_, index): Value => lists.map((list) => list[index] ?? null))
}

function ofSubelements([from = null, path = null, options = null]: readonly Value[]): Value[] {
  if (typeof path !== 'string')
    throw new TemplateError("'subelements' needs a list and the name of a list in it")
  return withoutSubelements(from, path, isDictionary(options) && isTruthy(options['skip_missing'] ?? false))
}

/** `start=1 end=10 stride=2 format=web%02d`, or `1-10/2:web%02d`, or `10`. Ansible gives text. */
function sequence(text: string): string[] {
  const given = new Map([...text.matchAll(/(\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]))
  const short = /^(?:(\w+)-)?(\w+)(?:\/(-?\d+))?(?::(.+))?$/.exec(text.trim())
  const [, first, last, step, shape] = given.size > 0 || short === null ? [] : short
  const number = (written: string | undefined): number | undefined =>
    written === undefined ? undefined : Number(written.replace(/^(-?)0(?=\d)/, '$10o'))
  const start = number(given.get('start') ?? first) ?? 1
  const stride = number(given.get('stride') ?? step) ?? 1
  const count = number(given.get('count'))
  const end =
    number(given.get('end') ?? last) ?? (count === undefined ? Number.NaN : start + stride * (count - 1))
  if (![start, end, stride].every(Number.isInteger) || (stride === 0 && start !== end)) {
    throw new TemplateError(`'sequence' does not understand '${text}'`)
  }
  const length = stride === 0 ? 0 : Math.max(0, Math.floor((end - start) / stride) + 1)
  if (length > 100_000) throw new TemplateError(`'sequence' of ${length} numbers passes the limit of 100000`)
  const format = given.get('format') ?? shape ?? '%d'
  return Array.from({ length }, (_, index) => percentFormat(format, [start + index * stride]))
}
