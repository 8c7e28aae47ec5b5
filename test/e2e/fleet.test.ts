import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { changedTasks, ofKind, runFinished } from '../support/events.ts'
import { endsWell, exits, type HvlabResult } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { missingForLab } from '../support/requirements.ts'
import { Sandbox, type SandboxHost, sandboxNeeds } from '../support/sandbox.ts'
import { testCache } from '../support/test-cache.ts'
import { tool } from '../support/tool.ts'

/** The lab over three machines that it reaches by SSH: each with its own systemd, in which nothing is installed yet. */
const minutes = 60_000
const skip = missingForLab([...sandboxNeeds, 'qemu-img', 'zstd']) ?? false
const names = ['node1', 'node2', 'node3']

t.test('a fleet of three hosts', { skip }, async (t) => {
  const lab = new LabFolder(t)
  const sandbox = new Sandbox(t, lab)
  const hosts = await sandbox.up(3)
  t.same(
    hosts.map(({ name }) => name),
    names,
  )
  if (!t.passing()) return

  await t.test('a host that does not answer stops nobody else', async (t) => {
    write(
      lab,
      'inventory/gone.yml',
      `hypervisors: { hosts: { node0: { ansible_host: ${unused(hosts)} } } }\n`,
    )
    write(lab, 'pipelines/greet.yml', greet)
    const run = await lab.hvlab(['up', 'greet', '--format', 'plain'])
    exits(t, run, 4)
    const well = 'ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0'
    t.same(recapLines(run.stdout).sort(), [
      'node0 : ok=0 changed=0 unreachable=1 failed=0 skipped=0 rescued=0 ignored=0',
      ...names.map((name) => `${name} : ${well}`),
    ])
    t.match(run.stderr, /node0 \| unreachable/)
    for (const host of hosts)
      t.equal(await host.run('stat -c %a /root/greeting; cat /root/greeting'), `600\n${host.name} was here\n`)
    rmSync(join(lab.path, 'inventory/gone.yml'))
  })

  await t.test('hypervisors, the image on each, a guest on each, a role in the guests', async (t) => {
    write(lab, 'short.yml', variables)
    write(lab, 'roles/settled/tasks/main.yml', role)
    write(lab, 'pipelines/settle.yml', settle)
    // The second machine is connected to the network that the lab would take.
    await hosts[1]?.run(
      'ip link add office type bridge && ip addr add 192.168.122.1/24 dev office && ip link set office up',
    )
    const up = await lab.hvlab(['up', 'lab', '-e', '@short.yml', '--format', 'jsonl'], 15 * minutes)
    endsWell(t, up)
    timings(t, 'lab on three hosts', up)
    if (!t.passing()) return

    relayed(t, up)
    measured(t, up)
    await accepted(t, lab)
    await reached(t, lab)
    for (const host of hosts) {
      t.equal(await host.run('systemctl is-enabled libvirtd.service'), 'enabled\n')
      t.equal(await host.run(failedUnits), '')
      t.equal(
        await host.run(userStopDelay),
        't 18446744073709551615\n',
        'logins never meet a manager that ends',
      )
    }

    const again = ['up', 'settle', '-e', '@short.yml', '--format', 'jsonl']
    const first = await lab.hvlab(again, 5 * minutes)
    endsWell(t, first)
    t.same(
      changedTasks(first.events).sort(),
      names.map((name) => `settle guest1.${name} settled : a file of this guest`),
      'guests are hosts: a role runs in them, and nothing else has to be done',
    )
    const second = await lab.hvlab(again, 5 * minutes)
    endsWell(t, second)
    t.same(changedTasks(second.events), [], 'a second run changes nothing')
    timings(t, 'second run', second)

    await bridged(t, lab, hosts)
    const down = await lab.hvlab(['down', '--format', 'jsonl'], 3 * minutes)
    endsWell(t, down)
    for (const host of hosts) t.equal(await host.run(whatIsLeft), '', `nothing is left on ${host.name}`)
  })
})

const userStopDelay =
  'busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager UserStopDelayUSec'

const greet = `stages:
  - name: greet
    hosts: hypervisors
    gather_facts: false
    tasks:
      - name: who are you
        command: uname -n
        register: who
        changed_when: false
      - name: keep it
        copy:
          content: "{{ who.stdout }} was here\\n"
          dest: /root/greeting
          mode: "0600"
`

/** Nothing where all is well, else the units with what they logged. */
const failedUnits =
  'for unit in $(systemctl --failed --no-legend --plain | cut -d " " -f 1); do echo "$unit"; journalctl -q --no-pager -n 20 -u "$unit"; done'

/** One small guest on each instead of two, and a benchmark of seconds. */
const variables = `hvlab_store: ${join(testCache, 'store')}
hvlab_image: debian-12
hvlab_guests:
  - { name: guest1, image: debian-12, vcpus: 1, memory_mb: 1024, disk_gb: 10 }
benchmark_profile: quick
benchmark_workloads: [cpu]
benchmark_blocks: 3
benchmark_duration_s: 1
`

const role = `- name: a file of this guest
  copy:
    content: "{{ inventory_hostname }} is {{ ansible_hostname }}\\n"
    dest: /etc/settled
    mode: "0644"
`

/** The lab without its benchmark, and a role in its guests. */
const settle = `stages:
  - name: hypervisor
    hosts: hypervisors
    become: true
    roles: [hypervisor]
  - name: deploy
    hosts: hypervisors
    become: true
    gather_facts: false
    roles: [guests]
  - name: settle
    hosts: guests
    become: true
    roles: [settled]
`

const whatIsLeft = `virsh='virsh -q -c qemu:///system'
$virsh list --all --name | grep .
$virsh net-list --all --name | grep . | grep -vx default
ls -A /var/lib/hvlab/guests 2>/dev/null; ls /var/lib/libvirt/dnsmasq | grep hvlab
ip -br link | grep -E 'hvbr|vnet|br0'
ls -A /var/lib/hvlab/bridges 2>/dev/null; ls /etc/systemd/network /etc/systemd/system | grep hvlab
pgrep -a qemu-system; pgrep -ax ssh
grep hvlab-relay /root/.ssh/authorized_keys
ls -A /var/tmp/hvlab-test/store | grep push
exit 0`

interface ImageResult {
  readonly source: string
  readonly sent_bytes: number
  readonly relayed_pieces: number
}

/** Hosts passed pieces of the image on to each other: together they took less from the controller than three images. */
function relayed(t: Test, run: HvlabResult): void {
  const pushes = ofKind(run.events, 'task.finished')
    .filter(({ stage, name }) => stage === 'deploy' && name.endsWith('Images of the guests'))
    .flatMap(({ data }) => (data?.['results'] as unknown as ImageResult[] | undefined) ?? [])
  t.same(
    pushes.map(({ source }) => source),
    ['copied', 'copied', 'copied'],
  )
  for (const { sent_bytes, relayed_pieces } of pushes)
    t.comment(
      `image: ${(sent_bytes / 1e6).toFixed(0)} MB from the controller, ${relayed_pieces} pieces from others`,
    )
  t.ok(pushes.some(({ relayed_pieces }) => relayed_pieces > 0))
}

/** Native and guest of every host are in results.json. */
function measured(t: Test, run: HvlabResult): void {
  const results = JSON.parse(readFileSync(runFinished(run.events).artifacts[2] ?? '', 'utf8')) as {
    hosts: { host: string; comparisons: { workload: string; native: Figure; guest_values: Figure }[] }[]
  }
  t.same(results.hosts.map(({ host }) => host).sort(), names)
  for (const { host, comparisons } of results.hosts) {
    t.same(
      comparisons.map(({ workload }) => workload),
      ['cpu'],
    )
    for (const { native, guest_values } of comparisons)
      t.ok(native.median > 0 && guest_values.median > 0, `${host}: native and guest were measured`)
  }
}

/** Each host against the median of all. They share two processors, so that nothing finer than a factor of ten can be asked. */
async function accepted(t: Test, lab: LabFolder): Promise<void> {
  const gate = await lab.hvlab(['gate', '--fleet', '--tolerance', '90%', '--format', 'json'])
  exits(t, gate, 0)
  const fleet = JSON.parse(gate.stdout) as {
    verdict: string
    hosts: string[]
    metrics: { metric: string; deviations: { host: string; ratio: { low?: number; high?: number } }[] }[]
  }
  t.match(fleet, { verdict: 'pass', hosts: names })
  const [metric] = fleet.metrics
  t.equal(metric?.metric, 'cpu.efficiency')
  t.same(metric?.deviations.map(({ host }) => host).sort(), names)
  for (const { host, ratio } of metric?.deviations ?? [])
    t.ok((ratio.low ?? 0) > 0 && (ratio.high ?? 0) >= (ratio.low ?? 0), `${host} has an interval`)
}

interface Figure {
  readonly median: number
}

/**
 * A bridge is made of each host's only network card. One host would lose an address that is in no file, and one host's firewall lets
 * nobody in by way of the bridge: these have their network back by themselves, and hvlab says why.
 */
async function bridged(t: Test, lab: LabFolder, hosts: readonly SandboxHost[]): Promise<void> {
  const [first, second, last] = hosts
  write(lab, 'pipelines/lan.yml', lan)
  await first?.run(sixth)
  await second?.run('ip address add 10.254.0.9/32 dev host0')
  await last?.run('iptables -A INPUT -i br0 -j DROP')
  const run = await lab.hvlab(['up', 'lan', '--format', 'plain'], 2 * minutes)
  exits(t, run, 2)
  t.match(run.stderr, 'node2 was taken back: br0 lacked 10.254.0.9/32 after 8 seconds.')
  t.match(run.stderr, 'node3 was taken back: no new login came through within 8 seconds.')
  t.match(run.stderr, '[bridge-rolled-back]')
  const undone = 'ok=0 changed=0 unreachable=0 failed=1 skipped=0 rescued=0 ignored=0'
  t.same(recapLines(run.stdout).sort(), [
    'node1 : ok=1 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
    `node2 : ${undone}`,
    `node3 : ${undone}`,
  ])
  const roads = 'ip route show default | cut -d " " -f 5; ls /sys/class/net/br0/brif 2>/dev/null; exit 0'
  t.equal(await first?.run(roads), 'br0\nhost0\n')
  t.equal(
    await first?.run("ip -6 -o address show dev br0 scope global | awk '{ print $4 }'"),
    'fd00:213::5/64\n',
  )
  t.equal(await second?.run(roads), 'host0\n')
  t.equal(await last?.run(`iptables -F INPUT; ${roads}`), 'host0\n')
  const again = await lab.hvlab(['up', 'lan', '--limit', 'node1', '--format', 'jsonl'], 2 * minutes)
  endsWell(t, again)
  t.same(changedTasks(again.events), [])
}

/** A fixed address of IPv6 in a drop-in, and one that is masked. */
const sixth = `set -e
own=/etc/systemd/network/10-host0.network.d; vendor=/usr/lib/systemd/network/10-host0.network.d
mkdir -p $own $vendor
printf '[Network]\\nAddress=fd00:213::5/64\\n' >$own/50-six.conf
printf '[Network]\\nAddress=fd00:213::6/64\\n' >$vendor/50-six.conf
printf '[Network]\\nAddress=fd00:213::7/64\\n' >$vendor/60-masked.conf
ln -s /dev/null $own/60-masked.conf
networkctl reload`

const lan = `stages:
  - name: lan
    hosts: hypervisors
    become: true
    gather_facts: false
    tasks:
      - libvirt_network: { name: lan, mode: bridge, bridge: br0, card: host0, confirm_s: 8 }
`

/** Every guest takes a login through its hypervisor; only where 192.168.122.0/24 was taken is it in another network. */
async function reached(t: Test, lab: LabFolder): Promise<void> {
  const status = await lab.hvlab(['status', '--format', 'json'])
  t.equal(status.exitCode, 0, 'hvlab status', { stdout: status.stdout })
  const { guests } = JSON.parse(status.stdout) as { guests: { host: string; address: string }[] }
  t.same(
    guests.map(({ host }) => host).sort(),
    names.map((name) => `guest1.${name}`),
  )
  const config = join(lab.path, 'guests.conf')
  exits(t, await lab.hvlab(['ssh-config', '-o', config]), 0)
  for (const { host, address } of guests) {
    t.equal(address.startsWith('192.168.122.'), !host.endsWith('node2'), `${host} has ${address}`)
    const { status, stdout, stderr } = tool('ssh', ['-F', config, host, 'uname', '-n'])
    t.same({ status, stdout }, { status: 0, stdout: 'guest1\n' }, `ProxyJump to ${host}`, { stderr })
  }
  const name = await lab.hvlab(['ssh', 'guest1.node1', '--', 'uname', '-n'])
  exits(t, name, 0)
  t.equal(name.stdout, 'guest1\n')
}

function timings(t: Test, what: string, run: HvlabResult): void {
  t.comment(`timing: ${what} ${(run.durationMs / 1000).toFixed(1)} s, of which`)
  for (const { stage, durationMs } of ofKind(run.events, 'stage.finished'))
    t.comment(`timing:   ${stage} ${(durationMs / 1000).toFixed(1)} s`)
}

/** An address of the hosts' network at which nothing listens. */
function unused(hosts: readonly SandboxHost[]): string {
  return `${hosts[0]?.address.replace(/\d+$/, '')}250`
}

function write(lab: LabFolder, path: string, text: string): void {
  const file = join(lab.path, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

/** The lines below RECAP, with single spaces. */
function recapLines(stdout: string): string[] {
  const lines = stdout.split('\n')
  const start = lines.indexOf('RECAP') + 1
  return lines.slice(start, lines.indexOf('', start)).map((line) => line.replaceAll(/ +/g, ' '))
}
