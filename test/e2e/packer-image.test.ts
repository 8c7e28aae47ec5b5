import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Manifest } from '../../src/images/manifest.ts'
import type { Failure } from '../../src/model/failure.ts'
import { atEnd } from '../support/cleanup.ts'
import { ofKind, runFinished } from '../support/events.ts'
import { endsWell, exits, HvlabProcess, type HvlabResult, hvlabSync } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { processes, type RunningProcess } from '../support/processes.ts'
import { qcow2Head, readByQemu42 } from '../support/qcow2.ts'
import { missingForLab } from '../support/requirements.ts'
import { type StandInImage, writeStandInImage } from '../support/stand-in-iso/stand-in-image.ts'
import { missingForStandIn, standInIso } from '../support/stand-in-iso/stand-in-iso.ts'
import { must } from '../support/tool.ts'

/** Images through the real Packer, on the stand-in for Ubuntu's installer: emulated, so that it runs everywhere. */
const needs = ['packer', 'qemu-system-x86_64', 'qemu-img', 'xorriso', 'debugfs', 'zstd']
const skip = missingForLab(needs) ?? missingForStandIn() ?? false
const noLibvirt = missingForLab(['virsh', 'libvirtd', 'iptables']) ?? false
const minute = 60_000

class ImageLab {
  readonly folder: LabFolder
  readonly store: string
  readonly iso: string

  constructor(t: Test, iso: string) {
    this.folder = new LabFolder(t)
    this.store = join(this.folder.path, 'store')
    this.iso = join(this.folder.path, 'stand-in.iso')
    copyFileSync(iso, this.iso)
    atEnd(t, () => {
      for (const { pid } of this.running()) process.kill(pid, 'SIGKILL')
    })
  }

  /** An image like ubuntu-20.04, from the stand-in; `standin=SWITCH` makes it fail. */
  image(name: string, told: Omit<StandInImage, 'iso'>): void {
    writeStandInImage(join(this.folder.path, 'images', name), { iso: this.iso, ...told })
  }

  start(name: string, ...options: readonly string[]): HvlabProcess {
    const accelerator = JSON.stringify({ hvlab_accelerator: { type: 'tcg', reason: 'a test' } })
    const words = ['--store', this.store, '--format', 'jsonl', '-v', '-e', accelerator, ...options]
    return new HvlabProcess(['image', 'build', name, ...words], {
      cwd: this.folder.path,
      env: { XDG_STATE_HOME: this.state, XDG_CACHE_HOME: join(this.folder.path, 'cache') },
      timeoutMs: 4 * minute,
    })
  }

  get state(): string {
    return join(this.folder.path, 'state')
  }

  build(name: string, ...options: readonly string[]): Promise<HvlabResult> {
    return this.start(name, ...options).result()
  }

  /** Packer and QEMU of this lab: both have its paths in their command lines. */
  running(program = ''): RunningProcess[] {
    return processes().filter(
      ({ commandLine }) =>
        /^(\S*\/)?(packer|qemu-system)/.test(commandLine) &&
        commandLine.includes(program) &&
        commandLine.includes(this.folder.path),
    )
  }

  /** Once QEMU runs. */
  async installing(build: HvlabProcess): Promise<RunningProcess> {
    for (;;) {
      const [qemu] = this.running('qemu-system')
      if (qemu !== undefined) return qemu
      if (build.ended) throw new Error(`the build ended: ${failureOf(await build.result())?.message}`)
      await delay(50)
    }
  }

  /** Once the installer's console has the text. */
  async until(build: HvlabProcess, text: string): Promise<void> {
    for (;;) {
      const logs = this.leftovers().map((name) => join(this.store, name, 'build', 'serial.log'))
      if (logs.some((log) => existsSync(log) && readFileSync(log, 'latin1').includes(text))) return
      if (build.ended) throw new Error(`the build ended: ${failureOf(await build.result())?.message}`)
      await delay(100)
    }
  }

  /** What is in the store beside whole images and the file that guards it. */
  leftovers(): string[] {
    if (!existsSync(this.store)) return []
    return readdirSync(this.store).filter((name) => name !== '.guard' && !/^[0-9a-f]{64}$/.test(name))
  }

  command(...args: readonly string[]): Promise<HvlabResult> {
    return this.folder.hvlab(['image', ...args, '--store', this.store], minute)
  }
}

function failureOf(run: HvlabResult): Failure | undefined {
  return runFinished(run.events).failures[0]?.failure
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const versionOf = (manifest: Pick<Manifest, 'packages'>, wanted: string): string | undefined =>
  manifest.packages.find(({ name }) => name === wanted)?.version
const notes = (run: HvlabResult) => ofKind(run.events, 'note').map(({ text }) => text)

t.test('an image through Packer and an installer', { skip }, async (t) => {
  const iso = standInIso()
  const lab = new ImageLab(t, iso)
  const requests: (string | undefined)[] = []
  const server = createServer((request, response) => {
    requests.push(request.url)
    if (request.url === '/stand-in.iso') response.end(readFileSync(iso))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stand-in.iso`
  lab.image('stand-in', { url, packages: ['sysbench'] })

  await t.test(
    'hvlab killed in the middle: nothing of the build goes on, and the next says what it removes',
    async (t) => {
      const build = lab.start('stand-in')
      const ended = build.result().catch((error: Error) => error.message.split('\n')[0])
      await lab.installing(build)
      build.interrupt('SIGKILL')
      t.match(await ended, /ended by SIGKILL/)
      const killed = performance.now()
      const disks = () => lab.leftovers().filter((name) => existsSync(join(lab.store, name, 'build/output')))
      while (lab.running().length + disks().length > 0 && performance.now() - killed < 10_000) await delay(50)
      t.same(lab.running(), [], 'neither Packer nor QEMU runs')
      t.same(disks(), [], 'the half-made disk is gone, too')
      t.equal(lab.leftovers().filter((name) => name.endsWith('.lock')).length, 2, 'of the image and its base')
    },
  )

  await t.test('success is proven, and the image is what was asked for; two builds make one', async (t) => {
    const building = lab.start('stand-in')
    await lab.installing(building)
    const [first, second] = await Promise.all([building.result(), lab.build('stand-in')])
    endsWell(t, first)
    endsWell(t, second)
    t.match(notes(second)[0], /^process \d+ builds the same image; waiting for it$/)
    t.equal(ofKind(second.events, 'task.finished')[0]?.outcome.kind, 'ok', 'the second built nothing')
    const removed = notes(first).filter((text) => /^removed \./.test(text))
    for (const text of removed) t.match(text, /: left in .* by a build that was interrupted$/)
    t.equal(removed.filter((text) => /\.lock: /.test(text)).length, 2, 'of the image and its base')
    t.match(
      notes(first).find((text) => text.startsWith('the installer runs')),
      /^the installer runs under tcg: .*; emulated, it takes an hour or more; minutes take `-e hvlab_image=debian-12` /,
    )
    t.same(requests, ['/stand-in.iso'], 'downloaded once')
    t.same(lab.running(), [])
    t.same(lab.leftovers(), [])
    const shown = await lab.command('show', 'stand-in', '--format', 'json')
    const manifest = JSON.parse(shown.stdout)
    t.match(manifest, {
      builder: 'packer',
      source: { file: 'stand-in.iso', signature: 'none named in image.yml' },
      installation: { accelerator: 'tcg', updates: 'none', proof: { shutdownReason: 'guest-shutdown' } },
      layer: { packages: ['sysbench'], accelerator: 'tcg', proof: { shutdownReason: 'guest-shutdown' } },
      virtual_size: 1024 ** 3,
      login_user: 'hvlab',
    })
    t.same(versionOf(manifest, 'sysbench'), '1.0-standin', 'the layer is in the list of packages')
    t.ok(manifest.installation.events > 10, 'events of the installer')
    const texts = ofKind(first.events, 'task.progress').map(({ text }) => text)
    for (const phase of ['partitioning', 'extraction', 'late commands'])
      t.ok(
        texts.some((text) => text.startsWith(`install: ${phase}`)),
        `progress: ${phase}`,
      )
    t.ok(
      texts.some((text) => text.startsWith('layer: packages: installing sysbench')),
      'progress: the layer',
    )
    t.notMatch(
      first.stdout + first.stderr,
      /10\.0\.2\.2:\d+\/[0-9a-f]{32}/,
      'no secret of the build is printed',
    )
    exits(t, await lab.command('verify'), 0)
  })

  await t.test('the same again is there already', async (t) => {
    const again = await lab.build('stand-in')
    endsWell(t, again)
    const [task] = ofKind(again.events, 'task.finished')
    t.equal(task?.outcome.kind, 'ok')
    t.ok((task?.durationMs ?? Number.POSITIVE_INFINITY) < 1000, `a hit took ${task?.durationMs} ms`)
    t.equal(requests.length, 1)
  })

  await t.test('another list of packages: a layer, and no installation', async (t) => {
    const before = JSON.parse((await lab.command('show', 'stand-in', '--format', 'json')).stdout)
    lab.image('stand-in', { url, packages: ['sysbench', 'fio'] })
    const changed = await lab.build('stand-in')
    endsWell(t, changed)
    t.match(notes(changed)[0], /^the base of stand-in is in .*: nothing is installed again$/)
    const texts = ofKind(changed.events, 'task.progress').map(({ text }) => text)
    t.notOk(
      texts.some((text) => text.startsWith('install: ')),
      'no installer ran',
    )
    t.equal(requests.length, 1, 'nor was anything downloaded')
    const after = JSON.parse((await lab.command('show', 'stand-in', '--format', 'json')).stdout)
    t.equal(after.layer.base, before.layer.base)
    t.not(after.key, before.key)
    const diff = await lab.command('diff', before.key, 'stand-in')
    exits(t, diff, 0)
    t.match(diff.stdout.split('\n').slice(1), ['+ fio 1.0-standin', ''])
    const list = JSON.parse((await lab.command('list', '--format', 'json')).stdout)
    t.match(
      list.images.filter(({ size }: { size: number | null }) => size !== null),
      [
        { name: 'stand-in', key: after.key, state: 'current' },
        { name: 'stand-in', key: before.key, state: 'older' },
        { name: 'stand-in-base', key: after.layer.base, state: 'base' },
      ],
    )
    const pruned = JSON.parse((await lab.command('prune', '--format', 'json')).stdout)
    t.match(pruned.removed, [{ key: before.key }], 'the base stays')
  })

  await t.test('a package that does not exist is named, with what apt said', async (t) => {
    lab.image('unknown', { url, packages: ['fio', 'sysbnech'] })
    const run = await lab.build('unknown')
    exits(t, run, 2)
    const failure = failureOf(run)
    t.equal(failure?.code, 'installer-package-unknown')
    t.equal(
      failure?.message,
      'the layer knows no such package (phase packages, hvlab/Layer/packages/install): E: Unable to locate package sysbnech',
    )
    const file = join(lab.folder.path, 'images', 'unknown', 'image.yml')
    const column = 'packages: [fio, '.length + 1
    t.equal(failure?.hint, 'did you mean "sysbench"?')
    t.match(failure?.location, { file, line: 10, column }, 'located where it was asked for')
    const evidence = join(lab.state, 'hvlab', 'failed-builds', 'unknown')
    t.match(failure?.details, `logs of the layer: ${join(evidence, 'installer-logs.tar.gz')}`)
    t.match(must('tar', ['-tzf', join(evidence, 'installer-logs.tar.gz')]), 'run/hvlab/layer.log')
    t.same(lab.running(), [])
    t.same(lab.leftovers(), [])
  })

  await t.test('a damaged image is found, and built again', async (t) => {
    const { stdout } = await lab.command('show', 'stand-in', '--format', 'json')
    const { folder } = JSON.parse(stdout) as { folder: string }
    writeFileSync(join(folder, 'initrd'), 'something else')
    const verified = await lab.command('verify')
    exits(t, verified, 2)
    t.match(verified.stdout, /^stand-in [0-9a-f]{12}: damaged, initrd has 14 bytes instead of \d+$/m)
    t.match(verified.stdout, /^stand-in-base [0-9a-f]{12}: ok$/m)
    const rebuilt = await lab.build('stand-in', '--iso', lab.iso)
    endsWell(t, rebuilt)
    t.match(notes(rebuilt)[0], /^image stand-in in .* is damaged: .*; it is built again$/)
    exits(t, await lab.command('verify'), 0)
  })

  await t.test('exported: the same bytes, whatever the form; QEMU 4.2 can read them', async (t) => {
    const { stdout } = await lab.command('show', 'stand-in', '--format', 'json')
    const { folder, files } = JSON.parse(stdout) as Pick<Manifest, 'files'> & { folder: string }
    const image = join(folder, 'image.qcow2')
    t.same(qcow2Head(image), readByQemu42)
    const copy = (name: string) => join(lab.folder.path, name)
    for (const args of [['copy.qcow2'], ['copy.qcow2.zst'], ['small.qcow2', '--compress']])
      exits(t, await lab.command('export', 'stand-in', ...args), 0)
    must('zstd', ['-q', '-d', copy('copy.qcow2.zst'), '-o', copy('again.qcow2')])
    for (const name of ['copy.qcow2', 'again.qcow2'])
      t.equal(sha256(copy(name)), files['image.qcow2'].sha256, `${name} has the digest of the manifest`)
    t.same(qcow2Head(copy('small.qcow2')), readByQemu42)
    t.ok(statSync(copy('small.qcow2')).size < files['image.qcow2'].size)
    must('qemu-img', ['compare', '-q', '-s', image, copy('copy.qcow2')])
    must('qemu-img', ['compare', '-q', image, copy('small.qcow2')])
  })

  await t.test('it boots under libvirt and takes a NoCloud seed', { skip: noLibvirt }, async (t) => {
    const name = 'hvlab-test-standin'
    atEnd(t, () => hvlabSync(['down', '--lab', name, '-i', 'localhost,'], { cwd: lab.folder.path }))
    // QEMU runs as a user of its own under libvirt, and the store lies in a private folder.
    chmodSync(dirname(lab.folder.path), 0o711)
    writeFileSync(
      join(lab.folder.path, 'site.yml'),
      `- hosts: localhost
  become: true
  roles: [hypervisor]
  tasks:
    - libvirt_network: {lab: ${name}, name: ${name}, subnet: 10.214.10.0/24, mode: isolated}
    - libvirt_guest: {lab: ${name}, network: ${name}, name: of-its-own, image: stand-in, memory_mb: 256, vcpus: 1, disk_gb: 1, accelerator: tcg, wait: false}
`,
    )
    const run = ['run', 'site.yml', '-i', 'localhost,', '-e', `hvlab_store=${lab.store}`]
    const deployed = await lab.folder.hvlab([...run, '--format', 'jsonl'], 3 * minute)
    endsWell(t, deployed)
    const log = `/var/lib/hvlab/guests/${name}-of-its-own/serial.log`
    const started = performance.now()
    const said = () => readFileSync(log, 'utf8')
    while (!said().includes('stand-in: ') && performance.now() - started < minute) await delay(100)
    t.match(said(), /stand-in: hostname of-its-own/)
    exits(t, await lab.folder.hvlab(['down', '--lab', name, '-i', 'localhost,'], minute), 0)
    t.notOk(existsSync(log), 'nothing of it is left')
  })

  await t.test('what goes wrong is named, and leaves nothing behind', async (t) => {
    const cases: [standIn: string, options: string[], code: string, message: RegExp][] = [
      [
        'standin=fail@curthooks',
        [],
        'installer-step-failed',
        /^the installer failed at subiquity\/Install\/.*stage-curthooks: curthooks: failed as it was told to$/,
      ],
      [
        'standin=panic',
        [],
        'installer-panic',
        /^the kernel panicked \(phase extraction\): sysrq triggered crash$/,
      ],
      [
        'standin=hang@extract',
        ['--stall', '5'],
        'installer-stalled',
        /^the installer said nothing for 5 s \(phase extraction, subiquity\/Install\/.*stage-extract\)$/,
      ],
    ]
    for (const [standIn, options, code, message] of cases) {
      const name = code.replace('installer-', 'with-')
      lab.image(name, { standIn })
      const run = await lab.build(name, '--iso', lab.iso, ...options)
      exits(t, run, 2)
      const failure = failureOf(run)
      t.equal(failure?.code, code)
      t.match(failure?.message, message)
      const evidence = join(lab.state, 'hvlab', 'failed-builds', name, 'serial.log')
      t.match(failure?.details, `serial console: ${evidence}`)
      t.match(readFileSync(evidence, 'latin1'), /Linux version/)
      t.notMatch(readFileSync(evidence, 'latin1'), /10\.0\.2\.2:\d+\/[0-9a-f]{32}/)
      t.same(lab.running(), [])
      t.same(lab.leftovers(), [])
    }
  })

  await t.test('in a pipeline: tools by what the image needs, an ISO by hvlab_iso', async (t) => {
    lab.image('no-iso', { standIn: 'standin=none' })
    const pipeline = `stages:
  - name: image
    hosts: localhost
    become: true
    gather_facts: false
    roles: [image_builder]
    tasks:
      - name: the image is in the store
        image: { name: "{{ hvlab_image }}" }
`
    mkdirSync(join(lab.folder.path, 'pipelines'))
    writeFileSync(join(lab.folder.path, 'pipelines/image-only.yml'), pipeline)
    const up = (image: string, ...more: string[]) => {
      const vars = ['-e', `hvlab_image=${image}`, '-e', `hvlab_store=${lab.store}`, ...more]
      return lab.folder.hvlab(['up', 'image-only', '--format', 'jsonl', ...vars], 2 * minute)
    }
    const there = await up('stand-in')
    endsWell(t, there)
    const packer = (run: HvlabResult) =>
      ofKind(run.events, 'task.finished').some(({ task }) => task.includes('role:packer'))
    t.notOk(packer(there), 'Packer is not installed for an image that is there')

    const without = await up('no-iso')
    exits(t, without, 2)
    t.ok(packer(without), 'the role packer ran')
    t.match(failureOf(without), {
      code: 'image-download-failed',
      hint: /give it: `hvlab image build no-iso --iso FILE`, or `-e hvlab_iso=FILE` for a pipeline\. Without it: `-e hvlab_image=debian-12` \(made of packages\)\./,
    })
    const wrong = await up('no-iso', '-e', 'hvlab_iso=pipelines/image-only.yml')
    exits(t, wrong, 2)
    t.match(failureOf(wrong)?.message, /image-only\.yml is not stand-in\.iso: its SHA-256 is /)
  })

  await t.test('QEMU killed: said at once', async (t) => {
    lab.image('killed', { standIn: 'standin=hang@partitioning' })
    const build = lab.start('killed', '--iso', lab.iso)
    const qemu = await lab.installing(build)
    await lab.until(build, 'stage-partitioning')
    process.kill(qemu.pid, 'SIGKILL')
    const killed = performance.now()
    const run = await build.result()
    t.ok(performance.now() - killed < 5000, 'within seconds')
    exits(t, run, 2)
    t.equal(failureOf(run)?.code, 'installer-qemu-died')
    t.same(lab.leftovers(), [])
  })

  await t.test('Ctrl-C leaves nothing', async (t) => {
    lab.image('interrupted', { standIn: 'standin=hang@partitioning' })
    const build = lab.start('interrupted', '--iso', lab.iso)
    await lab.installing(build)
    build.interrupt()
    exits(t, await build.result(), 130)
    t.same(lab.running(), [])
    t.same(lab.leftovers(), [])
  })
})
