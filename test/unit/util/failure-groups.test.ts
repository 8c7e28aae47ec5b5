import t from 'tap'
import { printFailures } from '../../../src/commands/lab-guests.ts'
import type { Failure } from '../../../src/model/failure.ts'
import { groupText } from '../../../src/renderers/failure-text.ts'
import { painter } from '../../../src/renderers/style.ts'
import { grouped, type HostFailure } from '../../../src/util/failure-groups.ts'
import { hostNames } from '../../../src/util/host-names.ts'

const location = { file: 'site.yml', line: 7, column: 3 }

function failed(host: string, message: string, more: Partial<Failure> = {}, task = 'deploy'): HostFailure {
  return {
    stage: 'web',
    host,
    task,
    failure: { reason: 'module', code: 'command-failed', message, location, ...more },
  }
}

function texts(failures: readonly HostFailure[], columns?: number): string[] {
  return grouped(failures).map((group) =>
    groupText(group, (who) => `${group.stage} · ${who} · ${group.task}`, painter(false), columns),
  )
}

const fleet = (count: number) => Array.from({ length: count }, (_, index) => `node${index + 1}`)

t.test('names of hosts', async (t) => {
  const cases: [names: string[], said: string][] = [
    [['b', 'a', 'b'], 'a, b'],
    [['node1'], 'node1'],
    [['node10', 'node9', 'node11', 'node13'], 'node[9-11,13]'],
    [['n08', 'n09', 'n10', 'n100'], 'n[08-10,100]'],
    [['n9', 'n010'], 'n[9,010]'],
    [['n1.dc2.example', 'n2.dc2.example', 'db.example'], 'db.example, n[1-2].dc2.example'],
    [['guest1.node1', 'guest1.node2', 'guest1.node3'], 'guest1.node[1-3]'],
    [['192.0.2.9', '192.0.2.10'], '192.0.2.[9-10]'],
    [['n1', 'n1a', 'n2a'], 'n1, n[1-2]a'],
  ]
  for (const [names, said] of cases) t.equal(hostNames(names).join(', '), said)
  t.equal(hostNames(fleet(200)).join(', '), 'node[1-200]')
  const odd = fleet(60).filter((_, index) => index % 2 === 0)
  t.strictSame(hostNames(odd), [
    'node[1,3,5,7,9,11,13,15,17,19,21,23,25,27,29]',
    'node[31,33,35,37,39,41,43,45,47,49,51,53,55]',
    'node[57,59]',
  ])
})

t.test('the same failure on many hosts is one block', async (t) => {
  const hint = 'Look at its log.'
  const details = 'out of memory'
  t.strictSame(texts(fleet(50).map((host) => failed(host, 'It did not start.', { hint, details }))), [
    `✖ web · node[1-50] · deploy
  It did not start.
  │ out of memory
  hint: Look at its log.
  at site.yml:7 [command-failed]`,
  ])
})

t.test('a failure of one host says what it said', async (t) => {
  const one = failed('node1', 'node1 did not start.', { hint: 'Log in to node1.', details: 'x\ny' })
  t.strictSame(texts([one]), [
    `✖ web · node1 · deploy
  node1 did not start.
  │ x
  │ y
  hint: Log in to node1.
  at site.yml:7 [command-failed]`,
  ])
})

t.test('what differs in a few words is told by host', async (t) => {
  const failures = fleet(9).map((host, index) =>
    failed(host, `The disk of ${host} has ${index < 7 ? 12 : index} MB left of the 500 that it needs.`, {
      hint: `Make room on ${host}.`,
    }),
  )
  t.strictSame(texts(failures), [
    `✖ web · node[1-9] · deploy
  The disk of <host> has … MB left of the 500 that it needs.
    12: node[1-7]
    7: node8
    8: node9
  hint: Make room on <host>.
  at site.yml:7 [command-failed]`,
  ])
  const addresses = fleet(60).map((host, index) =>
    failed(host, `No route to ${host} (192.0.2.${index}) now.`),
  )
  t.strictSame(texts(addresses), [
    `✖ web · node[1-60] · deploy
  No route to <host> … now.
    (192.0.2.0): node1
    (192.0.2.1): node2
    (192.0.2.2): node3
    (192.0.2.3): node4
    (192.0.2.4): node5
    and others on 55 more hosts
  at site.yml:7 [command-failed]`,
  ])
})

t.test('other causes, tasks and codes are blocks of their own', async (t) => {
  const failures = [
    failed('a', 'There is no package nginx.'),
    failed('b', 'The mirror does not answer at all today.'),
    failed('c', 'There is no package nginx.', { code: 'other' }),
    failed('d', 'There is no package nginx.', {}, 'another task'),
    failed('e', 'There is no package nginx.'),
  ]
  t.strictSame(
    texts(failures).map((text) => text.split('\n').slice(0, 2).join(' ')),
    [
      '✖ web · a, e · deploy   There is no package nginx.',
      '✖ web · b · deploy   The mirror does not answer at all today.',
      '✖ web · c · deploy   There is no package nginx.',
      '✖ web · d · another task   There is no package nginx.',
    ],
  )
})

t.test('evidence of another kind is not hidden by the first', async (t) => {
  const details = (host: string, index: number): string =>
    index < 3
      ? `[${index}] kernel: out of memory: killed process nginx`
      : index < 5
        ? `bind: address in use`
        : `${host}: something else ${'very '.repeat(index)}odd`
  const failures = fleet(8).map((host, index) =>
    failed(host, 'It ended with exit code 1.', { details: details(host, index) }),
  )
  t.strictSame(texts(failures), [
    `✖ web · node[1-8] · deploy
  It ended with exit code 1.
  on node1, and much the same on node[2-3]:
  │ [0] kernel: out of memory: killed process nginx
  on node4, and much the same on node5:
  │ bind: address in use
  on node6:
  │ node6: something else very very very very very odd
  other words on node[7-8]: the journal has them
  at site.yml:7 [command-failed]`,
  ])
})

t.test('many names have lines of their own', async (t) => {
  const names = ['alpha', 'bravo', 'charlie', 'delta', 'echo', 'foxtrot', 'golf', 'hotel']
  t.strictSame(
    texts(
      names.map((host) => failed(host, 'It did not start.')),
      40,
    ),
    [
      `✖ web · 8 hosts · deploy
  alpha, bravo, charlie, delta, echo,
  foxtrot, golf, hotel
  It did not start.
  at site.yml:7 [command-failed]`,
    ],
  )
})

t.test('commands on guests tell the same of many hypervisors once', async (t) => {
  const lost = (host: string, message: string) => ({
    host,
    failure: { reason: 'unreachable', code: 'ssh-refused', message, hint: 'Start sshd.' } as const,
  })
  t.equal(
    printFailures([
      lost('node1', 'root@192.0.2.1: the port is closed'),
      lost('node2', 'root@192.0.2.2: the port is closed'),
      lost('db', 'the name is not known'),
    ]),
    `error: node[1-2]: … the port is closed
    root@192.0.2.1: node1
    root@192.0.2.2: node2
  hint: Start sshd.
error: db: the name is not known
  hint: Start sshd.
`,
  )
})
