import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { closePort, forwardSteps, listForwards, readForwards } from '../../src/lab/port-forward.ts'
import type { Command } from '../../src/model/command.ts'
import type { Change } from '../../src/modules/module.ts'
import { renderCommand } from '../../src/util/sh.ts'
import { nspawnSite } from '../support/nspawn/site.ts'
import { missingForLab } from '../support/requirements.ts'

/**
 * A port of a host with systemd that leads to an address behind it: reachable from another machine, there again after a
 * reboot, and gone without a trace. The address is the host's own sshd; guests.test.ts has a real guest, without systemd.
 */
const needs = ['systemd-nspawn', 'mmdebstrap', 'ip', 'iptables', 'ssh', 'ssh-keygen']
const skip = missingForLab(needs) ?? false

t.test('a port survives a reboot where systemd runs', { skip }, async (t) => {
  const site = await nspawnSite(t, ['ports'])
  const [host] = site.hosts
  if (!host) throw new Error('the site has no host')
  const run = (command: Command) => {
    const { status, stdout, stderr } = host.ssh(renderCommand(command))
    if (status !== 0 && stderr !== '') t.comment(stderr)
    return { status, stdout }
  }
  const wanted = { host: 18025, guest: 22, address: '0.0.0.0' }
  const steps = () => forwardSteps('lab-guest', '127.0.0.1', [wanted], readForwards(run(listForwards).stdout))
  const apply = (changes: readonly Change[]) => {
    for (const { action } of changes) {
      if (!('parts' in action)) throw new Error('not a command')
      t.equal(run(action).status, 0)
    }
  }

  const first = steps()
  t.same(
    first.map(({ summary }) => summary),
    ['open port 18025 of 0.0.0.0: it leads to port 22 of lab-guest (127.0.0.1)'],
  )
  apply(first)
  t.match(await banner(host.address, wanted.host), /^SSH-2\.0-/, 'from another machine')
  t.same(steps(), [], 'a second run changes nothing')

  await host.powerCycle()
  t.match(await banner(host.address, wanted.host), /^SSH-2\.0-/, 'after a reboot')
  t.same(steps(), [])

  t.equal(run(closePort(wanted.host)).status, 0)
  t.equal(await banner(host.address, wanted.host), 'ECONNREFUSED')
  t.equal(host.ssh('ls /etc/systemd/system /var/lib | grep hvlab').stdout, '', 'nothing is left')
  t.equal(run(closePort(wanted.host)).status, 0, 'twice is fine')
})

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
