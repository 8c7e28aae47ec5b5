import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Tool } from '../../../src/bench/record.ts'
import type { installedTool } from '../../../src/bench/tool-fact.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import type { Command } from '../../../src/model/command.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import type { ModuleContext } from '../../../src/model/module-context.ts'
import { copyTools, sameTools } from '../../../src/modules/benchmark/tool-copy.ts'
import { findTools, toolNeeds } from '../../../src/modules/benchmark/tools.ts'
import { compareDottedVersions } from '../../../src/util/dotted-version.ts'
import { renderCommand } from '../../../src/util/sh.ts'

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
      { name: 'sysbench', atLeast: '1.0.18', package: 'sysbench' },
      { name: 'fio', atLeast: null, package: 'fio' },
    ],
  )
})

t.test('tools on a machine', async (t) => {
  const needs = [
    { name: 'sysbench', atLeast: '1.0.8', package: 'sysbench' },
    { name: 'fio', atLeast: null, package: 'fio' },
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

/** This machine as a host, with real commands and files. */
const here: HostAccess = {
  run: async (command: Command) => {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', renderCommand(command)], {
      encoding: 'utf8',
    })
    return { exitCode: status, stdout, stderr }
  },
  freshFact: async (fact: typeof installedTool, name: string) =>
    fact.parse(await here.run(fact.command(name)), name),
  get: async (path: string) => readFileSync(path),
  put: async (content: Uint8Array, path: string) => writeFileSync(path, content),
} as unknown as HostAccess

t.test('a guest without the same build gets a copy with its libraries', async (t) => {
  const scratch = t.testdir({})
  const [own] = await findTools(here, 'here', [{ name: 'dd', atLeast: null, package: 'coreutils' }])
  if (own === undefined) throw new Error('dd is everywhere')
  t.strictSame(await sameTools(here, [own]), [own], 'the same build needs no copy')
  const [copy] = await sameTools(here, [{ ...own, sha256: 'ff'.repeat(32) }])
  t.equal(copy?.path, '/var/tmp/hvlab-benchmark/tools/bin/dd', 'another build is replaced')
  t.equal((await sameTools(having({}), [own]))[0]?.sha256, own.sha256, 'a missing one is brought')

  // The hypervisor packs in the folder of the benchmark.
  const inScratch = (text: string) => text.replaceAll('/var/tmp/hvlab-benchmark', scratch)
  const context = {
    ...here,
    run: ({ parts }: Command) =>
      here.run({ parts: parts.map((part) => ({ ...part, text: inScratch(part.text) })) }),
    get: (file: string) => here.get(inScratch(file)),
    peer: () => here,
  } as unknown as ModuleContext
  const path = join(scratch, 'tools', 'bin', 'dd')
  await copyTools(context, 'guest', [{ ...own, path }])
  const ran = spawnSync(path, ['if=/dev/zero', 'of=/dev/null', 'bs=1k', 'count=3'], { encoding: 'utf8' })
  t.match(ran.stderr, /^3\+0 records in/, 'it runs, with its words')
  t.match(
    spawnSync('sh', ['-c', 'LD_DEBUG=libs "$0" --version 2>&1', path], { encoding: 'utf8' }).stdout,
    new RegExp(`calling init: ${join(scratch, 'tools', 'dd', 'lib')}/libc\\.so`),
    'with the libraries that came along',
  )
  await t.rejects(copyTools(context, 'guest', [{ ...own, path, version: '0.0.1' }]), {
    message: 'dd 0.0.1 cannot be copied to guest: it does not run there.',
    failure: { code: 'benchmark-tool-failed' },
  })
  await t.rejects(copyTools(context, 'guest', [{ ...own, name: 'no-such-tool' }]), {
    message: `no-such-tool ${own.version} cannot be copied to guest: it is gone from the hypervisor.`,
  })
})
