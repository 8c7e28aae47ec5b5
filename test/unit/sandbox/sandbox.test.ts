import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { chooseHost } from '../../../src/commands/sandbox/shell.ts'
import { formatSubnet, parseSubnet } from '../../../src/lab/ipv4.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { freeSubnet, missingRules } from '../../../src/sandbox/bridge.ts'
import { requireSandboxMachine } from '../../../src/sandbox/machine.ts'
import { recordArgument } from '../../../src/sandbox/record.ts'
import { namesIn, sandboxState } from '../../../src/sandbox/state.ts'
import { openLocalHost } from '../images/local-host.ts'

const record = {
  sandbox: 'demo',
  host: 'node1',
  address: '10.213.0.11',
  host_key: 'ssh-ed25519 AAAA',
  tree: '/var/lib/hvlab/sandbox/trees/t',
  created: '2026-01-01T00:00:00.000Z',
  release: 'debian-12' as const,
}
const answer = (stdout: string) => ({ exitCode: 0, stdout, stderr: '', durationMs: 1, truncated: false })
const messageOf = (work: () => unknown): string => {
  try {
    work()
    return 'no failure'
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    return `${error.failure.message}\n${error.failure.hint}`
  }
}

t.test('everything of a sandbox is found by its labels; what others have is not', async (t) => {
  const nspawn = ['4711', 'S', '99', '/usr/bin/systemd-nspawn', '--boot', recordArgument(record)].join('\t')
  const state = sandboxState.parse(
    answer(`
@@processes
${nspawn}
4712\tS\t99\tgrep\t-lsa\tHVLAB_SANDBOX=
4713\tZ\t98\tsystemd-nspawn\t${recordArgument(record)}
4714\tS\t97\tsystemd-nspawn\t--setenv=HVLAB_SANDBOX={"cut
@@mounts
hvlab-sandbox:gone/node2 /var/lib/hvlab/sandbox/hosts/gone/node2/root
@@bridges
[{"ifname":"hvsb-1","ifalias":"hvlab-sandbox:demo","addr_info":[{"family":"inet","local":"10.213.0.1"}]},{"ifname":"virbr0","addr_info":[]}]
@@filter
-A FORWARD -i hvsb-1 -m comment --comment "hvlab-sandbox:demo" -j ACCEPT
-A FORWARD -i eth0 -m comment --comment hers -j ACCEPT
@@nat
@@sandboxes
old
@@folders
/var/lib/hvlab/sandbox/hosts/demo/node1/\trecord\t${JSON.stringify(record)}
/var/lib/hvlab/sandbox/hosts/half/node1/\t
/var/lib/hvlab/sandbox/hosts/bad/node1/\trecord\t{"sandbox":
/var/lib/hvlab/sandbox/hosts/bad/node2/\trecord\t
/var/lib/hvlab/sandbox/hosts/bad/node3/\trecord\t{"sandbox": "bad", "host": "node3"}
`),
  )
  t.same(
    state.processes.map(({ pid, started }) => [pid, started]),
    [['4711', '99']],
  )
  t.same(state.mounts, [
    { sandbox: 'gone', host: 'node2', path: '/var/lib/hvlab/sandbox/hosts/gone/node2/root' },
  ])
  t.match(state.bridges, [{ sandbox: 'demo', name: 'hvsb-1', gateway: '10.213.0.1' }])
  t.equal(state.rules.length, 1)
  t.same(state.folders, [
    { sandbox: 'demo', host: 'node1', record },
    { sandbox: 'half', host: 'node1' },
    { sandbox: 'bad', host: 'node1', damage: 'it is not JSON' },
    { sandbox: 'bad', host: 'node2', damage: 'it is empty' },
    { sandbox: 'bad', host: 'node3', damage: '"address" is missing or not as hvlab writes it' },
  ])
  t.same(namesIn(state), ['bad', 'demo', 'gone', 'half', 'old'])
})

t.test('labels that could lead elsewhere are nobody’s', async (t) => {
  const nspawn = (forged: object) => {
    const argument = recordArgument({ ...record, ...forged })
    return `4711\tS\t99\tsystemd-nspawn\t${argument}`
  }
  const state = sandboxState.parse(
    answer(`
@@processes
${nspawn({ sandbox: '../../../../..', host: 'home' })}
${nspawn({ host: '..' })}
${nspawn({ address: '10.0.0.1 -o ProxyCommand=x' })}
${nspawn({ host_key: 'ssh-ed25519 AAAA\\n10.0.0.2 ssh-ed25519 BBBB' })}
${nspawn({ tree: '/,upperdir=/etc' })}
@@mounts
hvlab-sandbox:../.. /home/u/m
hvlab-sandbox:demo/.. /home/u/m
hvlab-sandbox:demo/node1/.. /home/u/m
hvlab-sandbox:demo /home/u/m
@@sandboxes
..
A
@@folders
/var/lib/hvlab/sandbox/hosts/demo/../\t
`),
  )
  t.same(namesIn(state), [])
})

const skip = process.getuid?.() === 0 ? false : 'only root can run something as somebody else'
t.test('a process of somebody who is not root is no host', { skip }, async (t) => {
  const forged = ['-c', 'echo ready; read _', 'x', recordArgument({ ...record, sandbox: 'forged' })]
  const run = (uid: number) => {
    const child = spawn('/bin/sh', forged, {
      argv0: 'systemd-nspawn',
      uid,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.teardown(() => child.stdin.end())
    return once(child.stdout, 'data')
  }
  const found = async () => {
    await using local = await openLocalHost()
    const { processes } = await local.freshFact(sandboxState)
    return processes.filter(({ record: { sandbox } }) => sandbox === 'forged').length
  }
  await run(65534)
  t.equal(await found(), 0)
  await run(0)
  t.equal(await found(), 1)
})

t.test('the subnet is one that no route touches, in either direction', async (t) => {
  const chosen = (...routes: string[]) =>
    formatSubnet(freeSubnet(routes.map((destination) => ({ destination }))))
  t.equal(chosen('default', '0.0.0.0/1', '192.168.122.0/24'), '10.213.0.0/24')
  t.equal(chosen('10.213.0.0/24', '10.213.1.9'), '10.213.2.0/24')
  t.equal(chosen('10.0.0.0/8'), '172.31.0.0/24')
  t.equal(
    messageOf(() => chosen('10.0.0.0/8', '172.16.0.0/12')),
    'Sandbox hosts need a /24, and routes of this machine overlap all of 10.213.0.0/16 and 172.31.0.0/16.\n' +
      'Remove sandboxes that are not needed (`hvlab sandbox status`), or the routes.',
  )
})

t.test('rules that are there are not added again', async (t) => {
  const subnet = parseSubnet('10.213.0.0/24')
  if (subnet === undefined) throw new Error('no subnet')
  const rules = missingRules('demo', subnet, [])
  t.equal(rules.length, 3)
  t.same(missingRules('demo', subnet, rules.slice(0, 2)), rules.slice(2))
  t.same(missingRules('demo', subnet, rules), [])
})

t.test('a machine that cannot says everything that stands in the way', async (t) => {
  const machine = {
    ...{ missing: [], root: true, privileged: true, tun: true, overlay: '', systemd: false },
    ...{ cpus: 2, mtu: 1500, resolvConf: '' },
  }
  const start = 'This machine cannot carry sandbox hosts: '
  const said = (change: object) => messageOf(() => requireSandboxMachine({ ...machine, ...change }))
  t.equal(said({}), 'no failure')
  t.equal(said({ root: false }), `${start}it takes root.\nRun hvlab as root, or as a user who may use sudo.`)
  t.equal(
    said({ missing: ['systemd-nspawn', 'mmdebstrap'], tun: false }),
    `${start}it lacks systemd-nspawn, mmdebstrap; it has no /dev/net/tun, which guests’ network cards need.\n` +
      'On Debian and Ubuntu: `apt-get install --no-install-recommends systemd-container mmdebstrap`. ' +
      'Load it with `modprobe tun`, or hand it to the container (docker: --device /dev/net/tun).',
  )
  t.equal(
    said({ privileged: false, overlay: 'mount: denied' }),
    `${start}root may make neither mounts nor network devices here, which is so in most containers.\n` +
      'Use a virtual machine, or start the container with all privileges (docker: --privileged).',
  )
  t.match(
    said({ overlay: 'mount: wrong fs type' }),
    'it cannot mount an overlay in /var/lib (mount: wrong fs type).',
  )
})

t.test('a host is chosen by its name', async (t) => {
  const host = { ...record, state: 'running' }
  const said = (name: string, ...hosts: (typeof host)[]) => messageOf(() => chooseHost(name, hosts))
  t.equal(said('node1', host), 'no failure')
  t.equal(said('node2', host), 'There is no sandbox host node2 on this machine.\nThere are: node1.')
  t.equal(said('node1'), 'There is no sandbox host node1 on this machine.\n`hvlab sandbox up` makes them.')
  t.equal(
    said('node1', { ...host, state: 'stopped' }),
    'The sandbox host node1 does not run.\n`hvlab sandbox up` boots it again.',
  )
  t.equal(
    said('node1', host, { ...host, sandbox: 'other' }),
    'Several sandboxes have a host node1: demo, other.\nSay which with --name.',
  )
})
