import { yamlDocuments } from '../config/yaml.ts'
import type { Value } from '../model/value.ts'
import type { Filter } from './filter-arguments.ts'
import { define } from './filter-arguments.ts'
import { isDictionary, newDictionary, PythonObject, plain } from './runtime-value.ts'
import { TemplateError } from './template.ts'
import { yamlText } from './yaml-text.ts'

/** JSON as Python's `json.dumps` writes it: a space after `:` and `,`. */
export function compactJson(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(compactJson).join(', ')}]`
  if (isDictionary(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${jsonScalar(key)}: ${compactJson(item)}`)
    return `{${entries.join(', ')}}`
  }
  return jsonScalar(value)
}

/** Python escapes everything outside ASCII. */
function jsonScalar(value: Value): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function sortKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map(sortKeys)
  if (!isDictionary(value)) return value
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return newDictionary(keys.map((key): [string, Value] => [key, sortKeys(value[key] ?? null)]))
}

function niceJson(value: Value, indent: number): string {
  return JSON.stringify(value, null, indent)
}

/** Text from outside becomes data; every mapping is safe to index with any name. */
export function parseJson(text: string): Value {
  try {
    return JSON.parse(text, (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? newDictionary(Object.entries(value as { [key: string]: Value }))
        : value,
    ) as Value
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new TemplateError(`'from_json' cannot read its input: ${why}`)
  }
}

function documentsOf(text: string, filter: string, most?: number): Value[] {
  const documents = yamlDocuments(text, filter, most)
  if (documents.ok) return documents.value
  const [first] = documents.error
  const line = first?.location === undefined ? '' : `line ${first.location.line}: `
  throw new TemplateError(`'${filter}' cannot read its input: ${line}${first?.message ?? ''}`)
}

const jsonParameters = ['indent', 'sort_keys', 'ensure_ascii']

function toJson(input: Value, indent: number | null, sort: boolean): string {
  const value = sort ? sortKeys(input) : input
  return indent === null ? compactJson(value) : niceJson(value, indent)
}

/** Filters between data and text. */
export const dataFilters: readonly (readonly [string, Filter])[] = [
  define('to_json', jsonParameters, (input, args) =>
    toJson(input, args.has('indent') ? args.number('indent') : null, args.flag('sort_keys')),
  ),
  define('to_nice_json', jsonParameters, (input, args) =>
    toJson(input, args.number('indent', 4), args.flag('sort_keys', true)),
  ),
  define('tojson', ['indent'], (input, args) =>
    toJson(input, args.has('indent') ? args.number('indent') : null, true),
  ),
  define('from_json', [], (input) => (typeof input === 'string' ? parseJson(input) : input)),
  define('from_yaml', [], (input) =>
    typeof input === 'string' ? (documentsOf(input, 'from_yaml', 1)[0] ?? null) : input,
  ),
  define('from_yaml_all', [], (input) =>
    typeof input === 'string' ? documentsOf(input, 'from_yaml_all') : input,
  ),
  define('to_yaml', ['indent', 'sort_keys', 'default_flow_style', 'width'], (input, args) =>
    yamlText(
      input,
      args.number('indent', 2),
      args.flag('sort_keys', true),
      args.value('default_flow_style', null) === null
        ? 'innermost'
        : args.flag('default_flow_style')
          ? 'always'
          : 'never',
    ),
  ),
  define('to_nice_yaml', ['indent', 'sort_keys', 'width'], (input, args) =>
    yamlText(input, args.number('indent', 4), args.flag('sort_keys', true)),
  ),
  ['type_debug', (input) => (input instanceof PythonObject ? input.type : pythonType(plain(input)))],
]

function pythonType(value: Value): string {
  if (value === null) return 'NoneType'
  if (typeof value === 'string') return 'str'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  return Array.isArray(value) ? 'list' : 'dict'
}
