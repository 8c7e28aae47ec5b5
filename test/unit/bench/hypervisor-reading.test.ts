import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { noiseFunctions, parseNoise } from '../../../src/bench/noise.ts'
import { openConnection } from '../../../src/connections/open.ts'
import { QemuMeter } from '../../../src/modules/benchmark/hypervisor-reading.ts'
import { sh } from '../../../src/util/sh.ts'
import { contextOn } from '../../support/module-harness.ts'

t.test('CPU-seconds of a process between two moments', async (t) => {
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
  const meter = new QemuMeter(context, before)
  meter.read('start')
  // However busy the machine is, the process gets its share some time.
  for (let usedS = 0; usedS < 0.05; await delay(50)) {
    meter.read('end')
    usedS = (await meter.usedS()) ?? 0
  }
  const used = (await meter.usedS()) ?? 0
  t.ok(used >= 0.05 && used < 60, `${used} s`)
  t.equal(await new QemuMeter(context, before).usedS(), null, 'marks that did not come')
  t.equal(await new QemuMeter(context, parseNoise('')).usedS(), null, 'no process')
  const ended = new Promise((resolve) => busy.on('exit', resolve))
  busy.kill()
  await ended
  const late = new QemuMeter(context, before)
  late.read('start')
  late.read('end')
  t.equal(await late.usedS(), null, 'a process that is gone')
})
