import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Design, Subject } from '../../../src/bench/record.ts'
import type { Workload } from '../../../src/bench/workload-file.ts'
import type { DomainState } from '../../../src/lab/libvirt/domain-state.ts'
import type { Command } from '../../../src/model/command.ts'
import type { Fact } from '../../../src/model/fact.ts'
import type { ModuleContext } from '../../../src/model/module-context.ts'
import { measure } from '../../../src/modules/benchmark/measure.ts'
import { withNetwork, withoutPeer } from '../../../src/modules/benchmark/network.ts'
import { scratchFolder } from '../../../src/modules/benchmark/scratch-folder.ts'
import { loadWorkloads } from '../../../src/modules/benchmark/workloads.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'
import { thisMachine } from '../../support/this-machine.ts'

const domain = (networks: string[]): DomainState =>
  ({
    name: 'hvlab-x',
    state: 'running (booted)',
    interfaces: networks.map((network) => ({ mac: '52:54:00:00:00:01', network })),
  }) as unknown as DomainState

/** A hypervisor and guests that answer as told, by the command's first words. */
function answering(
  answers: Readonly<Record<string, { stdout?: string; stderr?: string }>>,
  play: readonly string[] = ['node'],
): ModuleContext {
  const access = {
    run: async (command: Command) => {
      const text = renderCommand(command)
      const [, answer = {}] = Object.entries(answers).find(([words]) => text.includes(words)) ?? []
      return { stdout: '', stderr: '', ...answer, exitCode: answer.stderr === undefined ? 0 : 1 }
    },
  }
  return {
    ...access,
    host: 'node',
    peer: () => access,
    variable: () => play,
    hostVar: (name: string) => ({ guest1: '192.168.122.11', guest2: '192.168.122.12' })[name],
  } as unknown as ModuleContext
}

const fromHost = '192.168.122.11 dev virbr0 src 192.168.122.1 uid 0 \n    cache \n'
const fromGuest = '198.18.0.2 via 192.168.122.1 dev enp1s0 src 192.168.122.11 uid 0 \n    cache \n'

t.test('what a machine cannot do is left out, with the reason', async (t) => {
  const workloads = await loadWorkloads([packageRoot], ['cpu', 'net-host', 'net-nat', 'latency-guest'])
  const between = await loadWorkloads([packageRoot], ['net-other-host', 'latency-other-host'])
  const one = [{ name: 'guest1', domain: domain(['hvlab']), loginSeconds: null }]
  const two = [...one, { name: 'guest2', domain: domain(['hvlab']), loginSeconds: null }]
  const whole = { 'get 192.168.122': { stdout: fromHost }, 'get 198.18.0.2': { stdout: fromGuest } }
  const cases: [string, Parameters<typeof answering>[0], typeof one, Record<string, string>][] = [
    ['two guests behind NAT can do everything', whole, two, {}],
    [
      'one guest has no other',
      whole,
      one,
      { 'latency-guest': 'it needs two guests, and there is only guest1' },
    ],
    [
      'guests of two networks',
      whole,
      [...one, { name: 'guest2', domain: domain(['other']), loginSeconds: null }],
      { 'latency-guest': 'guest1 and the next guest are not on one network' },
    ],
    [
      'a network without a way out',
      { ...whole, 'get 198.18.0.2': { stderr: 'RTNETLINK answers: Network is unreachable' } },
      two,
      { 'net-nat': 'guest1 does not reach other networks through node' },
    ],
    [
      'a bridge that belongs to somebody else',
      {
        ...whole,
        'get 198.18.0.2': { stdout: fromGuest.replace('via 192.168.122.1', 'via 192.168.122.254') },
      },
      two,
      { 'net-nat': 'guest1 does not reach other networks through node' },
    ],
    [
      'a hypervisor without an address there',
      { ...whole, 'get 192.168.122': { stderr: 'RTNETLINK answers: Network is unreachable' } },
      two,
      {
        'net-host': 'node has no address on the network of guest1',
        'net-nat': 'node has no address on the network of guest1',
      },
    ],
    [
      'a container that may not make namespaces',
      { ...whole, unshare: { stderr: 'unshare: unshare failed: Operation not permitted\n' } },
      two,
      Object.fromEntries(
        ['net-host', 'net-nat', 'latency-guest'].map((id) => [
          id,
          'no network namespace can be made (“unshare: unshare failed: Operation not permitted”)',
        ]),
      ),
    ],
  ]
  for (const [name, answers, guests, expected] of cases)
    t.strictSame(Object.fromEntries(await withoutPeer(answering(answers), workloads, guests)), expected, name)
  const resolved = { 'getent ahostsv4 far': { stdout: '192.0.2.2     STREAM far\n' } }
  const there = { 'addr show to 192.0.2.2': { stdout: '2: eth0    inet 192.0.2.2/24 scope global eth0' } }
  const route = { 'get 192.0.2.2': { stdout: '192.0.2.2 dev eth0 src 192.0.2.1 uid 0' } }
  const lost = { stderr: 'RTNETLINK answers: Network is unreachable' }
  const farther: [string, Parameters<typeof answering>[0], string[], string | undefined][] = [
    [
      'another host, without a namespace',
      { ...resolved, ...there, ...route, unshare: lost },
      ['node', 'far'],
      undefined,
    ],
    ['one host', {}, ['node'], 'it needs another hypervisor in the play, and there is only node'],
    ['a name that nobody knows', {}, ['node', 'far'], 'node has no route to far'],
    ['no way there', { ...resolved, 'get 192.0.2.2': lost }, ['far', 'node'], 'node has no route to far'],
    [
      'two names of one machine',
      { ...resolved, 'get 192.0.2.2': { stdout: 'local 192.0.2.2 dev lo src 192.0.2.2' } },
      ['node', 'far'],
      'far is node itself',
    ],
    [
      'behind a port that is forwarded',
      { ...resolved, ...route },
      ['node', 'far'],
      'far does not have the address 192.0.2.2 by which node reaches it',
    ],
    [
      'each host has its reason',
      { ...resolved, ...route },
      ['node', 'far', 'farther'],
      'far does not have the address 192.0.2.2 by which node reaches it; farther is node itself',
    ],
  ]
  for (const [name, answers, play, why] of farther) {
    const known = {
      'getent ahostsv4 farther': { stdout: '192.0.2.9 STREAM' },
      'get 192.0.2.9': { stdout: 'local 192.0.2.9' },
    }
    const found = await withoutPeer(answering({ ...known, ...answers }, play), between, two)
    t.strictSame([...new Set(found.values())], why === undefined ? [] : [why], name)
  }
  const cpu = workloads.filter(({ id }) => id === 'cpu')
  t.equal((await withoutPeer(answering({ unshare: { stderr: 'no' } }), cpu, one)).size, 0, 'nobody asks')
})

const shape = { domain: null, vcpus: 1, memory_mib: null }
const subjects: Subject[] = [
  { ...shape, id: 'native', kind: 'native', baseline: null, cpus: [0] },
  { ...shape, id: 'guest1', kind: 'guest', baseline: 'native', cpus: null },
]

const designOf = (workloads: Workload[]): Design => ({
  hypervisor: 'node',
  profile: 'quick',
  workloads,
  subjects,
  memory_limit_by: null,
  // The warm-up is enough: a second each.
  blocks: 0,
  precision_percent: null,
  budget_s: null,
  most_repeats: 0,
  duration_s: 1,
  threads: 1,
  seed: 1,
})

const possible = await thisMachine().run(
  sh`command -v iperf3 ping && unshare -n ip link add dev hvlab-bench0 type veth peer name hvlab-bench1`,
)
const skip = possible.exitCode === 0 ? false : 'needs root, iperf3, ping and network namespaces'

t.test('another host is the other end, for real: two namespaces are the two hosts', { skip }, async (t) => {
  const home = t.testdir({})
  // Tests of other checkouts may run at the same time.
  const [near, far] = [`hvlab-test-near-${process.pid}`, `hvlab-test-far-${process.pid}`]
  const outside = thisMachine()
  t.teardown(async () => {
    await outside.run(sh`ip netns del ${near}; ip netns del ${far}`)
  })
  const made = await outside.run(sh`set -e
for namespace in ${near} ${far}; do
  ip netns del $namespace 2>/dev/null || :
  ip netns add $namespace
done
ip -n ${near} link add card type veth peer name card netns ${far}
ip -n ${near} addr add 198.18.65.1/30 dev card
ip -n ${far} addr add 198.18.65.2/30 dev card
ip -n ${near} link set card up
ip -n ${far} link set card up`)
  t.equal(made.exitCode, 0, made.stderr)
  const machine = (namespace: string) => {
    const { run } = thisMachine((text) =>
      renderCommand(
        sh`ip netns exec ${namespace} sh -c ${text.replaceAll('/var/tmp', `${home}/${namespace}`)}`,
      ),
    )
    const freshFact = async (fact: Fact<unknown[], unknown>, ...args: unknown[]) =>
      fact.parse(await run(fact.command(...args)), ...args)
    mkdirSync(join(home, namespace, 'hvlab-benchmark'), { recursive: true })
    return { run, freshFact }
  }
  const machines = { [near]: machine(near), [far]: machine(far) }
  const context = {
    ...machines[near],
    host: 'near',
    runId: 'run',
    /** The guest is its hypervisor. */
    peer: (name: string) => machines[name === 'far' ? far : near],
    variable: () => ['far', 'near'],
    hostVar: (name: string, variable: string) =>
      variable === 'ansible_host' ? { near: '198.18.65.1', far: '198.18.65.2' }[name] : undefined,
    signal: new AbortController().signal,
    progress: () => {},
    note: (_: string, text: string) => t.fail(text),
    output: () => {},
    record: () => {},
  } as unknown as ModuleContext
  const workloads = await loadWorkloads([packageRoot], ['net-other-host', 'latency-other-host'])
  const design = designOf(workloads)
  const { samples } = await withNetwork(context, design, (peers) => measure(context, design, peers))
  t.strictSame(samples.map(({ workload, subject }) => `${workload} ${subject}`).sort(), [
    'latency-other-host guest1',
    'latency-other-host native',
    'net-other-host guest1',
    'net-other-host native',
  ])
  const served = samples.filter(({ workload }) => workload === 'net-other-host')
  const ports = served.map(({ argv }) => Number(argv[argv.indexOf('--port') + 1]))
  t.ok(
    ports.every((port) => port >= 49_152 && port < 65_536),
    `ports of their own: ${ports.join()}`,
  )
  for (const { argv, metrics } of samples) {
    t.ok(argv.includes('198.18.65.2'), 'both sides have the same far end')
    t.ok((metrics['mbit_per_s'] ?? metrics['rtt_avg_us'] ?? 0) > 0)
  }
  const [net] = workloads
  if (net === undefined) throw new Error('it is there')
  // It has said that it is ready, and the client fails: the server would wait for another half minute.
  const broken = { ...design, workloads: [{ ...net, argv: ['false', '{port}'] }] }
  await t.rejects(
    withNetwork(context, broken, (peers) => measure(context, broken, peers)),
    {
      message: /: iperf3 ended with exit code 1\.$/,
      failure: { code: 'benchmark-tool-failed' },
    },
  )
  t.strictSame(readdirSync(join(home, far)), ['hvlab-benchmark'], 'the folder on the far host is gone')
  const left = await outside.run(sh`ip netns pids ${far}`)
  t.equal(left.stdout, '', 'no server is left')
})

t.test('a namespace is the other end, for real', { skip }, async (t) => {
  const home = t.testdir({})
  mkdirSync(join(home, 'tools'), { recursive: true })
  /** The guest is this machine, too, by its loopback address. */
  const machine = thisMachine((text) =>
    text
      .replaceAll(scratchFolder, home)
      // Names and addresses of its own: a benchmark may run on this machine.
      .replaceAll('hvlab-bench', 'hvlab-test')
      .replaceAll('198.18.0.', '198.18.64.'),
  )
  const said: string[] = []
  const context = {
    ...machine,
    host: 'node',
    peer: () => machine,
    hostVar: () => '127.0.0.1',
    signal: new AbortController().signal,
    progress: () => {},
    note: (_: string, text: string) => said.push(text),
    output: () => {},
    record: () => {},
  } as unknown as ModuleContext
  const workloads = await loadWorkloads([packageRoot], ['net-host', 'latency-nat'])
  const design = designOf(workloads)
  const { samples } = await withNetwork(context, design, (peers) => measure(context, design, peers))
  t.strictSame(
    samples
      .map(
        ({ workload, subject, argv }) =>
          `${workload} ${subject} ${argv.find((word) => /^1\d+\./.test(word))}`,
      )
      .sort(),
    [
      'latency-nat guest1 198.18.0.2',
      'latency-nat native 198.18.0.2',
      'net-host guest1 127.0.0.1',
      'net-host native 198.18.0.2',
    ],
  )
  for (const { workload, metrics, host_cpu_s, flags } of samples) {
    t.ok((metrics['mbit_per_s'] ?? metrics['rtt_avg_us'] ?? 0) > 0, workload)
    t.equal(host_cpu_s, null, 'the other end is half of the work')
    if (workload === 'net-host') t.notMatch(flags.join(), /host-other-work|host-cpu-pressure/)
  }
  const left = await machine.run(sh`ip netns list; ip -o link show; ps -eo args`)
  t.notMatch(left.stdout, /hvlab-test\d|198\.18\.64/, 'nothing is left')

  const [net] = workloads
  if (net === undefined) throw new Error('it is there')
  const broken = { ...design, workloads: [{ ...net, server: { argv: ['false'], ready: 'never' } }] }
  await t.rejects(
    withNetwork(context, broken, (peers) => measure(context, broken, peers)),
    {
      message: /^false on (198\.18\.0\.2|127\.0\.0\.1) ended before it was ready \(exit code 1\)\.$/,
      failure: { code: 'benchmark-network' },
    },
  )
})
