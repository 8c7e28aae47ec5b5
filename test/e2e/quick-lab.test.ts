import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Environment, Sample, Stop } from '../../src/bench/record.ts'
import { changedTasks, ofKind, runFinished, secondsTo } from '../support/events.ts'
import { endsWell, exits, type HvlabResult, parseEvents } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { added, foreignDefinitions, machineState, virsh } from '../support/libvirt.ts'
import { processes } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'

/** The quick lab on this machine, for real: image from packages, libvirt, a guest, sysbench, report, and away again. */
const store = join(testCache, 'store')
const domain = 'hvlab-guest1'
const minutes = 60_000

/** The image store of the tests; a benchmark of a few seconds where figures do not matter. */
const inStore = ['-e', `hvlab_store=${store}`]
const short = [...inStore, '-e', 'benchmark_blocks=1', '-e', 'benchmark_duration_s=2']
const seed = ['-e', 'benchmark_profile=seed']

const needs = ['qemu-system-x86_64', 'qemu-img', 'virsh', 'libvirtd', 'mmdebstrap', 'ssh-keygen', 'iptables']
const skip = missingForLab(needs) ?? false

t.test('the quick lab on this machine', { skip }, async (t) => {
  const lab = new LabFolder(t)
  if (existsSync(`/etc/libvirt/qemu/${domain}.xml`) || existsSync('/etc/libvirt/qemu/networks/hvlab.xml')) {
    // Left by a run that was killed, on a machine that is for tests; anywhere else it is somebody's lab.
    if (process.env['CI'] !== 'true') {
      t.pass('the quick lab', { skip: 'a lab is on this machine already; `hvlab down` removes it' })
      return
    }
    await lab.startsLibvirt(t)
    exits(t, await lab.hvlab(['down'], 2 * minutes), 0)
  }
  // Built anew, so that the test builds it; the next test finds it there.
  rmSync(store, { recursive: true, force: true })
  const before = machineState()
  const foreign = foreignDefinitions(t)
  lab.downAtEnd(t)

  await t.test('--check says what would happen and does nothing', async (t) => {
    const run = await lab.hvlab(['up', 'quick', '--check', '--format', 'jsonl', ...inStore], 2 * minutes)
    endsWell(t, run)
    const changes = ofKind(run.events, 'task.change')
    t.ok(
      changes.some(({ stage }) => stage === 'image'),
      'the image would be built',
    )
    t.same(
      changes.filter(({ applied }) => applied),
      [],
    )
    t.notOk(existsSync(store), 'no image store')
    t.same(
      added(before, machineState()).filter((entry) => !entry.includes('hvlab-test-')),
      [],
    )
  })

  let definitions: string[] = []
  await t.test('up quick: from nothing to a report', async (t) => {
    const run = await lab.hvlab(['up', 'quick', '--format', 'jsonl', ...inStore], 12 * minutes)
    endsWell(t, run)
    timings(t, run)
    const { recap, artifacts, summary } = runFinished(run.events)
    t.match(recap['localhost'], { failed: 0, unreachable: 0 })
    t.ok((recap['localhost']?.changed ?? 0) > 0, 'something changed')
    t.same(
      artifacts.map((path) => path.split('/').at(-1)),
      ['report.html', 'report.md', 'results.json'],
    )
    t.equal(summary?.rows.length, 3, 'the short table has a row for each workload')
    const [html = '', markdown = '', json = '{}'] = artifacts.map((path) => readFileSync(path, 'utf8'))
    t.match(html, /<svg/)
    t.match(markdown, /guest1/)
    measured(t, json)
    definitions = foreign.definitions()
    t.match(
      virsh('metadata', domain, 'urn:hvlab:1'),
      /lab="hvlab"|lab='hvlab'/,
      'the domain says whose it is',
    )
  })

  if (!t.passing()) return

  await t.test('status knows the guest', async (t) => {
    const status = await lab.hvlab(['status', '--format', 'json'])
    exits(t, status, 0)
    t.match(JSON.parse(status.stdout).guests, [
      { name: 'guest1', domain, state: 'running', image: 'debian-12' },
    ])
  })

  await t.test('ssh runs commands in the guest and passes their exit codes on', async (t) => {
    const name = await lab.hvlab(['ssh', 'guest1', '--', 'uname', '-n'])
    exits(t, name, 0)
    t.equal(name.stdout, 'guest1\n')
    const code = await lab.hvlab(['ssh', 'guest1', '--', 'exit 7'])
    exits(t, code, 7)
  })

  await t.test('exec reaches guests like any host', async (t) => {
    for (const pattern of ['guests:&guest1', 'guest1', 'hvlab-guest1']) {
      const said = await lab.hvlab(['exec', pattern, '-a', 'uname -n'])
      t.same([said.exitCode, said.stdout], [0, 'guest1 | CHANGED | rc=0 >>\nguest1\n'], said.stderr)
    }
  })

  await t.test(
    'up quick again: nothing to do before the benchmark, which replays the published commands',
    async (t) => {
      const run = await lab.hvlab(['up', 'quick', '--format', 'jsonl', ...short, ...seed], 5 * minutes)
      endsWell(t, run)
      replayed(t, readFileSync(runFinished(run.events).artifacts[2] ?? '', 'utf8'))
      t.same(changedTasks(run.events), [])
      t.match(runFinished(run.events).recap['localhost'], { changed: 0, failed: 0 })
      t.comment(
        `timing: second run up to the benchmark ${secondsTo(run.events, 'stage.started', 'benchmark').toFixed(1)} s`,
      )
    },
  )

  await t.test('replay and report read the run back', async (t) => {
    const [newest = ''] = readdirSync(join(lab.path, 'results')).sort().reverse()
    const journal = readFileSync(join(lab.path, 'results', newest, 'journal.jsonl'), 'utf8')
    const lines = await lab.hvlab(['replay', '--format', 'jsonl'])
    exits(t, lines, 0)
    t.same(lines.events, parseEvents(journal))
    const plain = await lab.hvlab(['replay', newest, '--format', 'plain'])
    t.match(plain.stdout, /^RECAP\nlocalhost +: ok=\d+ +changed=0 +unreachable=0 +failed=0/m)
    rmSync(join(lab.path, 'results', newest, 'report.html'))
    const report = await lab.hvlab(['report', newest])
    exits(t, report, 0)
    t.match(report.stdout, /workload +native +guest +efficiency +slowdown/)
    t.ok(existsSync(join(lab.path, 'results', newest, 'report.html')))
  })

  await t.test('Ctrl-C in the middle of a trial, then --resume', async (t) => {
    const sysbench = () => processes().filter(({ commandLine }) => /^sysbench |\/sysbench /.test(commandLine))
    const run = lab.start(['up', 'quick', '--format', 'plain', ...short], 5 * minutes)
    // While the machine itself is measured its guests stand still: the worst moment to leave.
    while (sysbench().length === 0 || virsh('domstate', domain) !== 'paused') {
      if (run.ended) break
      await delay(20)
    }
    run.interrupt()
    const interrupted = await run.result()
    exits(t, interrupted, 130)
    const { stdout, stderr } = interrupted
    t.match(stderr, /^interrupted by SIGINT, stopping$/m)
    t.match(stdout, /^RECAP\nlocalhost +: ok=/m)
    t.match(stderr, /^Continue it with: hvlab up quick -e \S+ .* --resume \S+$/m)
    t.same(sysbench(), [], 'no workload is left')
    t.equal(virsh('domstate', domain), 'running', 'the guest runs again')

    const resumed = await lab.hvlab(['up', 'quick', '--resume', '--format', 'jsonl', ...short], 5 * minutes)
    endsWell(t, resumed)
    t.ok(
      ofKind(resumed.events, 'task.finished').some((event) => event.resumed),
      'finished tasks were not repeated',
    )
    measured(t, readFileSync(runFinished(resumed.events).artifacts[2] ?? '', 'utf8'))
  })

  await t.test('a gate that cannot tell measures once more', async (t) => {
    const runs = () => readdirSync(join(lab.path, 'results')).sort()
    const before = runs()
    const baseline = before.at(-1) ?? ''
    // One block against one, then against two: no interval can hold 95 %.
    const gate = ['--gate', baseline, '--tolerance', '50%']
    const run = await lab.hvlab(['up', 'quick', '--format', 'plain', ...short, ...gate], 5 * minutes)
    exits(t, run, 5)
    t.match(run.stderr, /^inconclusive: measuring once more, and judging both runs together$/m)
    const [first = '', second = '', ...others] = runs().filter((name) => !before.includes(name))
    t.same(others, [], 'two runs')
    t.match(run.stdout, `${first} + ${second} against ${baseline}: inconclusive`)
    t.match(JSON.parse(readFileSync(join(lab.path, 'results', second, 'verdict.json'), 'utf8')), {
      format: 'hvlab-verdict',
      exit_code: 5,
      verdict: 'inconclusive',
      measures: [{ before: [Number], now: [Number, Number], tolerance: 0.5 }, {}, {}],
    })
    const again = await lab.hvlab(['gate', first, second, '--baseline', baseline, '--tolerance', '50%'])
    exits(t, again, 5)
  })

  await t.test('down leaves nothing of ours and everything of others', async (t) => {
    const first = await lab.hvlab(['down', '--format', 'jsonl'], 2 * minutes)
    endsWell(t, first)
    t.same(
      added(before, machineState()).filter((entry) => !entry.includes('hvlab-test-')),
      [],
    )
    t.same(foreign.definitions(), definitions)
    const second = await lab.hvlab(['down', '--format', 'jsonl'], 2 * minutes)
    exits(t, second, 0)
    t.match(runFinished(second.events).recap['localhost'], { changed: 0, failed: 0 })
  })
})

/** Native and guest figures of the three workloads, for one guest. */
function measured(t: Test, json: string): void {
  const { hosts } = JSON.parse(json) as {
    hosts: {
      host: string
      comparisons: { guest: string; workload: string; native: Figure; guest_values: Figure }[]
      design: { memory_limit_by: string | null }
      samples: Pick<
        Sample,
        'kind' | 'workload' | 'host_cpu_s' | 'clock_drift' | 'memory_limit_mib' | 'qemu'
      >[]
      environments: Environment[]
      stops: Stop[]
    }[]
  }
  t.same(
    hosts.map(({ host }) => host),
    ['localhost'],
  )
  const comparisons = hosts.flatMap((host) => host.comparisons)
  t.same(comparisons.map(({ workload }) => workload).sort(), ['cpu', 'memory-1k', 'memory-1m'])
  for (const { guest, workload, native, guest_values } of comparisons) {
    t.equal(guest, 'guest1')
    t.ok(native.median > 0 && guest_values.median > 0, `${workload}: native and guest were measured`)
  }
  for (const { design, samples, environments, stops } of hosts) {
    t.same(stops.map(({ workload, reason }) => `${workload} ${reason}`).sort(), [
      'cpu most-blocks',
      'memory-1k most-blocks',
      'memory-1m most-blocks',
    ])
    t.comment(`native trials are held to their memory by ${design.memory_limit_by ?? 'nothing'}`)
    for (const { kind, workload, host_cpu_s, clock_drift, memory_limit_mib, qemu } of samples) {
      t.ok(
        host_cpu_s !== null && host_cpu_s > 0,
        `${workload}, ${kind}: ${host_cpu_s} CPU-seconds of the hypervisor`,
      )
      t.type(clock_drift, 'number', `${workload}, ${kind}: the clocks were compared`)
      if (kind === 'native') t.equal(memory_limit_mib, design.memory_limit_by === null ? null : 2900)
      else t.ok((qemu?.cpu_s ?? 0) > 0 && (qemu?.context_switches_forced ?? -1) >= 0, 'QEMU was looked at')
    }
    const guest = environments.find(({ kind }) => kind === 'guest')
    t.match(guest?.domain, { memory_mib: 2900, vcpus: 2, pinning: [] })
    t.match(guest?.domain?.image, { name: 'debian-12', sha256: /^[0-9a-f]{64}$/ })
    t.match(guest?.domain?.disks[0], { device: 'vda', bus: 'virtio', format: 'qcow2', backed: 'yes' })
    t.equal(typeof guest?.platform?.kernel_command_line, 'string')
    const login = guest?.login_s ?? 0
    t.ok(
      login > (guest?.boot?.kernel_s ?? 0),
      `from start to login: ${login} s, longer than the kernel's part`,
    )
  }
}

/** The published document's two metrics, natively and in the guest, each beside its published figure. */
function replayed(t: Test, json: string): void {
  const [host] = (JSON.parse(json) as { hosts: ReplayedHost[] }).hosts
  t.match(host?.published, [
    { guest: 'guest1', workload: 'seed-replay-cpu', unit: 'events/s', published: 52.39 },
    { guest: 'guest1', workload: 'seed-replay-memory', unit: 'MiB/s', published: 179.32 },
  ])
  for (const { workload, measured_guest, measured_native } of host?.published ?? [])
    t.ok(
      measured_guest > 0 && measured_native > 0,
      `${workload}: ${measured_guest}, natively ${measured_native}`,
    )
  const samples = host?.samples.filter(({ workload }) => workload.startsWith('seed-replay')) ?? []
  t.same(
    [...new Set(samples.map(({ argv }) => argv.join(' ')))].sort(),
    ['sysbench cpu run', 'sysbench memory run'],
    'word for word',
  )
  const clocks = samples
    .filter(({ kind, workload }) => kind === 'guest' && workload === 'seed-replay-memory')
    .map(({ clocksource }) => clocksource ?? 'unknown')
  const said = host?.findings.find(({ rule }) => rule === 'clock-bound-operations')?.text ?? ''
  // Where the guest reads an emulated clock the artefact is found and named; where KVM gives it another there is none.
  t.comment(`clock of the guest: ${clocks.join(', ')}`)
  if (clocks.every((source) => ['hpet', 'acpi_pm'].includes(source)))
    t.match(
      said,
      /as published look .* The guest reads its time from (hpet|acpi_pm), a device that is emulated/,
    )
  else t.equal(said, '')
}

interface ReplayedHost {
  readonly published: readonly { workload: string; measured_guest: number; measured_native: number }[]
  readonly samples: readonly { workload: string; argv: string[]; kind: string; clocksource: string | null }[]
  readonly findings: readonly { rule: string; text: string }[]
}

interface Figure {
  readonly median: number
}

function timings(t: Test, { events, durationMs }: HvlabResult): void {
  const took = (stage: string) =>
    (ofKind(events, 'stage.finished').find((event) => event.stage === stage)?.durationMs ?? Number.NaN) / 1000
  t.comment(`timing: up quick ${(durationMs / 1000).toFixed(0)} s, of which`)
  for (const stage of ['preflight', 'image', 'hypervisor', 'deploy', 'benchmark', 'report'])
    t.comment(`timing:   ${stage} ${took(stage).toFixed(1)} s`)
}
