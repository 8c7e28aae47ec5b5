import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FailureError } from '../../../src/model/failure.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import { checkSyntax, evaluate, render, renderValue } from '../../../src/template/jinja.ts'
import type { Scope } from '../../../src/template/template.ts'
import { LazyMap, TemplateError } from '../../../src/template/template.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

interface Case {
  readonly template?: string
  readonly expression?: string
  readonly want?: Value
  readonly error?: string
}

function casesOf(name: string): { vars: Vars; cases: readonly Case[] } {
  const path = join(packageRoot, 'test/cases/template', name)
  return JSON.parse(readFileSync(path, 'utf8')) as { vars: Vars; cases: readonly Case[] }
}

function scopeOf(vars: Vars): Scope {
  return { get: (name) => (Object.hasOwn(vars, name) ? vars[name] : undefined) }
}

for (const file of ['jinja2.json', 'ansible.json', 'filters.json']) {
  t.test(`templates behave as in ${file}`, async (t) => {
    const { vars, cases } = casesOf(file)
    for (const { template, expression, want, error } of cases) {
      const what = template ?? expression ?? ''
      const run = () => (template === undefined ? evaluate(what, scopeOf(vars)) : render(what, scopeOf(vars)))
      if (error === undefined) t.same(run(), want, what)
      else t.throws(run, { name: 'TemplateError', message: error }, what)
    }
  })
}

t.test('a value keeps its type when its text is one expression', async (t) => {
  const scope = scopeOf({ n: 5, list: [1, 'a'], nothing: null, name: 'key' })
  t.same(renderValue({ a: '{{ n }}', b: 'x{{ n }}', c: ['{{ list }}', '{{nothing}}'], d: true }, scope), {
    a: 5,
    b: 'x5',
    c: [[1, 'a'], null],
    d: true,
  })
  t.same(renderValue({ '{{ name }}': 1 }, scope), { key: 1 })
  t.equal(Object.getPrototypeOf(renderValue({ __proto__: null, a: 1 } as unknown as Vars, scope)), null)
})

t.test(
  'backslashes of values are kept, as Ansible does; a template file and a statement have Python’s',
  async (t) => {
    const scope = scopeOf({ text: 'foo bar' })
    t.equal(renderValue(String.raw`{{ text | regex_replace('\bfoo\b', 'x') }}`, scope), 'x bar')
    t.equal(renderValue(String.raw`{{ text | regex_replace('(\w+) (\w+)', '\2 \1') }}`, scope), 'bar foo')
    t.equal(
      renderValue(String.raw`{{ 'c:\new' }} {{ 'x\\y' }} {{ 'it\'s' }}`, scope),
      String.raw`c:\new x\\y it's`,
    )
    t.equal(renderValue(String.raw`{% set x = 'a\tb' %}{{ x }}`, scope), 'a\tb')
    t.equal(render(String.raw`{{ 'a\tb' }}`, scope), 'a\tb')
  },
)

t.test(
  'blanks before a block go with lstrip_blocks, also after a newline that trim_blocks took',
  async (t) => {
    const text = '{% set x = 1 %}\n  {% if x %}\n  y\n  {% endif %}\n a {% if x %}b{% endif %}'
    t.equal(render(text, scopeOf({}), { lstripBlocks: true }), '  y\n a b')
    t.equal(render(text, scopeOf({})), '    y\n   a b')
  },
)

t.test('only the names that are reached are looked up', async (t) => {
  const asked: string[] = []
  const scope: Scope = {
    get(name) {
      asked.push(name)
      return name === 'yes' ? true : undefined
    },
  }
  t.equal(evaluate('yes or never', scope), true)
  t.same(asked, ['yes'])
})

t.test('a lazy mapping is read one key at a time', async (t) => {
  const read: string[] = []
  const hostvars = new LazyMap({
    keys: () => ['web1', 'web2'],
    get(name) {
      read.push(name)
      return name === 'web1' || name === 'web2' ? { port: 80 } : undefined
    },
  })
  const scope: Scope = { get: (name) => (name === 'hostvars' ? hostvars : undefined) }
  t.equal(evaluate("hostvars['web1'].port", scope), 80)
  t.equal(evaluate("'web2' in hostvars and 'db' not in hostvars", scope), true)
  t.same(read, ['web1'])
  t.same(evaluate('hostvars', scope), { web1: { port: 80 }, web2: { port: 80 } })
  t.throws(() => evaluate('hostvars.web3.port', scope), {
    message: "'hostvars' has no attribute 'web3'; did you mean 'web1'?",
  })
})

t.test('syntax is checked without names, and mistakes name their line', async (t) => {
  t.equal(checkSyntax('{{ anything | default(1) }}'), undefined)
  t.equal(checkSyntax('a and b', 'expression'), undefined)
  const broken = checkSyntax('one\n{% if x %}\ntwo')
  t.match(broken, {
    message: 'expected {% elif %} or {% else %} or {% endif %}, found the end of the template',
    line: 2,
  })
  t.equal(checkSyntax('a b', 'expression')?.message, "expected the end of the expression, found 'b'")
  t.equal(checkSyntax('{% include "x" %}')?.message, 'hvlab does not support {% include %}')
  try {
    render('one\n{{ gone }}', scopeOf({}))
    t.fail('an undefined name must be an error')
  } catch (error) {
    t.ok(error instanceof TemplateError)
    t.match(error, { line: 2, undefinedName: 'gone' })
  }
})

t.test('look-ups of files look where the scope says', async (t) => {
  const folder = t.testdir({
    'b.txt': 'b',
    'a.txt': 'a\n',
    '.hidden.txt': '',
    'c.conf': 'c',
    sub: { 'd.txt': 'd' },
    'e.txt': {},
  })
  const missing = (name: string): never => {
    throw new FailureError({ reason: 'module', code: 'file-not-found', message: `no ${name}` })
  }
  const scope: Scope = {
    get: () => undefined,
    locate: (name) => (existsSync(join(folder, name)) ? join(folder, name) : missing(name)),
  }
  const at = (...names: string[]): string[] => names.map((name) => join(folder, name))
  t.same(
    evaluate("query('fileglob', '*.txt', 'sub/[a-d].*', 'none/*')", scope),
    at('a.txt', 'b.txt', 'sub/d.txt'),
  )
  t.same(evaluate("query('file', 'a.txt', 'b.txt')", scope), ['a', 'b'])
  t.same(evaluate("query('first_found', ['x', 'c.conf'])", scope), at('c.conf'))
  t.same(
    evaluate("query('first_found', {'files': ['x', 'd.txt'], 'paths': ['none', 'sub']})", scope),
    at('sub/d.txt'),
  )
  t.same(evaluate("query('first_found', {'files': 'x', 'skip': true})", scope), [])
  t.throws(() => evaluate("query('first_found', ['x', 'y'])", scope), {
    message: "'first_found': none of x, y exists",
  })
})
