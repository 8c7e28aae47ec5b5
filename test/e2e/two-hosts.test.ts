import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { changedTasks, ofKind, runFinished, secondsTo } from '../support/events.ts'
import { endsWell, exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import type { NspawnHost } from '../support/nspawn/host.ts'
import { nspawnSite, type Site } from '../support/nspawn/site.ts'
import { testCache } from '../support/nspawn/tree.ts'
import { missingForLab } from '../support/requirements.ts'

/** The lab on two other machines over SSH: each with its own systemd, in which nothing is installed yet. */
const minutes = 60_000
const needs = ['systemd-nspawn', 'mmdebstrap', 'ip', 'iptables', 'ssh', 'ssh-keygen', 'qemu-img', 'zstd']
const skip = missingForLab(needs) ?? false

t.test('two hosts with systemd, over SSH', { skip }, async (t) => {
  const started = performance.now()
  const site = await nspawnSite(t, ['node1', 'node2'])
  t.comment(`timing: two hosts up ${((performance.now() - started) / 1000).toFixed(1)} s`)

  await t.test('a host that does not answer stops nobody else', async (t) => {
    const lab = new LabFolder(t)
    writeInventory(lab, site, ['node0-gone'])
    write(
      lab,
      'pipelines/greet.yml',
      `stages:
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
`,
    )
    const run = await lab.hvlab(['up', 'greet', '--format', 'plain'])
    exits(t, run, 4)
    t.same(recapLines(run.stdout), [
      'node1 : ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
      'node2 : ok=2 changed=1 unreachable=0 failed=0 skipped=0 rescued=0 ignored=0',
      'node0-gone : ok=0 changed=0 unreachable=1 failed=0 skipped=0 rescued=0 ignored=0',
    ])
    t.match(run.stderr, /node0-gone \| unreachable/)
    for (const host of site.hosts)
      t.equal(
        host.ssh('stat -c %a /root/greeting; cat /root/greeting').stdout,
        `600\n${host.name} was here\n`,
      )

    const again = await lab.hvlab(['up', 'greet', '--limit', '!node0-gone', '--format', 'jsonl'])
    exits(t, again, 0)
    t.same(changedTasks(again.events), [], 'a second run changes nothing')
  })

  await t.test('the lab: image pushed, a guest on each, measured', async (t) => {
    const lab = new LabFolder(t)
    writeInventory(lab, site)
    // One guest on each instead of two, and a benchmark of seconds.
    write(
      lab,
      'short.yml',
      `hvlab_store: ${join(testCache, 'store')}
hvlab_guests:
  - { name: guest1, image: debian-12, vcpus: 1, memory_mb: 1024, disk_gb: 10 }
benchmark_profile: quick
benchmark_blocks: 1
benchmark_duration_s: 1
`,
    )
    const [, node2] = site.hosts
    // The second machine is connected to the network that the lab would take.
    node2?.ssh(
      'ip link add office type bridge && ip addr add 192.168.122.1/24 dev office && ip link set office up',
    )

    const up = ['up', 'lab', '-e', '@short.yml', '--format', 'jsonl']
    const run = await lab.hvlab(up, 15 * minutes)
    endsWell(t, run)
    t.comment(`timing: lab on two hosts ${(run.durationMs / 1000).toFixed(0)} s, of which`)
    for (const { stage, durationMs } of ofKind(run.events, 'stage.finished'))
      t.comment(`timing:   ${stage} ${(durationMs / 1000).toFixed(1)} s`)
    if (!t.passing()) return

    const results = JSON.parse(readFileSync(runFinished(run.events).artifacts[2] ?? '', 'utf8')) as {
      hosts: { host: string; comparisons: { workload: string; native: Figure; guest_values: Figure }[] }[]
    }
    t.same(results.hosts.map(({ host }) => host).sort(), ['node1', 'node2'])
    for (const { host, comparisons } of results.hosts) {
      t.equal(comparisons.length, 3, `${host}: three workloads`)
      for (const { workload, native, guest_values } of comparisons)
        t.ok(
          native.median > 0 && guest_values.median > 0,
          `${host} ${workload}: native and guest were measured`,
        )
    }

    const status = await lab.hvlab(['status', '--format', 'json'])
    exits(t, status, 0)
    const { guests } = JSON.parse(status.stdout) as { guests: { host: string; address: string }[] }
    t.same(guests.map(({ host }) => host).sort(), ['guest1.node1', 'guest1.node2'])
    for (const { host, address } of guests) {
      const isClash = host.endsWith('node2')
      t.equal(address.startsWith('192.168.122.'), !isClash, `${host} has ${address}`)
      const name = await lab.hvlab(['ssh', host, '--', 'uname', '-n'])
      exits(t, name, 0)
      t.equal(name.stdout, 'guest1\n')
    }
    for (const host of site.hosts) {
      t.equal(host.ssh('systemctl is-enabled libvirtd.service').stdout, 'enabled\n')
      t.equal(host.ssh('systemctl --failed --no-legend').stdout, '')
    }

    const again = await lab.hvlab(up, 8 * minutes)
    endsWell(t, again)
    t.same(changedTasks(again.events), [], 'a second run changes nothing')
    t.comment(
      `timing: second run up to the benchmark ${secondsTo(again.events, 'stage.started', 'benchmark').toFixed(1)} s`,
    )

    const down = await lab.hvlab(['down', '--format', 'jsonl'], 3 * minutes)
    endsWell(t, down)
    for (const host of site.hosts)
      t.same(leftOn(host), { domains: '', networks: '', files: '', bridges: '' }, host.name)
  })
})

interface Figure {
  readonly median: number
}

/** The group `hypervisors` with the site's hosts, and others at an address where nothing listens. */
function writeInventory(lab: LabFolder, site: Site, unreachable: readonly string[] = []): void {
  const hosts = [
    ...site.hosts.map(({ name, address }) => `    ${name}: { ansible_host: ${address} }\n`),
    ...unreachable.map((name) => `    ${name}: { ansible_host: ${site.deadAddress} }\n`),
  ]
  write(
    lab,
    'inventory/hosts.yml',
    `hypervisors:
  vars:
    ansible_user: root
    ansible_ssh_private_key_file: ${site.keyFile}
    ansible_ssh_common_args: -F none
  hosts:
${hosts.join('')}`,
  )
}

function write(lab: LabFolder, path: string, text: string): void {
  const file = join(lab.path, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
}

/** The lines below RECAP, with single spaces. */
function recapLines(stdout: string): string[] {
  const lines = stdout.split('\n')
  const start = lines.indexOf('RECAP') + 1
  return lines.slice(start, lines.indexOf('', start)).map((line) => line.replaceAll(/ +/g, ' '))
}

function leftOn(host: NspawnHost) {
  const virsh = 'virsh -q -c qemu:///system'
  const lines = (command: string) => host.ssh(command).stdout.trim()
  return {
    domains: lines(`${virsh} list --all --name`),
    networks: lines(`${virsh} net-list --all --name | grep -vx default`),
    files: lines('ls -A /var/lib/hvlab/guests 2>/dev/null; ls /var/lib/libvirt/dnsmasq | grep hvlab'),
    bridges: lines('ip -br link | grep -E "hvbr|vnet"'),
  }
}
