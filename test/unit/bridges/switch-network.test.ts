import t from 'tap'
import { switchNetwork } from '../../../src/bridges/switch-network.ts'
import { answers } from '../../../src/bridges/switch-script.ts'
import { FailureError } from '../../../src/model/failure.ts'

const record = { lab: 'hvlab', bridge: 'br0', card: 'eth0', service: 'netplan' }

/** A host that answers the start of a switch and then the login that asks. */
async function undoneWith(log: string, direction: 'to-bridge' | 'to-card') {
  const said = [
    { exitCode: 0, stdout: '', stderr: '' },
    { exitCode: answers.notYet, stdout: '', stderr: '' },
    { exitCode: answers.undone, stdout: log, stderr: '' },
  ]
  const context = {
    host: 'node1',
    signal: new AbortController().signal,
    progress: () => {},
    connection: async () => ({ renew: async () => {} }),
    run: async () => said.shift(),
  } as unknown as Parameters<typeof switchNetwork>[0]
  try {
    await switchNetwork(context, record, direction, 60)
  } catch (error) {
    if (error instanceof FailureError) return error.failure
    throw error
  }
  throw new Error('nothing was thrown')
}

const start = 'The change between network card eth0 and bridge br0 of node1 was taken back: '
const end = '. Its network is as its files say again.'

t.test('what the device lacked is said', async (t) => {
  const log =
    'nobody confirmed within 60 seconds\nmissing: address 6 2001:db8::5/64\nmissing: route 6 default\n'
  const failure = await undoneWith(log, 'to-bridge')
  t.equal(failure.code, 'bridge-rolled-back')
  t.equal(
    failure.message,
    `${start}br0 lacked 2001:db8::5/64, a default route of IPv6 after 60 seconds${end}`,
  )
  t.match(
    failure.hint,
    'An address that no file of netplan has, set by hand or by another program, is gone from eth0, too: set it again, or take it into the files.',
  )
  t.equal(failure.details, log.trim())
  t.match((await undoneWith(log, 'to-card')).message, 'eth0 lacked 2001:db8::5/64')
})

t.test('nobody came, or the change itself did not work', async (t) => {
  const nobody = await undoneWith('nobody confirmed within 60 seconds\n', 'to-bridge')
  t.equal(nobody.message, `${start}no new login came through within 60 seconds${end}`)
  const broken = await undoneWith('the change itself failed, or took more than 60 seconds\n', 'to-bridge')
  t.equal(broken.message, `${start}the commands for it failed${end}`)
})
