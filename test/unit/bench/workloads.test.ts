import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parserNames } from '../../../src/bench/parsers/parser.ts'
import { profiles } from '../../../src/bench/profile.ts'
import { type Workload, workloadSchema } from '../../../src/bench/workload-file.ts'
import { preparation, workloadRun } from '../../../src/bench/workload-run.ts'
import { loadWorkloads } from '../../../src/modules/benchmark/workloads.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { failureOf } from '../../support/failure-of.ts'

const folder = join('roles', 'benchmark', 'workloads')
const request = {
  threads: 2,
  durationS: 2.5,
  scratch: '/scratch',
  peer: '198.18.0.2',
  port: 50_000,
  trial: 7,
}

t.test('every workload file that comes with hvlab is right', async (t) => {
  const files = readdirSync(join(packageRoot, folder))
  const known = await loadWorkloads([packageRoot], 'all')
  t.strictSame(
    known.map(({ id }) => `${id}.yml`),
    files.sort(),
    'a file is named for its id',
  )
  for (const workload of known) {
    const { argv, asked } = workloadRun(workload, request)
    t.notMatch(argv.join(' '), /\{[a-z_]+\}/, `${workload.id}: nothing is left to fill in`)
    const says = (flag: RegExp): boolean => argv.some((word) => flag.test(word))
    if (workload.threads === undefined)
      t.ok(says(/^2$|^--(threads|numjobs)=2$/), `${workload.id} runs as many threads as are asked for`)
    t.equal(asked.threads, workload.threads ?? 2)
    if (workload.until_done !== true && workload.duration_s === undefined)
      t.ok(
        says(/^(--(time|runtime)=)?(2\.5|3)$/),
        `${workload.id} runs as long as is asked for: ${argv.join(' ')}`,
      )
    t.ok(workload.about, `${workload.id} says what it is`)
  }
  for (const [name, profile] of Object.entries(profiles)) {
    if (profile.workloads === 'all') continue
    const ids: readonly string[] = profile.workloads
    t.strictSame(
      (await loadWorkloads([packageRoot], ids)).map(({ id }) => id),
      [...ids],
      `the profile ${name} names workloads`,
    )
  }
})

t.test('the commands of the published document are replayed word for word', async (t) => {
  const [cpu, memory] = await loadWorkloads([packageRoot], profiles.seed.workloads)
  if (cpu === undefined || memory === undefined) return t.fail('two workloads')
  t.match(workloadRun(cpu, request), {
    argv: ['sysbench', 'cpu', 'run'],
    threads: 1,
    durationS: 10,
    asked: { threads: 1, durationS: 10 },
  })
  t.match(workloadRun(memory, request), {
    argv: ['sysbench', 'memory', 'run'],
    asked: { threads: 1, durationS: 10, blockBytes: 1024, totalBytes: 100 * 1024 ** 3 },
  })
  return
})

t.test('what is filled in', async (t) => {
  const workload = (fields: Partial<Workload>): Workload =>
    workloadSchema.parse({
      id: 'x',
      title: 'X',
      tool: 'fio',
      parser: 'fio',
      argv: ['fio'],
      metrics: [{ field: 'read_iops', title: 'reads', unit: 'reads/s', better: 'higher' }],
      ...fields,
    })
  const all = workload({
    argv: ['{threads}', '{duration_s}', '{whole_s}', '{scratch}/{trial}'],
    prepare: ['touch', '{scratch}/file'],
    scratch_mib: 1,
  })
  t.strictSame(
    workloadRun(all, request).argv,
    ['2', '3', '3', '/scratch/7'],
    'whole seconds make the trial as long',
  )
  t.strictSame(preparation(all, request), ['touch', '/scratch/file'])
  t.equal(preparation(workload({}), request), undefined)
  t.strictSame(workloadRun(workload({ until_done: true, threads: 4 }), request), {
    argv: ['fio'],
    threads: 4,
    durationS: 2.5,
    asked: { threads: 4 },
  })
})

t.test('a lab adds a workload with a file and replaces one of the package', async (t) => {
  const lab = t.testdir({})
  mkdirSync(join(lab, folder), { recursive: true })
  const own = readFileSync(join(packageRoot, folder, 'cpu.yml'), 'utf8')
  writeFileSync(join(lab, folder, 'own.yml'), own.replace('id: cpu', 'id: own'))
  writeFileSync(join(lab, folder, 'cpu.yml'), own.replace('title: Computing primes', 'title: My primes'))
  const [mine, replaced] = await loadWorkloads([lab, packageRoot], ['own', 'cpu'])
  t.match([mine?.id, replaced?.title], ['own', 'My primes'])
})

t.test('mistakes in a file are said with their place, all at once', async (t) => {
  const lab = t.testdir({})
  mkdirSync(join(lab, folder), { recursive: true })
  const text = [
    'id: Cpu',
    'title: x',
    'tool: sysbench',
    'parser: sysbench-disk',
    "argv: [sysbench, '--threads={cores}']",
    'metrics: []',
    'colour: red',
    '',
  ].join('\n')
  writeFileSync(join(lab, folder, 'disk.yml'), text)
  t.match(await failureOf(() => loadWorkloads([lab], 'all')), {
    message: [
      'The workload file is wrong: "id" must be lower-case words joined by hyphens, not the text "Cpu"',
      `"parser" must be ${parserNames.slice(0, -1).join(', ')} or ${parserNames.at(-1)}, not the text "sysbench-disk"`,
      '"argv" takes the placeholders {threads}, {duration_s}, {whole_s}, {scratch}, {peer}, {port}, {trial}',
      '"metrics" must be a list of at least 1, not an empty list',
      'unknown key "colour" in the workload.',
    ].join('; '),
    location: { line: 1, column: 5 },
  })
  const disk = readFileSync(join(packageRoot, folder, 'disk-fsync.yml'), 'utf8')
  writeFileSync(join(lab, folder, 'disk.yml'), disk.replace('scratch_mib: 64\n', ''))
  t.match(await failureOf(() => loadWorkloads([lab], 'all')), {
    code: 'benchmark-workload-invalid',
    message: 'The workload file is wrong: "argv": {scratch} needs scratch_mib.',
    location: { line: 8 },
  })
  const net = readFileSync(join(packageRoot, folder, 'net-other-host.yml'), 'utf8')
  writeFileSync(join(lab, folder, 'disk.yml'), net.replace(/^server:\n( .*\n)+/m, ''))
  await t.rejects(loadWorkloads([lab], 'all'), {
    message: 'The workload file is wrong: "argv": {port} needs server.',
  })
})
