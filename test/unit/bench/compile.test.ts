import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseRounds } from '../../../src/bench/rounds.ts'
import { installedTool } from '../../../src/bench/tool-fact.ts'
import { preparation, workloadRun } from '../../../src/bench/workload-run.ts'
import { loadWorkloads } from '../../../src/modules/benchmark/workloads.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand } from '../../../src/util/sh.ts'

const shell = (script: string) => spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8' })
const skip = shell('command -v cpp').status === 0 ? {} : { skip: 'no compiler here' }

t.test('cc1, which is on no PATH, is found, with its version and hash', skip, async (t) => {
  const { stdout } = shell(renderCommand(installedTool.command('cc1')))
  const found = installedTool.parse({ exitCode: 0, stdout, stderr: '' }, 'cc1')
  t.match(found, {
    name: 'cc1',
    version: /^\d+\.\d+\.\d+$/,
    path: /^\/usr\/.*\/cc1$/,
    sha256: /^[0-9a-f]{64}$/,
  })
})

t.test('the workload compile compiles, for real', skip, async (t) => {
  const [workload] = await loadWorkloads([packageRoot], ['compile'])
  if (workload === undefined) return t.fail('there is one')
  const scratch = t.testdir({})
  const request = { threads: 2, durationS: 0.5, scratch, trial: 1 }
  const run = (argv: readonly string[]) => spawnSync(argv[0] ?? '', argv.slice(1), { encoding: 'utf8' })
  const prepared = run(preparation(workload, request) ?? [])
  t.same([prepared.status, prepared.stderr], [0, ''], 'the text has no mistake and draws no warning')
  t.match(readFileSync(join(scratch, 'compile.s'), 'utf8'), /^solve_6:$/m)

  const { argv, asked } = workloadRun(workload, request)
  const trial = run(argv)
  t.equal(trial.stderr, '')
  const read = parseRounds(trial.stdout, asked)
  if (!read.ok) return t.fail(read.error.message)
  t.ok((read.value.metrics['rounds'] ?? 0) >= 2, trial.stdout)

  writeFileSync(join(scratch, 'compile.s'), 'another machine\n')
  const other = run(argv)
  t.match([other.status, other.stderr], [1, /^worker [12]: other assembly than in the first compilation$/m])
  writeFileSync(join(scratch, 'compile.i'), 'int broken(\n')
  const broken = run(argv)
  t.match([broken.status, broken.stderr], [1, /error: expected/])
  t.notOk(existsSync(join(scratch, 'compile-3.s')))
  return
})
