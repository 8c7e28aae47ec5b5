import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseExtraVars } from '../../../src/config/extra-vars.ts'
import { expandHostRange, splitPort } from '../../../src/config/host-range.ts'
import { loadInventory } from '../../../src/config/inventory.ts'
import { inventoryGraph, inventoryList } from '../../../src/config/inventory-data.ts'
import { splitWords } from '../../../src/config/inventory-ini.ts'
import { matchHosts, matchPattern, readLimit, splitPattern } from '../../../src/config/pattern.ts'
import { pythonLiteral } from '../../../src/config/python-literal.ts'
import { parseYaml } from '../../../src/config/yaml.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { Inventory } from '../../../src/model/host.ts'
import { didYouMean } from '../../../src/util/did-you-mean.ts'

function load(folder: string, sources: string[], playDirectory?: string): Inventory {
  const loaded = loadInventory(sources, { cwd: folder, ...(playDirectory ? { playDirectory } : {}) })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error))
  return loaded.value.inventory
}

/** Maps without a prototype compare like any other. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

void t.test('YAML scalars are PyYAML’s', async (t) => {
  const cases: [string, unknown][] = [
    ['yes', true],
    ['Off', false],
    ['y', 'y'],
    ['n', 'n'],
    ['true', true],
    ['~', null],
    ['', null],
    ['0755', 493],
    ['0o755', '0o755'],
    ['0x1F', 31],
    ['0b101', 5],
    ['1_000', 1000],
    ['1:30', 90],
    ['08:30', '08:30'],
    ['52:54:00:12:34:56', 41135085296],
    ['1.5', 1.5],
    ['1e3', '1e3'],
    ['1.0e+3', 1000],
    ['.', '.'],
    ['.5', 0.5],
    ['1.2.3', '1.2.3'],
    ['2020-01-02', '2020-01-02'],
    ['2020-01-02 10:00:00', '2020-01-02 10:00:00'],
    ['12345678901234567890', '12345678901234567890'],
    ['"yes"', 'yes'],
    ['!!str yes', 'yes'],
    ['!!int "5"', 5],
    ['=', '='],
  ]
  for (const [text, expected] of cases) {
    const parsed = parseYaml(`key: ${text}\n`, 'x.yml')
    t.same(parsed.ok ? plain(parsed.value.value) : parsed.error, { key: expected }, text)
  }
  // PyYAML does not look at the indentation inside brackets and quotes.
  const flow = parseYaml('list:\n  - {\n  a: 1,\nb: "two\n words",\n  }\nafter: 2\n', 'x.yml')
  t.same(flow.ok && flow.value.value, { list: [{ a: 1, b: 'two words' }], after: 2 })
  t.same(flow.ok && flow.value.locate(['list', 0, 'b'], 'key'), {
    file: 'x.yml',
    line: 4,
    column: 1,
    length: 1,
  })
  t.same(flow.ok && flow.value.locate(['after'], 'key').line, 7)
  const merged = parseYaml('a: &a {x: 1, y: 1}\nb:\n  <<: *a\n  y: 2\n', 'x.yml')
  t.same(merged.ok && plain(merged.value.value), { a: { x: 1, y: 1 }, b: { x: 1, y: 2 } }, 'merge keys')
  t.same(merged.ok && merged.value.locate(['b', 'x'], 'key'), {
    file: 'x.yml',
    line: 1,
    column: 8,
    length: 1,
  })
  t.same(merged.ok && merged.value.locate(['b', 'y']), { file: 'x.yml', line: 4, column: 6, length: 1 })
  const names = parseYaml('__proto__: {constructor: 1}\ntoString: 2\n', 'x.yml')
  const value = names.ok ? names.value.value : null
  t.same(Object.keys(value as object), ['__proto__', 'toString'])
  t.equal(Object.getPrototypeOf(value), null)
})

void t.test('host ranges', async (t) => {
  const cases: [string, string[]][] = [
    ['web', ['web']],
    ['web[1:3]', ['web1', 'web2', 'web3']],
    ['web[01:03].x', ['web01.x', 'web02.x', 'web03.x']],
    ['web[08:10]', ['web08', 'web09', 'web10']],
    ['web[1:10:4]', ['web1', 'web5', 'web9']],
    ['db-[a:c]', ['db-a', 'db-b', 'db-c']],
    ['[y:B]', ['y', 'z', 'A', 'B']],
    ['n[:2]', ['n0', 'n1', 'n2']],
    ['r[1:2]c[a:b]', ['r1ca', 'r1cb', 'r2ca', 'r2cb']],
    ['[::1]', ['[::1]']],
  ]
  for (const [text, names] of cases) t.same(expandHostRange(text), { ok: true, value: names }, text)
  t.same(splitPort('web[1:3]:22'), { name: 'web[1:3]', port: 22 })
  t.same(splitPort('[fe80::1]:2222'), { name: 'fe80::1', port: 2222 })
  t.same(splitPort('[web[1:2]]'), { name: '[web[1:2]]' })
  t.same(splitPort('::1'), { name: '::1' })
})

void t.test('values of INI inventories are Python’s literals, else text', async (t) => {
  const cases: [string, unknown][] = [
    ['1', 1],
    ['-1', -1],
    ['1_000', 1000],
    ['0755', '0755'],
    ['0x10', 16],
    ['1.5', 1.5],
    ['True', true],
    ['true', 'true'],
    ['None', null],
    ['null', 'null'],
    ['[1,2]', [1, 2]],
    ['[\'a\', "b"]', ['a', 'b']],
    ["{'a': [1, {'b': None}]}", { a: [1, { b: null }] }],
    ['(1, 2)', [1, 2]],
    ["'q'", 'q'],
    ['a b', 'a b'],
    ['[1,', '[1,'],
    ['1 2', '1 2'],
    ['', ''],
  ]
  for (const [text, expected] of cases) t.same(plain(pythonLiteral(text)), expected, text)
  t.same(splitWords(`a "b c" d='e f' g\\ h i"j"k # l`), {
    ok: true,
    value: ['a', 'b c', 'd=e f', 'g h', 'ijk'],
  })
})

void t.test('variables are merged as Ansible merges them', async (t) => {
  const folder = t.testdir({
    inventory: {
      'a.yml': `
all:
  vars: {from: all, only_all: 1}
  hosts: {lone: }
  children:
    lab:
      vars: {from: lab, deep: lab}
      children:
        web: {vars: {from: web, deep: web}, hosts: {w1: {own: host}, w2: }}
    zz: {vars: {from: zz, deep: zz, z: 1}, hosts: {w1: }}
    first: {vars: {tie: first, ansible_group_priority: 10}, hosts: {w1: }}
    second: {vars: {tie: second}, hosts: {w1: }}
`,
      'b.ini': '[web]\nw3 p=2222 c=True\n[web:vars]\nlater=yes # x\n',
      'c.orig': 'broken: [',
      '.hidden': 'broken: [',
      'd~': 'broken: [',
      group_vars: {
        'all.yml': 'file: all\ndeep: all_file\n',
        web: { '1.yml': 'file: web\n', '2.yml': 'file2: web\n', 'x.txt': 'a: [' },
        'guests.yml': 'for: guests\n',
      },
      host_vars: { w1: 'own: file\n' },
    },
    play: {
      group_vars: { 'web.yml': 'file: play\n' },
      host_vars: { 'w2.yaml': 'own: play\n', localhost: 'l: 1\n' },
    },
  })
  const inventory = load(folder, ['inventory', 'lit1,lit[2:3]:2222,'], join(folder, 'play'))
  const vars = (name: string) => plain(inventory.hosts.get(name)?.vars)
  t.same(vars('w1'), {
    from: 'web',
    only_all: 1,
    deep: 'all_file',
    z: 1,
    tie: 'first',
    later: 'yes # x',
    file: 'play',
    file2: 'web',
    own: 'file',
  })
  t.same(vars('w2'), {
    from: 'web',
    only_all: 1,
    deep: 'all_file',
    later: 'yes # x',
    file: 'play',
    file2: 'web',
    own: 'play',
  })
  t.match(vars('w3'), { p: 2222, c: true, file: 'play' })
  t.same(vars('lone'), { from: 'all', only_all: 1, file: 'all', deep: 'all_file' })
  t.match(vars('lit3'), { ansible_port: 2222 })
  t.same(inventory.hosts.get('w1')?.groups, ['all', 'lab', 'second', 'zz', 'first', 'web'])
  t.same(inventory.hosts.get('lone')?.groups, ['all', 'ungrouped'])
  t.same(inventory.hosts.get('localhost')?.groups, [], 'the implicit localhost is in no group')
  t.match(vars('localhost'), { ansible_connection: 'local', file: 'all', l: 1 })
  t.same(plain(inventory.groups.get('guests')), {
    name: 'guests',
    hosts: [],
    children: [],
    vars: { for: 'guests' },
    depth: 1,
  })
  t.same(inventory.groups.get('web')?.depth, 2)

  const hosts = new Set(['w1', 'lone', 'localhost'])
  t.match(plain(inventoryList(inventory, hosts, { e: 1 })), {
    _meta: { hostvars: { w1: { own: 'file', e: 1 } } },
    all: { children: ['ungrouped', 'lab', 'zz', 'first', 'second'] },
    web: { hosts: ['w1'] },
  })
  t.equal(
    inventoryGraph(inventory, hosts),
    [
      '@all:',
      '  |--@ungrouped:',
      '  |  |--lone',
      '  |--@lab:',
      '  |  |--@web:',
      '  |  |  |--w1',
      '  |--@zz:',
      '  |  |--w1',
      '  |--@first:',
      '  |  |--w1',
      '  |--@second:',
      '  |  |--w1',
      '',
    ].join('\n'),
  )
})

void t.test('names from outside are only names', async (t) => {
  const folder = t.testdir({
    'i.yml':
      '__proto__:\n  hosts:\n    constructor: {toString: 1, __proto__: 2}\n  vars: {hasOwnProperty: 3}\n',
  })
  const inventory = load(folder, ['i.yml'])
  const vars = inventory.hosts.get('constructor')?.vars ?? {}
  t.same(Object.entries(vars).sort(), [
    ['__proto__', 2],
    ['hasOwnProperty', 3],
    ['toString', 1],
  ])
  t.same(matchHosts(inventory, '__proto__'), ['constructor'])
  t.same(Object.keys(inventoryList(inventory, new Set(['constructor']))), ['_meta', 'all', '__proto__'])
})

void t.test('patterns', async (t) => {
  const folder = t.testdir({
    'i.yml': `
web: {hosts: {web01: , web02: , web03: }}
db: {hosts: {db1: , web03: }}
west: {children: {db: }, hosts: {far.example.org: , "2001:db8::1": }}
empty:
`,
    limit: 'web01\n# comment\n\ndb\n',
  })
  const inventory = load(folder, ['i.yml'])
  const everything = ['web01', 'web02', 'web03', 'db1', 'far.example.org', '2001:db8::1']
  const cases: [string, string[]][] = [
    ['all', ['web01', 'web02', 'web03', 'far.example.org', '2001:db8::1', 'db1']],
    ['web', ['web01', 'web02', 'web03']],
    ['web,db', ['web01', 'web02', 'web03', 'db1']],
    ['web:db', ['web01', 'web02', 'web03', 'db1']],
    ['web:&db', ['web03']],
    ['web:!db', ['web01', 'web02']],
    ['!db:web', ['web01', 'web02']],
    ['web,!web02,&west', ['web03']],
    ['web0*', ['web01', 'web02', 'web03']],
    ['web0?,!web0[!3]', ['web03']],
    ['w*', ['web01', 'web02', 'web03', 'far.example.org', '2001:db8::1', 'db1']],
    ['~web0[12]', ['web01', 'web02']],
    ['~(web|db)[0-9]+', ['web01', 'web02', 'web03', 'db1']],
    ['~eb', []],
    ['web[0]', ['web01']],
    ['web[-1]', ['web03']],
    ['web[1:2]', ['web02', 'web03']],
    ['web[1:]', ['web02', 'web03']],
    ['web[:0]', ['web01']],
    ['web[7]', []],
    ['*.example.org', ['far.example.org']],
    ['2001:db8::1,web01', ['2001:db8::1', 'web01']],
    ['web01,,web02', ['web01', 'web02']],
    ['localhost', ['localhost']],
    ['127.0.0.1', ['localhost']],
    ['nobody', []],
  ]
  for (const [pattern, expected] of cases) t.same(matchHosts(inventory, pattern), expected, pattern)
  for (const pattern of ['!web', 'all:!web', '*:!web']) {
    t.same(
      matchHosts(inventory, pattern).sort(),
      everything.filter((name) => !name.startsWith('web')).sort(),
      pattern,
    )
  }
  t.same(matchPattern(inventory, 'webb,guests,empty'), {
    hosts: [],
    unmatched: [{ term: 'webb', meant: 'web' }],
    isDynamic: true,
  })
  t.same(splitPattern('a:b[1:2]:!c'), ['a', 'b[1:2]', '!c'])
  t.equal(readLimit('@limit,web02', folder), 'web01,db,web02')
  t.throws(() => readLimit('@none', folder), new Error('cannot read the hosts of --limit from none'))
  t.throws(() => matchHosts(inventory, '~('), FailureError)
})

void t.test('sources that are missing, executable or in JSON', async (t) => {
  const folder = t.testdir({
    run: '#!/bin/sh\necho {}\n',
    'j.json': '{"web": {"hosts": {"a": null}}}',
    plain: 'a\n',
  })
  chmodSync(join(folder, 'run'), 0o755)
  const messages = (sources: string[]) => {
    const loaded = loadInventory(sources, { cwd: folder })
    return loaded.ok ? [] : loaded.error.map(({ message, hint }) => `${message} (${hint})`)
  }
  t.same(messages(['none.yml', 'host9']), [
    'the inventory none.yml does not exist (give a file or a folder with -i)',
    'the inventory host9 does not exist (for a host of that name write a comma after it: -i host9,)',
  ])
  t.same(messages(['run']), [
    'an executable inventory is not supported yet (save what it prints, as a YAML inventory: run --list)',
  ])
  t.same(matchHosts(load(folder, ['j.json', 'plain']), 'all'), ['a'])
})

void t.test('10 000 hosts are read in well under a second', async (t) => {
  const folder = t.testdir({
    'i.yml': 'web:\n  hosts:\n    n[00001:10000].example: {a: 1}\n  vars: {b: 2}\n',
  })
  const started = performance.now()
  const inventory = load(folder, ['i.yml'])
  t.equal(matchHosts(inventory, 'web').length, 10_000)
  t.comment(`${Math.round(performance.now() - started)} ms`)
  t.same(plain(inventory.hosts.get('n00042.example')?.vars), { b: 2, a: 1 })
})

void t.test('extra variables', async (t) => {
  const folder = t.testdir({ 'v.yml': 'a: [1]\n', 'l.yml': '- 1\n' })
  const read = (...texts: string[]) => parseExtraVars(texts, folder)
  const given = read("a=1 b='x y'", '{"c": {"d": true}, "a": 2}', '@v.yml')
  t.same(given.ok && plain(given.value), { a: [1], b: 'x y', c: { d: true } })
  const wrong = read('a', '{a: [', '@none.yml', '@l.yml', 'x="y')
  t.same(wrong.ok || wrong.error.map((one) => one.message), [
    '-e a: "a" is not written as name=value',
    '-e: not valid YAML: unexpected end of the stream within a flow collection',
    `cannot read ${join(folder, 'none.yml')}: there is no such file`,
    'a file of variables must be a map, not a list',
    '-e x="y: a quote is not closed',
  ])
})

void t.test('did you mean', async (t) => {
  t.equal(didYouMean('comand', ['command', 'copy']), 'command')
  t.equal(didYouMean('wehn', ['when', 'then']), 'when')
  t.equal(didYouMean('zebra', ['copy', 'file']), undefined)
  t.equal(didYouMean('Copy', ['copy']), 'copy')
})
