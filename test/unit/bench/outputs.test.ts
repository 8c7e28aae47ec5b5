import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import t from 'tap'
import { type Asked, type ParserName, parserNames, parsers } from '../../../src/bench/parsers/parser.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

/** Real outputs of benchmark programs and damaged ones: what each parser reads, and the words with which it refuses. */
const folder = join(packageRoot, 'test/cases/bench')

interface Case {
  readonly file: string
  readonly parser: ParserName
  readonly asked: Asked
  readonly version?: string
  /** Some of the metrics. */
  readonly metrics?: Record<string, number>
  readonly failure?: { readonly code: string; readonly message: string }
}

const cases = load(readFileSync(join(folder, 'outputs.yml'), 'utf8')) as Case[]
const read = (file: string): string => readFileSync(join(folder, file), 'utf8')

for (const { file, parser, asked, version, metrics, failure } of cases) {
  t.test(`${parser} reads ${file} as ${JSON.stringify(asked)}`, async (t) => {
    const result = parsers[parser](read(file), asked)
    if (failure !== undefined) {
      t.notOk(result.ok, 'refused')
      if (result.ok) return
      t.match(result.error, { reason: 'module', code: failure.code })
      // A message that ends with a colon goes on in the words of the JavaScript engine.
      if (failure.message.endsWith(': ')) t.ok(result.error.message.startsWith(failure.message))
      else t.equal(result.error.message, failure.message)
      return
    }
    if (!result.ok) return t.fail(result.error.message)
    t.equal(result.value.version, version)
    t.match(result.value.metrics, metrics)
    return
  })
}

t.test('fio 3.16 writes zeros for what it did not measure: no latency of syncs without syncs', async (t) => {
  const result = parsers.fio(read('fio/3.16-first-write.txt'), { threads: 1 })
  if (!result.ok) return t.fail(result.error.message)
  t.strictSame(
    Object.keys(result.value.metrics).filter((name) => name.startsWith('sync_')),
    [],
  )
  return
})

t.test('every output is read, every parser has outputs that it reads and that it refuses', async (t) => {
  const outputs = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && entry.parentPath !== folder,
  )
  const used = new Set(cases.map(({ file }) => join(folder, file)))
  for (const { parentPath, name } of outputs) t.ok(used.has(join(parentPath, name)), `${name} has a case`)
  for (const parser of parserNames) {
    const own = cases.filter((candidate) => candidate.parser === parser)
    t.ok(
      own.some(({ metrics }) => metrics !== undefined),
      `${parser} reads something`,
    )
    t.ok(
      own.some(({ failure }) => failure !== undefined),
      `${parser} refuses something`,
    )
  }
})

t.test('no parser accepts text of nothing, and each quotes what there was', async (t) => {
  for (const parser of parserNames) {
    const result = parsers[parser]('command not found', { threads: 1 })
    t.match(result, {
      ok: false,
      error: { reason: 'module', code: 'benchmark-output-unreadable', details: 'command not found' },
    })
  }
  t.strictSame(parsers['sysbench-cpu']('sysbench: command not found', { threads: 1 }), {
    ok: false,
    error: {
      reason: 'module',
      code: 'benchmark-output-unreadable',
      message: 'the output of sysbench has no readable line for version',
      hint: 'sysbench 1.0 is needed, run with LC_ALL=C; the output is in the details',
      details: 'sysbench: command not found',
    },
  })
})
