import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { contaminated, countingSamples } from '../../../src/bench/counting-samples.ts'
import {
  clockDrift,
  driftFlags,
  noiseFlags,
  otherWorkFlags,
  qemuFlags,
  roundFlags,
} from '../../../src/bench/gates.ts'
import { noiseBetween, noiseFunctions, parseNoise, qemuBetween } from '../../../src/bench/noise.ts'
import type { Design, Sample, Subject } from '../../../src/bench/record.ts'
import { MarkWatch } from '../../../src/bench/trial-script.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import { trialFlags } from '../../../src/modules/benchmark/trial-flags.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'
import { pair } from '../../support/pair.ts'
import { quietNoise } from '../../support/quiet-noise.ts'

const run = promisify(execFile)

/** As the shell prints it on a hypervisor with cgroups of version 2, with a domain. */
const before = `@@hvlab hypervisor
uptime 1000.00
0m0.010000s 0m0.000000s
0m1.250000s 1m0.500000s
/proc/stat:cpu  100 20 30 40000 50 60 70 800 5 0
/proc/stat:ctxt 123456
/proc/pressure/cpu:some avg10=2.72 avg60=4.89 avg300=3.04 total=31726758
/proc/pressure/memory:some avg10=0.00 avg60=0.00 avg300=0.00 total=1000
/proc/pressure/io:some avg10=0.00 avg60=0.00 avg300=0.00 total=2000000
/sys/fs/cgroup/system.slice/ssh.service/cpu.stat:throttled_usec 500000
/sys/fs/cgroup/system.slice/cpu.stat:throttled_usec 0
/sys/devices/system/clocksource/clocksource0/current_clocksource:tsc
/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq:2599871
/sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq:3100000
/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count:2
/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count:1
/proc/25395/stat:25395 (qemu (x) 86) S 25118 25393 25393 0 -1 138412416 62511 0 4 0 5458 647 0 0 20 0 5 0 1209187
/proc/25395/task/25395/schedstat:2280212906 1000000000 63520
/proc/25395/task/25430/schedstat:30033138961 2000000000 42853
/proc/25395/task/25395/status:voluntary_ctxt_switches:\t100
/proc/25395/task/25395/status:nonvoluntary_ctxt_switches:\t10
/proc/25395/task/25430/status:voluntary_ctxt_switches:\t20
/proc/25395/task/25430/status:nonvoluntary_ctxt_switches:\t2
qemu /sys/fs/cgroup/machine.slice/machine-qemu.scope/cpu.stat:throttled_usec 1000000
Domain: 'hvlab-guest1'
  cpu.time=61060857000
  cpu.user=54586852000
`

t.test('counters are read', async (t) => {
  t.strictSame(parseNoise(before), {
    uptimeS: 1000,
    psiCpuS: 31.726758,
    psiMemoryS: 0.001,
    psiIoS: 2,
    stealS: 8,
    busyS: 1.5,
    contextSwitches: 123456,
    throttledS: 0.5,
    thermalThrottles: 3,
    mhz: [2599.871, 3100],
    clocksource: 'tsc',
    childrenS: 61.75,
    qemu: {
      pid: 25395,
      cpuS: 61.060857,
      waitedS: 3,
      voluntarySwitches: 120,
      forcedSwitches: 12,
      throttledS: 1,
    },
  })
  t.equal(
    parseNoise(before.replace(/ *cpu\..*\n/g, '')).qemu?.cpuS,
    61.05,
    'where libvirt does not count CPU-seconds, the process does',
  )
  t.strictSame(
    parseNoise('uptime 1.00\n/proc/stat:cpu  1 2 3 4\n'),
    {
      uptimeS: 1,
      psiCpuS: null,
      psiMemoryS: null,
      psiIoS: null,
      stealS: null,
      busyS: 0.06,
      contextSwitches: null,
      throttledS: null,
      thermalThrottles: null,
      mhz: [],
      clocksource: null,
      childrenS: null,
      qemu: null,
    },
    'a kernel without PSI, steal and sysfs',
  )
  const version1 = '/sys/fs/cgroup/cpu/x/cpu.stat:throttled_time 2500000000\n'
  t.equal(parseNoise(version1).throttledS, 2.5, 'version 1 of cgroups counts nanoseconds')
})

t.test('what changed between two readings', async (t) => {
  const after = parseNoise(
    before
      .replace('uptime 1000.00', 'uptime 1003.00')
      .replace('total=31726758', 'total=31826758')
      .replace('cpu  100 20', 'cpu  400 20')
      .replace('ctxt 123456', 'ctxt 124456')
      .replace('cpu.time=61060857000', 'cpu.time=64060857000')
      .replace('30033138961 2000000000', '33033138961 2010000000'),
  )
  t.strictSame(noiseBetween(parseNoise(before), after), {
    elapsed_s: 3,
    psi_cpu_s: 0.1,
    psi_memory_s: 0,
    psi_io_s: 0,
    steal_s: 0,
    busy_s: 3,
    context_switches: 1000,
    throttled_s: 0,
    thermal_throttles: 0,
    mhz_low: 2600,
    mhz_high: 3100,
  })
  t.strictSame(qemuBetween(parseNoise(before), after), {
    cpu_s: 3,
    waited_s: 0.01,
    context_switches_voluntary: 0,
    context_switches_forced: 0,
    throttled_s: 0,
  })
  t.equal(qemuBetween(parseNoise(''), after), null, 'a process that was not there before')
})

t.test('this machine answers', async (t) => {
  const { stdout } = await run('/bin/sh', [
    '-c',
    renderCommand(sh`${noiseFunctions}
mark x; counters ${String(process.pid)}; times`),
  ])
  const reading = parseNoise(stdout)
  t.ok((reading.uptimeS ?? 0) > 0 && (reading.contextSwitches ?? 0) > 0 && (reading.busyS ?? 0) > 0, stdout)
  t.ok((reading.qemu?.cpuS ?? 0) > 0, 'a process is found by its id')
  t.type(reading.childrenS, 'number')
})

t.test('pressure that a workload makes itself is no gate', async (t) => {
  const [native, guest] = pair()
  if (native === undefined || guest === undefined) throw new Error('pair')
  const design = { subjects: [native, guest] } as unknown as Design
  const pressed = { ...quietNoise, elapsed_s: 3, psi_cpu_s: 0.3, busy_s: 3 }
  const flags = (subject: Subject, workload: Partial<Workload>, busy_s = 3) => {
    const around = { ...pressed, busy_s }
    return trialFlags(design, subject, workload as Workload, {
      threads: 1,
      noise: subject === native ? around : pressed,
      around: subject === native ? null : around,
      qemu: null,
      cpuS: 3,
      qemuS: 3,
      drift: null,
      observedS: 3.1,
    })
  }
  t.strictSame(flags(native, {}), ['host-cpu-pressure'])
  t.strictSame(flags(guest, {}), ['guest-cpu-pressure', 'host-cpu-pressure'])
  t.strictSame(flags(native, { waits_for_disk: true }), [])
  t.strictSame(flags(guest, { waits_for_disk: true }), [])
  t.strictSame(flags(native, { waits_for_disk: true }, 4), ['host-other-work'], 'a neighbour is still seen')
  t.strictSame(flags(guest, { waits_for_disk: true }, 4), ['host-other-work'])
})

t.test('gates', async (t) => {
  const flags = (noise: Partial<typeof quietNoise>, crowded = false) =>
    noiseFlags({ ...quietNoise, elapsed_s: 3, ...noise }, 3.2, 'host', crowded)
  t.strictSame(flags({}), [])
  t.strictSame(flags({ psi_cpu_s: 0.06, steal_s: 0.03 }), [], 'at the limits')
  t.strictSame(flags({ psi_cpu_s: 0.061, steal_s: 0.031 }), ['host-cpu-pressure', 'host-steal'])
  t.strictSame(flags({ psi_cpu_s: 2 }, true), [], 'threads that wait for each other are no company')
  t.strictSame(flags({ psi_memory_s: 1, throttled_s: 0.001 }, true), [
    'host-memory-pressure',
    'host-throttled',
  ])
  t.strictSame(flags({ thermal_throttles: 1 }), ['host-throttled'])
  t.strictSame(
    flags({ psi_cpu_s: null, steal_s: null, throttled_s: null, thermal_throttles: null }),
    [],
    'not known is not noisy',
  )
  t.strictSame(
    flags({ elapsed_s: null, psi_cpu_s: 0.063 }),
    [],
    'without a clock of its own the controller’s counts',
  )
  const work = (busy_s: number | null, ownS: number | null) =>
    otherWorkFlags({ ...quietNoise, elapsed_s: 3, busy_s }, ownS, 3.2, 'host')
  t.strictSame(work(3.74, 2.99), [], 'the limit is a quarter of a CPU')
  t.strictSame(work(3.75, 2.99), ['host-other-work'])
  t.strictSame([...work(null, 3), ...work(6, null)], [], 'not known is not noisy')
  t.strictSame(qemuFlags(null), [])
  const qemu = { cpu_s: 3, waited_s: 0, context_switches_voluntary: 0, context_switches_forced: 0 }
  t.strictSame(qemuFlags({ ...qemu, throttled_s: 0.2 }), ['guest-throttled'])
  t.strictSame(qemuFlags({ ...qemu, throttled_s: 0 }), [])
})

t.test('gates in a round of guests: the others of the round are no disturbance', async (t) => {
  const sample = (flags: string[], host_cpu_s: number | null, busy_s: number) =>
    ({
      flags,
      host_cpu_s,
      hypervisor_noise: { ...quietNoise, elapsed_s: 3, busy_s },
      observed_s: 3.2,
    }) as unknown as Sample
  const company = ['host-cpu-pressure', 'host-other-work', 'guest-steal']
  const flags = (busy_s: number, cpuS: number | null = 3) => {
    const round = [sample([...company, 'clock-drift'], 3, busy_s), sample([], cpuS, busy_s)] as const
    return roundFlags(round[0], round)
  }
  t.strictSame(flags(6.7), ['clock-drift'], 'the work of both guests')
  t.strictSame(flags(6.8), ['clock-drift', 'host-other-work'], 'and somebody else’s')
  t.strictSame(flags(6.8, null), ['clock-drift'], 'not known is not noisy')
})

t.test('a busy neighbour that comes during a trial is caught', async (t) => {
  // Three of three on every CPU and on any of them; the bench itself does twenty. It ends with 1 when one was missed.
  const { stdout } = await run(process.execPath, [join(packageRoot, 'bench/noise.mjs'), '3'])
  t.match(stdout, /^on its CPU +3 of 3 /m)
  t.match(stdout, /^on every CPU +3 of 3 /m)
})

t.test('drift of clocks', async (t) => {
  t.strictSame(clockDrift(3.03, 3), { drift: 0.01, uncertainty: 0.006667 })
  t.strictSame(driftFlags(clockDrift(3.03, 3)), [], '1 % in 3 s may be the way of measuring')
  t.strictSame(driftFlags(clockDrift(3.04, 3)), ['clock-drift'])
  t.strictSame(driftFlags(clockDrift(9.9, 10)), ['clock-drift'], '1 % in 10 s is not')
  t.equal(clockDrift(null, 3), null)
  t.strictSame(driftFlags(null), [])
  let now = 0
  const edges: string[] = []
  const watch = new MarkWatch(
    (edge) => edges.push(`${edge} ${now}`),
    () => now,
  )
  const arrives = (at: number, text: string): void => {
    now = at
    watch.onOutput('stdout', text)
  }
  arrives(1000, '@@hvlab bef')
  arrives(1010, 'ore\nuptime 5.00\n')
  arrives(1020, '@@hvlab run\nfigures @@hvlab after the fact\n')
  t.equal(watch.elapsedS(), null, 'the end has not come')
  watch.onOutput('stderr', '@@hvlab after\n')
  arrives(4010, '\n@@hvlab after\nuptime 8.00\n')
  arrives(5000, '@@hvlab after\n')
  t.equal(watch.elapsedS(), 3)
  t.strictSame(edges, ['start 1020', 'end 4010'], 'each once')
  t.equal(watch.begunMs([]), 1020, 'by its arrival, where the subject shows no clock')

  const waited = new MarkWatch(
    () => {},
    () => now,
  )
  for (const [at, text] of [
    [2000, '@@hvlab waiting\nuptime 100.00\n'],
    [7500, '@@hvlab before\nuptime 105.20\n'],
    [8100, '@@hvlab run\nuptime 105.31\n'],
  ] as const) {
    now = at
    waited.onOutput('stdout', text)
  }
  const shown = [
    { mark: '@@hvlab waiting', uptimeS: 100 },
    { mark: '@@hvlab before', uptimeS: 105.2 },
    { mark: '@@hvlab run', uptimeS: 105.31 },
  ]
  t.equal(waited.begunMs(shown), 7310, 'lines that came 300 and 790 ms late do not count')
})

t.test('which attempt counts', async (t) => {
  const sample = (block: number, attempt: number, flags: string[], warm_up = false) =>
    ({
      subject: 'native',
      workload: 'cpu',
      block,
      attempt,
      flags,
      warm_up,
      order: block,
    }) as unknown as Sample
  const flagged = sample(1, 1, ['host-steal'])
  t.ok(contaminated(flagged))
  const chosen = countingSamples([
    sample(0, 1, [], true),
    sample(2, 1, ['host-steal']),
    sample(2, 2, ['clock-drift']),
    flagged,
    sample(1, 2, []),
  ])
  t.strictSame(
    chosen.map(({ block, attempt }) => [block, attempt]),
    [
      [1, 2],
      [2, 2],
    ],
    'the first clean one, or the last; no warm-up',
  )
  t.strictSame(countingSamples([sample(1, 1, []), sample(1, 2, [])])[0]?.attempt, 1)
})
