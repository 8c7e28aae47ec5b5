import type { Value } from '../model/value.ts'
import type { Filter } from './filter-arguments.ts'
import { define, FilterArguments, listOf } from './filter-arguments.ts'
import type { Runtime } from './runtime-value.ts'
import { plain } from './runtime-value.ts'
import { TemplateError } from './template.ts'

/** More than this is a mistake, not a list: five lists of ten are 100 000. */
const mostArrangements = 100_000

/** Filters that put the items of lists side by side: in rows, in pairs, in every order. */
export const arrangementFilters: readonly (readonly [string, Filter])[] = [
  define('batch', ['linecount', 'fill_with'], (input, args) => {
    const values = listOf(input, 'batch')
    const size = Math.max(1, args.number('linecount'))
    const rows: Value[][] = []
    for (let at = 0; at < values.length; at += size) rows.push(values.slice(at, at + size))
    const last = rows.at(-1)
    if (last !== undefined && args.has('fill_with'))
      while (last.length < size) last.push(args.value('fill_with'))
    return rows
  }),
  define('slice', ['slices', 'fill_with'], (input, args) => {
    const values = listOf(input, 'slice')
    const columns = wholeNumber(args.value('slices'), 'slice', 1)
    const each = Math.floor(values.length / columns)
    const longer = values.length % columns
    return Array.from({ length: columns }, (_, index): Value => {
      const start = index * each + Math.min(index, longer)
      const column = values.slice(start, start + each + (index < longer ? 1 : 0))
      return args.has('fill_with') && index >= longer ? [...column, args.value('fill_with')] : column
    })
  }),
  [
    'zip',
    (input, positional) => {
      const lists = listsOf(input, positional, 'zip')
      return rows(lists, Math.min(...lists.map((list) => list.length)), null)
    },
  ],
  [
    'zip_longest',
    (input, positional, named) => {
      const lists = listsOf(input, positional, 'zip_longest')
      const args = new FilterArguments('zip_longest', ['fillvalue'], [], named)
      return rows(lists, Math.max(...lists.map((list) => list.length)), args.value('fillvalue', null))
    },
  ],
  [
    'product',
    (input, positional, named) => {
      const lists = listsOf(input, positional, 'product')
      const args = new FilterArguments('product', ['repeat'], [], named)
      const repeated = Array.from(
        { length: wholeNumber(args.value('repeat', 1), 'product', 0) },
        () => lists,
      ).flat()
      bounded(
        'product',
        repeated.reduce((count, list) => count * list.length, 1),
      )
      return repeated.reduce<Value[][]>(
        (found, list) => found.flatMap((row) => list.map((value) => [...row, value])),
        [[]],
      )
    },
  ],
  define('combinations', ['set_size'], (input, args) => {
    const values = listOf(input, 'combinations')
    const size = wholeNumber(args.value('set_size'), 'combinations', 0)
    bounded('combinations', arrangements(values.length, size) / arrangements(size, size))
    return chosen(values, size, (_, index) => values.slice(index + 1))
  }),
  define('permutations', ['set_size'], (input, args) => {
    const values = listOf(input, 'permutations')
    const size = wholeNumber(args.value('set_size', values.length), 'permutations', 0)
    bounded('permutations', arrangements(values.length, size))
    return chosen(values, size, (from, index) => from.filter((_, at) => at !== index))
  }),
]

function listsOf(input: Runtime, more: readonly Runtime[], filter: string): (readonly Value[])[] {
  return [input, ...more].map((value) => listOf(plain(value), filter))
}

function rows(lists: readonly (readonly Value[])[], length: number, fill: Value): Value[] {
  return Array.from({ length }, (_, index): Value => lists.map((list) => list[index] ?? fill))
}

/** In Python's order: by place in the list, not by value. `rest` tells what may follow the item at a place. */
function chosen(
  from: readonly Value[],
  size: number,
  rest: (from: readonly Value[], index: number) => readonly Value[],
): Value[][] {
  if (size === 0) return [[]]
  return from.flatMap((value, index) =>
    chosen(rest(from, index), size - 1, rest).map((row) => [value, ...row]),
  )
}

/** In how many orders so many of the items can be taken. */
function arrangements(items: number, taken: number): number {
  let count = 1
  for (let left = items; left > items - taken; left -= 1) count *= left
  return count
}

function bounded(filter: string, count: number): void {
  if (count > mostArrangements)
    throw new TemplateError(`'${filter}' would make ${count} lists; the limit is ${mostArrangements}`)
}

function wholeNumber(value: Value, filter: string, least: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value
  throw new TemplateError(`'${filter}' needs a whole number of at least ${least}`)
}
