import type { Value } from '../model/value.ts'
import type { CallContext } from './call-context.ts'
import type { Filter } from './filter-arguments.ts'
import { define, dictionaryOf, FilterArguments, listOf } from './filter-arguments.ts'
import { isEqual, order } from './operators.ts'
import { pythonText } from './python-text.ts'
import type { Runtime } from './runtime-value.ts'
import { isDictionary, isTruthy, newDictionary, plain, typeName, Undefined } from './runtime-value.ts'
import { subelements } from './subelements.ts'
import { TemplateError } from './template.ts'

function unique(values: readonly Value[]): Value[] {
  const kept: Value[] = []
  for (const value of values) if (!holds(kept, value)) kept.push(value)
  return kept
}

const holds = (values: readonly Value[], value: Value): boolean =>
  values.some((other) => isEqual(other, value))

function flatten(values: readonly Value[], levels: number, skipNulls: boolean): Value[] {
  return values.flatMap((value) => {
    if (skipNulls && value === null) return []
    return Array.isArray(value) && levels !== 0 ? flatten(value, levels - 1, skipNulls) : [value]
  })
}

function sortKey(
  value: Value,
  attribute: string | null,
  caseSensitive: boolean,
  context: CallContext,
): Value[] {
  const names = attribute === null ? [] : attribute.split(',')
  const keys =
    names.length === 0 ? [value] : names.map((name) => plain(context.attribute(value, name.trim())))
  return keys.map((key) => (typeof key === 'string' && !caseSensitive ? key.toLowerCase() : key))
}

function sorted(values: readonly Value[], key: (value: Value) => Value, reverse: boolean): Value[] {
  const items = values.map((value, index) => ({ value, key: key(value), index }))
  items.sort((a, b) => (reverse ? order(b.key, a.key) : order(a.key, b.key)) || a.index - b.index)
  return items.map((item) => item.value)
}

/** `select`, `reject` and their `attr` forms. */
function selection(name: string, keeps: boolean, byAttribute: boolean): readonly [string, Filter] {
  return [
    name,
    (input, positional, named, context) => {
      const values = listOf(plain(input), name)
      const path = byAttribute ? String(plain(positional[0] ?? null)) : null
      const test = positional[byAttribute ? 1 : 0]
      const args = positional.slice(byAttribute ? 2 : 1)
      return values.filter((value) => {
        const subject: Runtime = path === null ? value : context.attribute(value, path)
        const passes =
          test === undefined
            ? isTruthy(subject instanceof Undefined ? null : plain(subject))
            : context.test(String(plain(test)), subject, args, named)
        return passes === keeps
      })
    },
  ]
}

const map: Filter = (input, positional, named, context) => {
  const values = listOf(plain(input), 'map')
  const path = named.get('attribute')
  if (path !== undefined) {
    const fallback = named.get('default')
    return values.map((value) => {
      const found = context.attribute(value, String(plain(path)))
      return plain(found instanceof Undefined && fallback !== undefined ? fallback : found)
    })
  }
  const [filter, ...args] = positional
  if (filter === undefined) throw new TemplateError("'map' needs a filter's name or attribute=")
  return values.map((value) => plain(context.filter(String(plain(filter)), value, args, named)))
}

const combine: Filter = (input, positional, named) => {
  const args = new FilterArguments('combine', ['recursive', 'list_merge'], [], named)
  const recursive = args.flag('recursive')
  const listMerge = args.text('list_merge', 'replace')
  const all = [plain(input), ...positional.map((value) => plain(value))].flatMap((value) =>
    Array.isArray(value) ? value : [value],
  )
  return all
    .map((value) => dictionaryOf(value, 'combine'))
    .reduce<Value>((merged, value) => merge(merged, value, recursive, listMerge), newDictionary())
}

function merge(left: Value, right: Value, recursive: boolean, lists: string): Value {
  if (!isDictionary(left) || !isDictionary(right)) return right
  const result = newDictionary(Object.entries(left))
  for (const [key, value] of Object.entries(right)) {
    const old = Object.hasOwn(result, key) ? (result[key] ?? null) : undefined
    if (old !== undefined && recursive && isDictionary(old) && isDictionary(value)) {
      result[key] = merge(old, value, recursive, lists)
    } else if (Array.isArray(old) && Array.isArray(value)) {
      result[key] = mergeLists(old, value, lists)
    } else {
      result[key] = value
    }
  }
  return result
}

function mergeLists(old: readonly Value[], value: readonly Value[], how: string): Value[] {
  switch (how) {
    case 'replace':
      return [...value]
    case 'keep':
      return [...old]
    case 'append':
      return [...old, ...value]
    case 'prepend':
      return [...value, ...old]
    case 'append_rp':
      return [...old.filter((item) => !holds(value, item)), ...value]
    case 'prepend_rp':
      return [...value, ...old.filter((item) => !holds(value, item))]
    default:
      throw new TemplateError(`'combine' does not know list_merge '${how}'`)
  }
}

function setFilter(
  name: string,
  apply: (left: readonly Value[], right: readonly Value[]) => readonly Value[],
): readonly [string, Filter] {
  return define(name, ['other'], (input, args) =>
    unique(apply(listOf(input, name), listOf(args.value('other'), name))),
  )
}

/** Filters of lists and dictionaries. */
export const collectionFilters: readonly (readonly [string, Filter])[] = [
  ['map', map],
  ['combine', combine],
  selection('select', true, false),
  selection('reject', false, false),
  selection('selectattr', true, true),
  selection('rejectattr', false, true),
  define('length', [], (input) => lengthOf(input)),
  define('count', [], (input) => lengthOf(input)),
  define('first', [], (input) => endOf(listOf(input, 'first'), 0, 'first')),
  define('last', [], (input) => endOf(listOf(input, 'last'), -1, 'last')),
  define('list', [], (input) => [...listOf(input, 'list')]),
  define('join', ['d', 'attribute'], (input, args, context) =>
    listOf(input, 'join')
      .map((value) =>
        args.has('attribute') ? plain(context.attribute(value, args.text('attribute'))) : value,
      )
      .map((value) => (value === null ? 'None' : pythonText(value)))
      .join(args.text('d', '')),
  ),
  define('reverse', [], (input) =>
    typeof input === 'string' ? [...input].reverse().join('') : [...listOf(input, 'reverse')].reverse(),
  ),
  define('sort', ['reverse', 'case_sensitive', 'attribute'], (input, args, context) => {
    const attribute = args.has('attribute') ? args.text('attribute') : null
    return sorted(
      listOf(input, 'sort'),
      (value) => sortKey(value, attribute, args.flag('case_sensitive'), context),
      args.flag('reverse'),
    )
  }),
  define('unique', ['case_sensitive', 'attribute'], (input, args, context) => {
    const values = listOf(input, 'unique')
    if (!args.has('attribute')) return unique(values)
    const seen: Value[] = []
    return values.filter((value) => {
      const key = plain(context.attribute(value, args.text('attribute')))
      if (holds(seen, key)) return false
      seen.push(key)
      return true
    })
  }),
  setFilter('union', (left, right) => [...left, ...right]),
  setFilter('intersect', (left, right) => left.filter((value) => holds(right, value))),
  setFilter('difference', (left, right) => left.filter((value) => !holds(right, value))),
  setFilter('symmetric_difference', (left, right) => [
    ...left.filter((value) => !holds(right, value)),
    ...right.filter((value) => !holds(left, value)),
  ]),
  define('flatten', ['levels', 'skip_nulls'], (input, args) =>
    flatten(
      listOf(input, 'flatten'),
      args.has('levels') ? args.number('levels') : -1,
      args.flag('skip_nulls', true),
    ),
  ),
  define('dict2items', ['key_name', 'value_name'], (input, args) =>
    Object.entries(dictionaryOf(input, 'dict2items')).map(([key, value]) =>
      newDictionary([
        [args.text('key_name', 'key'), key],
        [args.text('value_name', 'value'), value],
      ]),
    ),
  ),
  define('items2dict', ['key_name', 'value_name'], (input, args) =>
    newDictionary(
      listOf(input, 'items2dict').map((entry): [string, Value] => {
        const item = dictionaryOf(entry, 'items2dict')
        const [key, value] = [item[args.text('key_name', 'key')], item[args.text('value_name', 'value')]]
        if (key === undefined || value === undefined) {
          throw new TemplateError("'items2dict' needs items with a key and a value")
        }
        return [pythonText(key), value]
      }),
    ),
  ),
  define('items', [], (input) =>
    Object.entries(dictionaryOf(input, 'items')).map(([key, value]): Value => [key, value]),
  ),
  define('dictsort', ['case_sensitive', 'by', 'reverse'], (input, args) => {
    const entries = Object.entries(dictionaryOf(input, 'dictsort')).map(([key, value]): Value => [key, value])
    const place = args.text('by', 'key') === 'value' ? 1 : 0
    const key = (entry: Value): Value => {
      const part = Array.isArray(entry) ? (entry[place] ?? null) : null
      return typeof part === 'string' && !args.flag('case_sensitive') ? part.toLowerCase() : part
    }
    return sorted(entries, key, args.flag('reverse'))
  }),
  define('groupby', ['attribute', 'default'], (input, args, context) => {
    const keyed = listOf(input, 'groupby').map((value) => {
      const found = context.attribute(value, args.text('attribute'))
      return {
        value,
        key: found instanceof Undefined && args.has('default') ? args.value('default') : plain(found),
      }
    })
    const keys = sorted(unique(keyed.map(({ key }) => key)), (key) => key, false)
    return keys.map(
      (key): Value => [key, keyed.filter((item) => isEqual(item.key, key)).map(({ value }) => value)],
    )
  }),
  define('subelements', ['path', 'skip_missing'], (input, args) => {
    const path = args.value('path')
    const joined = Array.isArray(path) ? path.map(pythonText).join('.') : pythonText(path)
    return subelements(input, joined, args.flag('skip_missing'))
  }),
  define('rekey_on_member', ['key', 'duplicates'], (input, args) => {
    const key = args.text('key')
    const result = newDictionary()
    for (const value of isDictionary(input) ? Object.values(input) : listOf(input, 'rekey_on_member')) {
      const item = dictionaryOf(value, 'rekey_on_member')
      const name = Object.hasOwn(item, key) ? item[key] : undefined
      if (name === undefined) throw new TemplateError(`'rekey_on_member' found an item without '${key}'`)
      const text = pythonText(name)
      if (Object.hasOwn(result, text) && args.text('duplicates', 'error') !== 'overwrite') {
        throw new TemplateError(`'rekey_on_member' found '${text}' twice`)
      }
      result[text] = item
    }
    return result
  }),
  [
    'extract',
    (input, positional, _named, context) => {
      const container = positional[0]
      if (container === undefined) throw new TemplateError("'extract' needs the container to take from")
      const more = positional[1] === undefined ? [] : plain(positional[1])
      const path = [plain(input), ...(Array.isArray(more) ? more : [more])].map((part) => String(part))
      return path.reduce<Runtime>((object, part) => context.attribute(object, part), container)
    },
  ],
]

function endOf(values: readonly Value[], index: number, filter: string): Runtime {
  const value = values.at(index)
  return value === undefined ? new Undefined(`'${filter}' of an empty list`, filter) : value
}

function lengthOf(value: Value): number {
  if (typeof value === 'string') return [...value].length
  if (Array.isArray(value)) return value.length
  if (isDictionary(value)) return Object.keys(value).length
  throw new TemplateError(`a ${typeName(value)} has no length`)
}
