import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { changedTasks, ofKind, runFinished } from '../support/events.ts'
import { endsWell, exits } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { added, foreignDefinitions, machineState, virsh } from '../support/libvirt.ts'
import { processes } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'
import { must, tool } from '../support/tool.ts'

/** Everything that can be done with guests that exist, on this machine: two of them, a clone, and away again. */
const minutes = 60_000
const name = 'hvlab-test-c'
const needs = ['qemu-system-x86_64', 'qemu-img', 'virsh', 'libvirtd', 'mmdebstrap', 'iptables', 'ssh', 'scp']
const skip = missingForLab(needs) ?? false
const run = promisify(execFile)
const bootId = 'cat /proc/sys/kernel/random/boot_id'

const pipeline = `vars:
  hvlab_store: ${join(testCache, 'store')}
  hvlab_lab: ${name}
  hvlab_network: { name: ${name}, subnet: 10.214.41.0/24 }
  hvlab_guests:
    - { name: first, image: debian-12, vcpus: 1, memory_mb: 512, disk_gb: 10 }
    - { name: second, image: debian-12, vcpus: 1, memory_mb: 512, disk_gb: 10 }
stages:
  - name: hypervisor
    hosts: hypervisors
    become: true
    roles: [hypervisor]
  - name: deploy
    hosts: hypervisors
    become: true
    gather_facts: false
    roles: [guests]
`

t.test('commands on guests', { skip }, async (t) => {
  const lab = new LabFolder(t)
  mkdirSync(join(lab.path, 'pipelines'))
  writeFileSync(join(lab.path, 'pipelines/two.yml'), pipeline)
  const foreign = foreignDefinitions(t)
  lab.hasGuests(t, name)
  const before = machineState()
  const sshConfig = join(lab.path, 'guests.conf')

  /** Runs a command that has to succeed; returns its stdout. */
  const said = async (t: Test, ...args: string[]) => {
    const result = await lab.hvlab(args, 5 * minutes)
    exits(t, result, 0)
    return result.stdout
  }
  /** Commands in one of the two guests, by OpenSSH itself: in one login, which costs an emulated guest more than what is done in it. */
  const inGuest = async (guest: string, command: string) =>
    (await run('ssh', ['-F', sshConfig, guest, command])).stdout.trim()
  /** Runs a command that changes something, and says what. */
  const changes = async (t: Test, ...args: string[]) => {
    const result = await lab.hvlab([...args, '--format', 'jsonl'], 5 * minutes)
    endsWell(t, result)
    t.comment(`timing: hvlab ${args.join(' ')} ${(result.durationMs / 1000).toFixed(1)} s`)
    return ofKind(result.events, 'task.change').map(({ summary }) => summary)
  }
  const states = async (t: Test) => {
    const { guests } = JSON.parse(await said(t, 'status', '--format', 'json')) as {
      guests: { name: string; lab: string; state: string }[]
    }
    return Object.fromEntries(
      guests.filter((guest) => guest.lab === name).map((guest) => [guest.name, guest.state]),
    )
  }

  await t.test('two guests', async (t) => {
    await changes(t, 'up', 'two')
    t.same(await states(t), { first: 'running', second: 'running' })
    t.match(await said(t, 'status'), /localhost +first +running +10\.214\.41\.\d+ +debian-12 /)
  })
  if (!t.passing()) return
  const definitions = foreign.definitions()

  /** What the hosts have and the pipeline wants. */
  const planDrift = async (t: Test) => {
    virsh('setmem', `${name}-second`, '400M', '--config')
    const { drift } = JSON.parse(await said(t, 'plan', 'two', '--drift', '--format', 'json'))
    virsh('setmem', `${name}-second`, '512M', '--config')
    t.match(drift, {
      guests: [
        { name: 'first', state: 'running', needs: 'nothing', differences: [], drift: [] },
        { name: 'second', needs: 'nothing', drift: ['memory_mb: declared 512, defined 400'] },
      ],
      others: [],
      failures: [],
    })
    const other = pipeline
      .replace('first, image: debian-12, vcpus: 1', 'first, image: debian-12, vcpus: 2')
      .replace('name: second', 'name: another')
    writeFileSync(join(lab.path, 'pipelines/other.yml'), other)
    const text = await said(t, 'plan', 'other', '--drift')
    for (const line of [
      /\n {2}localhost +another +none +running +creation +none\n/,
      /\n {2}localhost +first +running +running +a restart +none\n/,
      /\n {2}first: vcpus 1 → 2 \(a restart\)\n/,
      /\n {2}hvlab-test-c-second on localhost \(running\) is not in this pipeline\n/,
    ])
      t.match(text, line)
  }

  /** OpenSSH’s programs know the guests and their keys. */
  const openSsh = async (t: Test) => {
    await said(t, 'ssh-config', '-o', sshConfig)
    const text = readFileSync(sshConfig, 'utf8')
    const [, known = ''] = /UserKnownHostsFile (\S+)/.exec(text) ?? []
    const ask = 'uname -n; sudo cut -d " " -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub'
    const [host, key] = (await inGuest('first', ask)).split('\n')
    t.equal(host, 'first')
    t.ok(
      readFileSync(known, 'utf8').includes(` ${key}\n`),
      'the key that the guest has is the one that is accepted',
    )
    // Somebody else at the address of a guest.
    const swapped = join(lab.path, 'swapped.conf')
    writeFileSync(swapped, text.replace(/(Host second[\s\S]*?HostName )\S+/, `$1${addressOf('first')}`))
    const refused = tool('ssh', ['-F', swapped, 'second', 'true'])
    t.equal(refused.status, 255)
    t.match(refused.stderr, /Host key verification failed/)
  }

  /** To a guest, between guests, and back. */
  const scp = async (t: Test) => {
    mkdirSync(join(lab.path, 'notes'))
    writeFileSync(join(lab.path, 'notes/one.txt'), 'one\n')
    await said(t, 'scp', '-r', 'notes', 'first:')
    await said(t, 'scp', '-r', 'first:notes', 'second:copied')
    await said(t, 'scp', 'second:copied/one.txt', 'back.txt')
    t.equal(readFileSync(join(lab.path, 'back.txt'), 'utf8'), 'one\n')
  }

  await t.test('plan --drift, ssh-config, scp', async (t) => {
    await Promise.all([planDrift, openSsh, scp].map((look) => look(t)))
  })
  if (!t.passing()) return

  /** Returns the boot in which the guest is. */
  const suspend = async (t: Test) => {
    const isOnTime = (seconds = '') => Math.abs(Number(seconds) - Date.now() / 1000) < 600
    await inGuest('first', 'echo kept >/dev/shm/here; sudo date -s "-2 hours"')
    t.same(await changes(t, 'suspend', 'first'), ['pause first'])
    t.match(await states(t), { first: 'paused' })
    const refused = await lab.hvlab(['ssh', 'first', '--', 'true'])
    exits(t, refused, 1)
    t.equal(
      refused.stderr,
      'error: Guest first on localhost is paused.\n  hint: `hvlab resume first` makes it run.\n',
    )
    t.same(await changes(t, 'suspend', 'first'), [], 'it is suspended already')
    t.same(await changes(t, 'resume', 'first'), ['resume first'])
    const late = 'date +%s; sudo date -s "-2 hours"; echo before the suspend | sudo tee /dev/console'
    t.ok(isOnTime((await inGuest('first', late)).split('\n')[0]), 'the clock is right')
    t.same(await changes(t, 'suspend', 'first', '--to-disk'), [
      'save the memory of first to disk and free it',
    ])
    t.match(await states(t), { first: 'saved' })
    t.same(qemuOf('first'), [], 'it has no process')
    t.same(await changes(t, 'resume', 'first'), ['start first and wait for an SSH login'])
    const [now, here, boot = ''] = (await inGuest('first', `date +%s; cat /dev/shm/here; ${bootId}`)).split(
      '\n',
    )
    t.ok(isOnTime(now), 'the clock is right')
    t.equal(here, 'kept', 'memory is as it was')
    t.match(await said(t, 'logs', 'first'), 'before the suspend', 'so is its log')
    return boot
  }

  const snapshot = async (t: Test, boot: string) => {
    t.same(await changes(t, 'snapshot', 'create', 'first', 'clean', '--description', 'before the mess'), [
      'make snapshot clean of first: disk and memory',
    ])
    t.same(await changes(t, 'snapshot', 'create', 'first', 'clean'), [], 'it is there already')
    await inGuest('first', 'touch mess; sync; touch /dev/shm/mess')
    const { snapshots } = JSON.parse(await said(t, 'snapshot', 'list', 'first', '--format', 'json'))
    t.match(snapshots, [
      {
        host: 'first',
        name: 'clean',
        description: 'before the mess',
        memory: true,
        parent: null,
        current: true,
      },
    ])
    await changes(t, 'snapshot', 'revert', 'first', 'clean')
    const ask = `ls mess /dev/shm/mess 2>&1 | grep -c "No such file"; ${bootId}`
    t.equal(await inGuest('first', ask), `2\n${boot}`, 'what came later is gone, and it did not boot')
    const wrong = await lab.hvlab(['snapshot', 'revert', 'first', 'claen'])
    exits(t, wrong, 2)
    t.match(
      wrong.stderr + wrong.stdout,
      /Guest first on localhost has no snapshot claen\.[\s\S]*did you mean "clean"\?/,
    )
    t.same(await changes(t, 'snapshot', 'delete', 'first', 'clean'), ['delete snapshot clean of first'])
    t.equal(await said(t, 'snapshot', 'list', 'first'), 'There are no snapshots.\n')
  }

  /** What must be a machine's own, a word a line: not all of these files end with a newline. */
  const identity = [
    'uname -n',
    'cat /etc/machine-id',
    'sudo cut -d " " -f 2 /etc/ssh/ssh_host_ed25519_key.pub',
    'cat /sys/class/net/e*/address',
    'ls',
  ]
    .map((command) => `echo $(${command})`)
    .join('; ')
  /** Logs in to a guest and its copy; what both have on their disks. */
  const isItsOwn = async (t: Test, original: string, copy: string) => {
    const answers = [inGuest(original, identity), said(t, 'ssh', copy, '--', identity)]
    const [one = [], other = []] = (await Promise.all(answers)).map((answer) => answer.trim().split('\n'))
    t.same([one[0], other[0]], [original, copy])
    for (const [line, what] of ['name', 'machine-id', 'host key', 'MAC'].entries())
      t.not(one[line], other[line], `${copy}: ${what} is its own`)
    return other[4]
  }
  const clone = async (t: Test) => {
    await changes(t, 'clone', 'first', 'third')
    t.equal(await isItsOwn(t, 'first', 'third'), 'notes', 'what was on the disk is there')
  }

  const login = async (t: Test) => {
    const session = await lab.inTerminal(['ssh', 'first'])
    await session.until('first:~$')
    session.type('stty size; exit 3\r')
    await session.until('40 120')
    t.equal((await session.ended).exitCode, 3)
  }

  const consoleOf = async (t: Test) => {
    const session = await lab.inTerminal(['console', 'first'])
    await session.until('Ctrl-] leaves')
    // A boot on a busy machine gives up waiting for the device; then there is no prompt yet.
    await inGuest('first', 'sudo systemctl restart serial-getty@ttyS0')
    session.type('\r')
    await session.until('first login:')
    session.type('\x1d')
    await session.until('Left the console of first on localhost.')
    t.equal((await session.ended).exitCode, 0)
    const refused = await lab.hvlab(['console', 'first'])
    exits(t, refused, 1)
    t.match(refused.stderr, /^error: hvlab console needs a terminal/)
  }

  const logs = async (t: Test) => {
    const following = lab.start(['logs', 'first', '-f', '-n', '20'], minutes)
    await inGuest('first', 'echo a word | sudo tee /dev/console')
    await following.until('a word')
    following.interrupt()
    const { exitCode, stderr } = await following.result()
    t.same([exitCode, stderr], [130, ''], 'Ctrl-C ends it quietly')
  }

  const port = async (t: Test) => {
    const forward = lab.start(['port-forward', 'first', ':22'], minutes)
    const line = await forward.until('leads to port 22 of first.\n')
    const [, local = ''] = /^127\.0\.0\.1:(\d+) /.exec(line) ?? []
    t.match(await firstBytes(Number(local)), /^SSH-2\.0-/)
    forward.interrupt()
    t.equal((await forward.result()).exitCode, 130)
  }

  const offAndOn = async (t: Test) => {
    const before = await inGuest('second', `touch early; ${bootId}`)
    await changes(t, 'restart', 'second')
    t.not(await inGuest('second', bootId), before, 'it has booted')
    await changes(t, 'stop', 'second')
    t.match(await states(t), { second: 'stopped' })
    t.same(await changes(t, 'snapshot', 'create', 'second', 'base'), ['make snapshot base of second: disk'])
    await changes(t, 'clone', 'second', 'fourth', '--stopped')
    t.match(await states(t), { second: 'stopped', fourth: 'stopped' })
    t.same(await changes(t, 'start', 'second', 'fourth'), ['start second, fourth and wait for an SSH login'])
    t.equal(await isItsOwn(t, 'second', 'fourth'), 'copied early')
    await inGuest('second', 'touch later; sync')
    await changes(t, 'snapshot', 'revert', 'second', 'base')
    t.match(await states(t), { second: 'stopped' })
    t.same(filesOn('second').sort(), ['copied', 'early'])
  }

  // Side by side: while one waits for a boot, the other goes on.
  await t.test('suspended, snapshots, clones, the console; off, on, anew', async (t) => {
    const talk = async () => {
      for (const step of [login, consoleOf, logs, port]) await step(t)
    }
    const first = async () => {
      await snapshot(t, await suspend(t))
      // The original stands still for the end of the copy only.
      await Promise.all([clone(t), talk()])
    }
    await Promise.all([first(), offAndOn(t)])
  })

  await t.test('down leaves nothing of ours and everything of others', async (t) => {
    await changes(t, 'suspend', 'first', '--to-disk')
    const down = await lab.hvlab(['down', '--lab', name, '--format', 'jsonl'], 2 * minutes)
    endsWell(t, down)
    t.match(runFinished(down.events).recap['localhost'], { failed: 0 })
    t.same(added(before, machineState()), [])
    t.same(['first', 'second', 'third', 'fourth'].flatMap(qemuOf), [])
    t.same(foreign.definitions(), definitions)
    t.ok(existsSync(join(testCache, 'store')), 'the image stays')
    t.same(changedTasks((await lab.hvlab(['down', '--lab', name, '--format', 'jsonl'])).events), [])
  })
})

function addressOf(guest: string): string {
  const [, address = ''] =
    /network name=['"]hvlab-test-c['"] address=['"]([0-9.]+)/.exec(
      virsh('metadata', `${name}-${guest}`, 'urn:hvlab:1'),
    ) ?? []
  return address
}

/** Visible files in the home of a guest that is off. */
function filesOn(guest: string): string[] {
  const raw = join(mkdtempSync(join(tmpdir(), 'hvlab-disk-')), 'disk.img')
  try {
    must('qemu-img', ['convert', '-O', 'raw', `/var/lib/hvlab/guests/${name}-${guest}/disk.qcow2`, raw])
    const listing = must('debugfs', ['-R', 'ls -p /home/hvlab', raw])
    return [...listing.matchAll(/^\/\d+\/\d+\/\d+\/\d+\/([^./][^/]*)\//gm)].map(([, file = '']) => file)
  } finally {
    rmSync(dirname(raw), { recursive: true, force: true })
  }
}

/** Processes of a guest's QEMU. */
function qemuOf(guest: string): string[] {
  return processes()
    .map(({ commandLine }) => commandLine)
    .filter((line) => line.includes(`guest=${name}-${guest},`))
}

/** What a server on this machine says first. */
function firstBytes(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', reject).once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
  })
}
