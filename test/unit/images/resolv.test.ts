import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { packageRoot } from '../../../src/util/package-root.ts'

const script = join(packageRoot, 'images/debian-12/files/usr/local/lib/hvlab/resolv')

t.test('name servers that come while the last ones are written are not lost', async (t) => {
  const run = t.testdir({ state: 'OPER_STATE=carrier\n' })
  const text = readFileSync(script, 'utf8')
    .replaceAll('/run/systemd/netif/state', join(run, 'state'))
    .replaceAll('/run/resolv.conf', join(run, 'resolv.conf'))
    .replace('sleep 3', 'sleep 0.5')
  const child = spawn('/bin/sh', ['-c', text])
  const ended = once(child, 'close')
  while (!existsSync(join(run, 'resolv.conf'))) await delay(5)
  t.equal(readFileSync(join(run, 'resolv.conf'), 'utf8').trim(), '')
  writeFileSync(join(run, 'state'), 'OPER_STATE=routable\nDNS=192.0.2.1 192.0.2.2\nDOMAINS=example.test\n')
  t.strictSame(await ended, [0, null])
  t.equal(
    readFileSync(join(run, 'resolv.conf'), 'utf8'),
    'nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch example.test\n',
  )
})
