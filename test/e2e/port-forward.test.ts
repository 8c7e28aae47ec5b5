import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { closePort, forwardSteps, listForwards, readForwards } from '../../src/lab/access/port-forward.ts'
import type { Change } from '../../src/model/change.ts'
import type { Command } from '../../src/model/command.ts'
import { renderCommand } from '../../src/util/sh.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { missingForLab } from '../support/requirements.ts'
import { Sandbox, type SandboxHost, sandboxNeeds } from '../support/sandbox.ts'

/**
 * A port of a host with systemd that leads to an address behind it: reachable from another machine, there again after a
 * reboot, and gone without a trace. The address is the host's own sshd; guests.test.ts has a real guest, without systemd.
 */
const skip = missingForLab(sandboxNeeds) ?? false

t.test('a port survives a reboot where systemd runs', { skip }, async (t) => {
  const sandbox = new Sandbox(t, new LabFolder(t))
  const [host] = await sandbox.up(1)
  if (!host) throw new Error('the sandbox has no host')
  const wanted = { host: 18025, guest: 22, address: '0.0.0.0' }
  const run = (command: Command) => host.run(renderCommand(command))
  const steps = async () =>
    forwardSteps(
      'lab-guest',
      '127.0.0.1',
      [wanted],
      readForwards(await host.run(`${renderCommand(listForwards)} || :`)),
    )
  const apply = async (changes: readonly Change[]) => {
    for (const { action } of changes) {
      if (!('parts' in action)) throw new Error('not a command')
      await run(action)
    }
  }

  const first = await steps()
  t.same(
    first.map(({ summary }) => summary),
    ['open port 18025 of 0.0.0.0: it leads to port 22 of lab-guest (127.0.0.1)'],
  )
  await apply(first)
  t.match(await banner(host.address, wanted.host), /^SSH-2\.0-/, 'from another machine')
  t.same(await steps(), [], 'a second run changes nothing')

  await powerCycle(sandbox, host)
  t.match(await banner(host.address, wanted.host), /^SSH-2\.0-/, 'after a reboot')
  t.same(await steps(), [])

  await run(closePort(wanted.host))
  t.equal(await banner(host.address, wanted.host), 'ECONNREFUSED')
  t.equal(await host.run('ls /etc/systemd/system /var/lib | grep hvlab || :'), '', 'nothing is left')
  await run(closePort(wanted.host))
})

/** Until its services run again. */
async function powerCycle(sandbox: Sandbox, host: SandboxHost): Promise<void> {
  await host.run('systemctl --no-block poweroff')
  while ((await sandbox.status()).some(({ state }) => state === 'running')) await delay(100)
  await sandbox.up(1)
  await host.run('systemctl is-system-running --wait || :')
}

/** What a server says first, or the code of the error. */
async function banner(address: string, port: number): Promise<string> {
  const socket = connect({ host: address, port, timeout: 10_000 })
  socket.once('timeout', () => socket.destroy(new Error('said nothing')))
  try {
    const [data] = (await once(socket, 'data')) as [Buffer]
    return data.toString('latin1')
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    socket.destroy()
  }
}
