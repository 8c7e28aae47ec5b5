import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { noiseFunctions, parseNoise } from '../../../src/bench/noise.ts'
import { openConnection } from '../../../src/connections/open.ts'
import { narrowed, WorkloadMeter } from '../../../src/modules/benchmark/hypervisor-reading.ts'
import { sh } from '../../../src/util/sh.ts'
import { contextOn } from '../../support/module-harness.ts'
import { quietNoise } from '../../support/quiet-noise.ts'

t.test('a hypervisor while a workload runs', async (t) => {
  const connection = await openConnection({ kind: 'local', host: 'testhost', shellPath: '/bin/sh' })
  t.teardown(() => connection.close())
  const context = contextOn(connection, {})
  // Stands for QEMU: any process that works has counters.
  const busy = spawn('sh', ['-c', 'while :; do :; done'])
  t.teardown(() => busy.kill())
  const { stdout } = await context.run(sh`${noiseFunctions}
mark x; counters ${String(busy.pid)}`)
  const before = parseNoise(stdout)
  t.equal(before.qemu?.pid, busy.pid)
  const meter = new WorkloadMeter(context, before)
  meter.read('start')
  // However busy the machine is, the process gets its share some time.
  for (let usedS = 0; usedS < 0.05; await delay(50)) {
    meter.read('end')
    usedS = (await meter.between())?.cpuS ?? 0
  }
  const during = await meter.between()
  if (during === null) return t.fail('two readings')
  t.ok(during.cpuS >= 0.05 && during.cpuS < 60, `${during.cpuS} CPU-seconds`)
  const { elapsed_s, busy_s, context_switches } = during.noise
  t.ok(elapsed_s !== null && elapsed_s >= 0 && busy_s !== null && busy_s > 0 && (context_switches ?? 0) > 0)
  const around = { ...quietNoise, elapsed_s: 1000, throttled_s: 0.5 }
  t.match(narrowed(around, during.noise), { elapsed_s, busy_s, throttled_s: 0.5 })
  t.equal(narrowed(around, undefined), around, 'without readings, those around the trial')
  t.equal(await new WorkloadMeter(context, before).between(), null, 'marks that did not come')
  t.equal(await new WorkloadMeter(context, parseNoise('')).between(), null, 'no process')
  const ended = new Promise((resolve) => busy.on('exit', resolve))
  busy.kill()
  await ended
  const late = new WorkloadMeter(context, before)
  late.read('start')
  late.read('end')
  t.equal(await late.between(), null, 'a process that is gone')
  return
})
