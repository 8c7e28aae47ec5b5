import type { Value } from '../model/value.ts'
import { FilterArguments } from './filter-arguments.ts'
import { compare, contains, isEqual } from './operators.ts'
import { pythonRegex } from './python-regex.ts'
import { pythonText } from './python-text.ts'
import type { Runtime } from './runtime-value.ts'
import { Callable, isDictionary, isTruthy, plain, typeName, Undefined } from './runtime-value.ts'
import type { ComparisonOperator } from './syntax-tree.ts'
import { LazyMap, TemplateError } from './template.ts'
import { fileTests, isSameFile } from './tests-of-files.ts'
import { urlParts } from './url-parts.ts'
import { compareSemanticVersions, compareVersions } from './version.ts'

export type Test = (input: Runtime, args: readonly Runtime[]) => boolean

/** A test over plain values. */
function test(
  name: string,
  apply: (input: Value, args: readonly Value[]) => boolean,
): readonly [string, Test] {
  return [
    name,
    (input, args) =>
      apply(
        plain(input),
        args.map((value) => plain(value)),
      ),
  ]
}

function comparing(
  operator: ComparisonOperator,
  ...names: readonly string[]
): readonly (readonly [string, Test])[] {
  return names.map((name) => test(name, (input, args) => compare(operator, input, needed(args, name))))
}

function needed(args: readonly Value[], name: string): Value {
  const value = args[0]
  if (value === undefined) throw new TemplateError(`test '${name}' needs an argument`)
  return value
}

/** What a registered result says. A result without the key is the opposite: `{}` is succeeded, not failed. */
function resultFlag(name: string, key: string, wanted: boolean): readonly [string, Test] {
  return test(name, (input) => {
    if (!isDictionary(input)) {
      throw new TemplateError(`test '${name}' needs a registered result, not a ${typeName(input)}`)
    }
    return isTruthy(Object.hasOwn(input, key) ? (input[key] ?? null) : null) === wanted
  })
}

function matching(name: string, how: 'match' | 'search' | 'fullmatch'): readonly [string, Test] {
  return test(name, (input, args) => {
    const source = pythonText(needed(args, name))
    const pattern = pythonRegex(how === 'fullmatch' ? `(?:${source})$` : source, {
      ignoreCase: isTruthy(args[1] ?? false),
      multiline: isTruthy(args[2] ?? false),
      flags: how === 'search' ? '' : 'y',
    })
    return pattern.test(pythonText(input))
  })
}

/** Any text is one for Python's `urlparse`, unless the scheme must be one of a list. */
function isUri(value: Value, schemes: Value): boolean {
  if (schemes === null) return true
  if (!Array.isArray(schemes)) throw new TemplateError('the schemes of a URI are a list')
  return schemes.includes(urlParts(pythonText(value))['scheme'] ?? '')
}

const isNumber = (value: Value): value is number => typeof value === 'number'

/** Every test by name: Jinja2's and those of Ansible that need no look at a host. */
export const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['defined', (input) => !(input instanceof Undefined)],
  ['undefined', (input) => input instanceof Undefined],
  ['mapping', (input) => input instanceof LazyMap || isDictionary(plain(input))],
  ['callable', (input) => input instanceof Callable],
  ['none', (input) => plain(input) === null],
  test('string', (value) => typeof value === 'string'),
  // In Python true and false are numbers.
  test('number', (value) => isNumber(value) || typeof value === 'boolean'),
  test('nan', (value) => Number.isNaN(value)),
  test('isnan', (value) => Number.isNaN(value)),
  test('integer', (value) => isNumber(value) && Number.isInteger(value)),
  test('float', (value) => isNumber(value) && !Number.isInteger(value)),
  test('boolean', (value) => typeof value === 'boolean'),
  test('true', (value) => value === true),
  test('false', (value) => value === false),
  test('truthy', (value) => isTruthy(value)),
  test('falsy', (value) => !isTruthy(value)),
  test('sequence', (value) => Array.isArray(value) || typeof value === 'string' || isDictionary(value)),
  test('iterable', (value) => Array.isArray(value) || typeof value === 'string' || isDictionary(value)),
  test('even', (value) => isNumber(value) && value % 2 === 0),
  test('odd', (value) => isNumber(value) && Math.abs(value % 2) === 1),
  test('divisibleby', (value, args) => isNumber(value) && value % Number(needed(args, 'divisibleby')) === 0),
  test('lower', (value) => pythonText(value) === pythonText(value).toLowerCase()),
  test('upper', (value) => pythonText(value) === pythonText(value).toUpperCase()),
  test('sameas', (value, args) => value === needed(args, 'sameas')),
  test('in', (value, args) => contains(needed(args, 'in'), value)),
  test('contains', (value, args) => contains(value, needed(args, 'contains'))),
  ...comparing('==', 'eq', 'equalto', '=='),
  ...comparing('!=', 'ne', '!='),
  ...comparing('<', 'lt', 'lessthan', '<'),
  ...comparing('<=', 'le', '<='),
  ...comparing('>', 'gt', 'greaterthan', '>'),
  ...comparing('>=', 'ge', '>='),
  matching('match', 'match'),
  matching('search', 'search'),
  matching('regex', 'search'),
  resultFlag('failed', 'failed', true),
  resultFlag('failure', 'failed', true),
  resultFlag('succeeded', 'failed', false),
  resultFlag('success', 'failed', false),
  resultFlag('successful', 'failed', false),
  resultFlag('changed', 'changed', true),
  resultFlag('change', 'changed', true),
  resultFlag('skipped', 'skipped', true),
  resultFlag('skip', 'skipped', true),
  resultFlag('unreachable', 'unreachable', true),
  resultFlag('reachable', 'unreachable', false),
  test('subset', (value, args) => subset(value, needed(args, 'subset'))),
  test('issubset', (value, args) => subset(value, needed(args, 'issubset'))),
  test('superset', (value, args) => subset(needed(args, 'superset'), value)),
  test('issuperset', (value, args) => subset(needed(args, 'issuperset'), value)),
  test('all', (value) => Array.isArray(value) && value.every(isTruthy)),
  test('any', (value) => Array.isArray(value) && value.some(isTruthy)),
  test('abs', (value) => pythonText(value).startsWith('/')),
  ...Object.entries(fileTests).map(([name, ask]) => test(name, (value) => ask(pythonText(value)))),
  test('is_abs', (value) => pythonText(value).startsWith('/')),
  test('same_file', (value, args) => isSameFile(pythonText(value), pythonText(needed(args, 'same_file')))),
  test('uri', (value, args) => isUri(value, args[0] ?? null)),
  test('url', (value, args) => {
    const { netloc, scheme } = urlParts(pythonText(value))
    return isUri(value, args[0] ?? null) && (netloc !== '' || scheme === 'file')
  }),
  test('urn', (value) => isUri(value, ['urn'])),
  test('version', versionTest),
  test('version_compare', versionTest),
])

const pattern = ['pattern', 'ignorecase', 'multiline']
const version = ['version', 'operator', 'strict', 'version_type']

/** Arguments of tests that are given by name, too. Others take theirs by place. */
const parameters = new Map<string, readonly string[]>([
  ['match', pattern],
  ['search', pattern],
  ['regex', pattern],
  ['version', version],
  ['version_compare', version],
])

/** A test's arguments in the order of its parameters. Throws TemplateError for what it does not take. */
export function inOrder(
  name: string,
  positional: readonly Runtime[],
  named: ReadonlyMap<string, Runtime>,
): readonly Runtime[] {
  const names = parameters.get(name)
  if (names === undefined && named.size === 0) return positional
  const args = new FilterArguments(`is ${name}`, names ?? [], names ? positional : [], named)
  const given = (names ?? []).findLastIndex((key) => args.has(key)) + 1
  return (names ?? []).slice(0, given).map((key, index) => args.value(key, index === 0 ? undefined : false))
}

function subset(part: Value, whole: Value): boolean {
  if (!Array.isArray(part) || !Array.isArray(whole)) throw new TemplateError('a subset is asked of lists')
  return part.every((value) => whole.some((other) => isEqual(value, other)))
}

function versionSign(value: string, other: string, args: readonly Value[]): number {
  const kind = isTruthy(args[2] ?? false) ? 'strict' : pythonText(args[3] || 'loose')
  if (kind === 'loose') return compareVersions(value, other)
  if (kind !== 'semver' && kind !== 'semantic') {
    throw new TemplateError(`test 'version' does not know '${kind}' versions: it has loose and semver`)
  }
  const sign = compareSemanticVersions(value, other)
  if (sign !== undefined) return sign
  throw new TemplateError(`test 'version': '${value}' or '${other}' is no semantic version`)
}

function versionTest(value: Value, args: readonly Value[]): boolean {
  const sign = versionSign(pythonText(value), pythonText(needed(args, 'version')), args)
  const operator = pythonText(args[1] ?? 'eq')
  switch (operator) {
    case '==':
    case '=':
    case 'eq':
      return sign === 0
    case '!=':
    case '<>':
    case 'ne':
      return sign !== 0
    case '<':
    case 'lt':
      return sign < 0
    case '<=':
    case 'le':
      return sign <= 0
    case '>':
    case 'gt':
      return sign > 0
    case '>=':
    case 'ge':
      return sign >= 0
    default:
      throw new TemplateError(`test 'version' does not know the operator '${operator}'`)
  }
}
