import t from 'tap'
import { forwardSteps, orphanedPorts, readForwards } from '../../../src/lab/access/port-forward.ts'

const told = [
  '8080 yes lab-guest 192.168.122.10 80 0.0.0.0',
  '8081 no lab-gu',
  '8082 yes ',
  'what a damaged file says in its second line',
].join('\n')

t.test('a forward whose file is damaged leads to nobody, and is found', async (t) => {
  const known = readForwards(told)
  t.match(known, [
    { host: 8080, alive: true, domain: 'lab-guest', to: '192.168.122.10', guest: 80, address: '0.0.0.0' },
    { host: 8081, alive: false, domain: '' },
    { host: 8082, alive: true, domain: '' },
  ])
  t.equal(known.length, 3)
  t.strictSame(
    orphanedPorts(known, [{ name: 'lab-guest' }]).map(({ host }) => host),
    [8081, 8082],
    'so that hvlab down closes it',
  )
  t.strictSame(
    forwardSteps('lab-guest', '192.168.122.10', [{ host: 8080, guest: 80, address: '0.0.0.0' }], known),
    [],
    'others are whole',
  )
})
