import t from 'tap'
import type { Tool } from '../../../src/bench/record.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import { findTools, toolNeeds } from '../../../src/modules/benchmark/tools.ts'
import type { HostAccess } from '../../../src/modules/module.ts'
import { compareDottedVersions } from '../../../src/util/dotted-version.ts'

const workload = (tool: string, atLeast?: string): Workload => ({
  id: tool,
  title: tool,
  tool,
  parser: 'sysbench-cpu',
  argv: [tool],
  metrics: [],
  ...(atLeast !== undefined && { tool_at_least: atLeast }),
})

const having = (tools: Readonly<Record<string, Tool | null>>): HostAccess =>
  ({ freshFact: async (_: unknown, name: string) => tools[name] ?? null }) as unknown as HostAccess
const tool = (name: string, version: string): Tool => ({
  name,
  version,
  path: `/usr/bin/${name}`,
  sha256: null,
})

t.test('versions', async (t) => {
  t.ok(compareDottedVersions('1.0.8', '1.0.18') < 0)
  t.ok(compareDottedVersions('3.33', '3.4') > 0)
  t.equal(compareDottedVersions('1.0', '1.0.0'), 0)
})

t.test('each tool once, in the newest version that a workload asks for', async (t) => {
  t.strictSame(
    toolNeeds([
      workload('sysbench', '1.0.8'),
      workload('fio'),
      workload('sysbench', '1.0.18'),
      workload('sysbench'),
    ]),
    [
      { name: 'sysbench', atLeast: '1.0.18' },
      { name: 'fio', atLeast: null },
    ],
  )
})

t.test('tools on a machine', async (t) => {
  const needs = [
    { name: 'sysbench', atLeast: '1.0.8' },
    { name: 'fio', atLeast: null },
  ]
  const both = [tool('sysbench', '1.0.20'), tool('fio', '3.33')]
  t.strictSame(
    await findTools(having({ sysbench: both[0] ?? null, fio: both[1] ?? null }), 'node', needs),
    both,
  )
  await t.rejects(findTools(having({ sysbench: both[0] ?? null }), 'node', needs), {
    message: 'fio is not installed on node.',
    failure: { code: 'benchmark-tool-missing' },
  })
  await t.rejects(
    findTools(having({ sysbench: tool('sysbench', '0.4.12'), fio: both[1] ?? null }), 'node', needs),
    { message: 'sysbench 0.4.12 on node is too old.', failure: { code: 'benchmark-tool-too-old' } },
  )
})
