import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { atEnd } from '../support/cleanup.ts'
import { changedTasks, ofKind } from '../support/events.ts'
import { endsWell, exits, type HvlabResult } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { added, machineState, virsh } from '../support/libvirt.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'
import { must, tool } from '../support/tool.ts'

/** One guest with most of what a guest can have, on real libvirt: made, used, changed while it runs, stopped, removed. */
const minutes = 60_000
const needs = ['qemu-system-x86_64', 'qemu-img', 'virsh', 'libvirtd', 'mmdebstrap', 'iptables', 'ip']
const skip = missingForLab(needs) ?? false
const name = 'hvlab-test-g'
const domain = `${name}-full`
const inStore = ['-i', 'localhost,', '-e', `hvlab_store=${join(testCache, 'store')}`]

interface Declared {
  [parameter: string]: unknown
}

/** What the guest is at first, beside its address. */
const declared: Declared = {
  name: 'full',
  vcpus: 1,
  vcpus_max: 2,
  memory_mb: 768,
  memory_max_mb: 1024,
  disk_gb: 10,
  disks: [{ name: 'data', size_gb: 1, cache: 'none' }],
  network: `${name}-nat`,
  networks: [`${name}-alone`],
  ports: ['18022:22'],
  cloud_init: {
    users: [{ name: 'alice', groups: ['users'], sudo: true }],
    files: [{ path: '/srv/note', content: 'said\n', permissions: '0600', owner: 'alice:users' }],
    runcmd: [['touch', '/srv/ran']],
  },
}

t.test('guests on this machine', { skip }, async (t) => {
  const lab = new LabFolder(t)
  const run = (tasks: readonly Declared[], ...more: readonly string[]) => {
    const list = tasks.map((task) => `    - ${JSON.stringify(task)}\n`).join('')
    const play = `- hosts: localhost\n  become: true\n  gather_facts: false\n  tasks:\n`
    writeFileSync(join(lab.path, 'site.yml'), play + list)
    return lab.hvlab(['run', 'site.yml', '--format', 'jsonl', ...inStore, ...more], 6 * minutes)
  }
  const guest = (parameters: Declared) => run([{ libvirt_guest: { lab: name, ...parameters } }])
  const inGuest = async (command: string) => {
    const said = await lab
      .hvlab(['ssh', 'full', ...inStore.slice(0, 2), '--', command], minutes)
      .catch((error) => {
        // A guest that hangs cannot be asked; what it said last on its serial console can be.
        t.comment(tool('tail', ['-n', '40', `/var/lib/hvlab/guests/${domain}/serial.log`]).stdout)
        throw error
      })
    if (said.exitCode !== 0) t.fail(`${command}: exit code ${said.exitCode}\n${said.stdout}${said.stderr}`)
    return said.stdout.trim()
  }
  await lab.startsLibvirt(t)
  lab.hasGuests(t, name)
  const outside = outsideWorld(t)
  const before = machineState()
  /** Of the network behind NAT: all but the last number of its addresses. */
  let behindNat = ''

  await t.test('networks: a subnet that is taken becomes another', async (t) => {
    const network = (parameters: Declared) => ({ libvirt_network: { lab: name, ...parameters } })
    const made = await run([
      { image: { name: 'debian-12' } },
      network({ name: `${name}-nat`, subnet: outside.subnet }),
      network({ name: `${name}-alone`, subnet: '10.214.31.0/24', mode: 'isolated' }),
      network({ name: `${name}-routed`, subnet: '10.214.32.0/24', mode: 'routed' }),
    ])
    endsWell(t, made)
    const said = ofKind(made.events, 'note').map(({ text }) => text)
    const chosen = new RegExp(
      `^${outside.subnet} overlaps the route ${outside.subnet} on ${outside.link}; network ${name}-nat gets (192\\.168\\.\\d+)\\.0/24 instead\\.$`,
    )
    const note = said.find((text) => text.includes(outside.subnet))
    t.match(note, chosen)
    behindNat = chosen.exec(note ?? '')?.[1] ?? ''
  })
  // It sets its address itself, by the network configuration that cloud-init reads; it does not ask DHCP.
  const gateway = `${behindNat}.1`
  const first = { ...declared, address: { ip: `${behindNat}.77/24`, gateway, dns: [gateway] } }

  if (!t.passing()) return
  await t.test('present: there, but not started', async (t) => {
    endsWell(t, await guest({ ...first, state: 'present' }))
    t.equal(virsh('domstate', domain), 'shut off')
    const again = await guest({ ...first, state: 'present' })
    endsWell(t, again)
    t.same(changedTasks(again.events), [])
  })

  if (!t.passing()) return
  await t.test('running: everything that was declared is in it', async (t) => {
    endsWell(t, await guest(first))
    const seen = await inGuest(
      [
        'nproc',
        'lsblk -drno SIZE /dev/disk/by-id/virtio-data',
        // Of cloud-init's data the commands are the last.
        'until [ -e /srv/ran ]; do sleep 0.2; done',
        'stat -c "%a %U %G" /srv/note',
        'sudo cat /srv/note',
        'sudo -u alice sudo -n id -un',
        'test "$(ls -d /sys/class/net/e* | wc -l)" = 2 && echo two',
        'until test "$(ip -4 -br address | grep -c "^e.*10.214.31.")" = 1; do sleep 0.2; done',
        // An address of DHCP's is dynamic.
        'ip -4 -o address show scope global -dynamic | grep -o "inet [^ ]*"',
        'ip -4 route show default | grep -o "via .* proto [a-z]*" | sed "s/ dev [^ ]*//"',
        // Beside the name server that DHCP gives on the isolated network.
        `until grep -x "nameserver ${gateway}" /etc/resolv.conf; do sleep 0.2; done`,
      ].join(' && '),
    )
    const itself = `inet ${behindNat}.77/24\nvia ${gateway} proto static\nnameserver ${gateway}`
    t.equal(seen, `1\n1G\n600 alice users\nsaid\nroot\ntwo\n${itself}`)
  })
  if (!t.passing()) return

  await t.test('NAT leads out, an isolated network does not', async (t) => {
    const connect = `timeout 10 bash -c 'cat < /dev/tcp/${outside.address}/${outside.port}'`
    t.equal(await inGuest(connect), 'outside', 'through NAT')
    const alone = `link=$(ip -4 -br address | sed -n 's/^\\(e[a-z0-9]*\\) .*10\\.214\\.31\\..*/\\1/p')`
    const way = `${outside.address}/32 via 10.214.31.1 dev "$link"`
    const refused = await inGuest(
      `${alone}; sudo ip route add ${way}; ${connect} 2>&1 | tail -n 1; sudo ip route del ${way}`,
    )
    t.match(refused, /Connection refused|No route to host|unreachable/, 'through the isolated one')
  })

  if (!t.passing()) return
  await t.test('a port of this machine leads to the guest, from elsewhere too', async (t) => {
    t.match(outside.banner(18022), /^SSH-2\.0-/)
    // What a reboot does on a machine without systemd: the listener is gone.
    const listener = Number(must('cat', ['/var/lib/hvlab/forwards/18022.pid']))
    process.kill(listener)
    const mended = await guest(first)
    endsWell(t, mended)
    t.equal(changedTasks(mended.events).length, 1)
    t.match(outside.banner(18022), /^SSH-2\.0-/)
  })

  const more: Declared = {
    ...first,
    vcpus: 2,
    memory_mb: 1024,
    disks: [
      { name: 'data', size_gb: 2, cache: 'none' },
      { name: 'logs', size_gb: 1, format: 'raw' },
    ],
    networks: [`${name}-alone`, `${name}-routed`],
    ports: ['18022:22', '18023:22'],
  }
  if (!t.passing()) return
  await t.test('changes while it runs', async (t) => {
    const startId = virsh('domid', domain)
    const changed = await guest(more)
    endsWell(t, changed)
    t.comment(
      ofKind(changed.events, 'task.change')
        .map(({ summary }) => summary)
        .join('\n'),
    )
    t.equal(virsh('domid', domain), startId, 'it was not restarted')
    const ready = readFileSync(`/var/lib/hvlab/guests/${domain}/ready`, 'utf8')
    t.match(ready, /^\d+ [\d.]+\n$/, 'a login was seen after the changes')
    const seen = await inGuest(
      [
        'until [ "$(nproc)" = 2 ]; do sleep 0.2; done',
        'until [ "$(sed -n "s/^MemTotal: *\\([0-9]*\\).*/\\1/p" /proc/meminfo)" -gt 900000 ]; do sleep 0.2; done',
        'until [ -e /dev/disk/by-id/virtio-logs ]; do sleep 0.2; done',
        'lsblk -dno SIZE /dev/disk/by-id/virtio-data /dev/disk/by-id/virtio-logs',
        'until test "$(ip -4 -br address | grep -c "^e.*10.214.32.")" = 1; do sleep 0.2; done',
      ].join(' && '),
    )
    t.equal(seen.replaceAll(' ', ''), '2G\n1G')
    t.match(outside.banner(18023), /^SSH-2\.0-/)
    const again = await guest(more)
    endsWell(t, again)
    t.same(changedTasks(again.events), [], 'a second run changes nothing')
    const less = await guest({ ...more, memory_mb: 768, networks: [`${name}-alone`], ports: ['18022:22'] })
    endsWell(t, less)
    await inGuest(
      [
        'until [ "$(sed -n "s/^MemTotal: *\\([0-9]*\\).*/\\1/p" /proc/meminfo)" -lt 800000 ]; do sleep 0.2; done',
        'until test "$(ls -d /sys/class/net/e* | wc -l)" = 2; do sleep 0.2; done',
      ].join(' && '),
    )
    t.equal(outside.banner(18023), '', 'its port is closed')
    t.equal(virsh('domid', domain), startId, 'it was not restarted')
  })
  const now = { ...more, memory_mb: 768, networks: [`${name}-alone`], ports: ['18022:22'] }

  if (!t.passing()) return
  await t.test('paused and running again', async (t) => {
    endsWell(t, await guest({ ...now, state: 'paused' }))
    t.equal(virsh('domstate', domain), 'paused')
    endsWell(t, await guest(now))
    t.equal(virsh('domstate', domain), 'running')
    t.equal(await inGuest('uname -n'), 'full')
  })

  await t.test('what somebody else changed is shown', async (t) => {
    virsh('setvcpus', domain, '1', '--config')
    const status = await lab.hvlab(['status', '--format', 'json', ...inStore.slice(0, 2)])
    exits(t, status, 0)
    const { guests } = JSON.parse(status.stdout) as { guests: { drift: string[] }[] }
    t.same(
      guests.map(({ drift }) => drift),
      [['vcpus: declared 2, defined 1']],
    )
    virsh('setvcpus', domain, '2', '--config')
  })

  if (!t.passing()) return
  await t.test('what takes a restart or a new disk is refused until it is allowed', async (t) => {
    const pinned = { ...now, state: 'present', pinning: { vcpus: ['0', '1'] } }
    says(
      t,
      await guest(pinned),
      `Guest ${domain} on localhost has to be restarted for what changed: pinning default → {"vcpus":["0","1"]}.`,
    )
    t.equal(virsh('domstate', domain), 'running')
    endsWell(t, await guest({ ...pinned, restart: true }))
    t.equal(virsh('domstate', domain), 'shut off', 'present does not start it')
    t.match(virsh('vcpupin', domain), /0 +0\n.*1 +1/)
    const raw = { ...pinned, disk: { mode: 'raw' } }
    says(
      t,
      await guest(raw),
      `Guest ${domain} on localhost was made with other parameters: disk default → {"discard":"unmap","mode":"raw"}.`,
    )
    endsWell(t, await guest({ ...raw, recreate: true }))
    t.match(virsh('domblklist', domain), /vda +\S+disk\.img/)
  })

  if (!t.passing()) return
  await t.test('absent, and nothing is left of it', async (t) => {
    endsWell(t, await guest({ ...now, state: 'absent' }))
    exits(t, await lab.hvlab(['down', '--lab', name, ...inStore], minutes), 0)
    t.same(added(before, machineState()), [])
  })
})

function says(t: Test, { exitCode, events }: HvlabResult, message: string): void {
  t.equal(exitCode, 2)
  const failures = ofKind(events, 'task.finished').flatMap(({ outcome }) =>
    outcome.kind === 'failed' ? [outcome.failure.message] : [],
  )
  t.same(failures, [message])
}

interface Outside {
  readonly link: string
  readonly subnet: string
  readonly address: string
  readonly port: number
  /** What a server says first when it is connected to through this machine; empty when nothing listens. */
  banner(port: number): string
}

/** Another machine: a network namespace behind a link, with a server that says `outside`. */
function outsideWorld(t: Test): Outside {
  const space = 'hvlab-test-outside'
  const link = 'hvt-outside'
  let server: ChildProcess | undefined
  const remove = () => {
    server?.kill('SIGKILL')
    tool('ip', ['netns', 'delete', space])
    tool('ip', ['link', 'delete', link])
  }
  // What a test that was killed left.
  remove()
  atEnd(t, remove)
  const inside = ['netns', 'exec', space]
  must('ip', ['netns', 'add', space])
  must('ip', ['link', 'add', link, 'type', 'veth', 'peer', 'name', 'out', 'netns', space])
  must('ip', ['address', 'add', '10.214.30.1/24', 'dev', link])
  must('ip', ['link', 'set', link, 'up'])
  must('ip', [...inside, 'ip', 'link', 'set', 'lo', 'up'])
  must('ip', [...inside, 'ip', 'address', 'add', '10.214.30.2/24', 'dev', 'out'])
  must('ip', [...inside, 'ip', 'link', 'set', 'out', 'up'])
  const serve = "require('net').createServer((s) => s.end('outside\\n')).listen(7777)"
  server = spawn('ip', [...inside, process.execPath, '-e', serve], { stdio: 'ignore' })
  const connect = (port: number) => `
    const s = require('net').connect(${port}, '10.214.30.1')
    s.setTimeout(10_000, () => process.exit(3)); s.on('error', () => process.exit(4))
    s.on('data', (d) => { process.stdout.write(d); process.exit(0) })`
  return {
    link,
    subnet: '10.214.30.0/24',
    address: '10.214.30.2',
    port: 7777,
    banner: (port) => tool('ip', [...inside, process.execPath, '-e', connect(port)]).stdout,
  }
}
