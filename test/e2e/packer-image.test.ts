import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Manifest } from '../../src/images/manifest.ts'
import { seedTexts, writeSeed } from '../../src/lab/seed.ts'
import type { Failure } from '../../src/model/failure.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { renderCommand } from '../../src/util/sh.ts'
import { atEnd } from '../support/cleanup.ts'
import { ofKind, runFinished } from '../support/events.ts'
import { endsWell, exits, HvlabProcess, type HvlabResult } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { processes, type RunningProcess } from '../support/processes.ts'
import { missingForLab } from '../support/requirements.ts'
import { missingForStandIn, standInIso } from '../support/stand-in-iso/stand-in-iso.ts'
import { must, tool } from '../support/tool.ts'

/** Images through the real Packer, on the stand-in for Ubuntu's installer: emulated, so that it runs everywhere. */
const needs = ['packer', 'qemu-system-x86_64', 'qemu-img', 'xorriso', 'debugfs']
const skip = missingForLab(needs) ?? missingForStandIn() ?? false
const minute = 60_000

class ImageLab {
  readonly folder: LabFolder
  readonly store: string
  readonly iso: string
  readonly #digest: string

  constructor(t: Test, iso: string) {
    this.folder = new LabFolder(t)
    this.store = join(this.folder.path, 'store')
    this.iso = join(this.folder.path, 'stand-in.iso')
    copyFileSync(iso, this.iso)
    this.#digest = createHash('sha256').update(readFileSync(iso)).digest('hex')
    atEnd(t, () => {
      for (const { pid } of this.running()) process.kill(pid, 'SIGKILL')
    })
  }

  /** An image like ubuntu-20.04, from the stand-in; `standin=SWITCH` makes it fail. */
  image(
    name: string,
    { standIn = '', url = 'http://127.0.0.1:9/stand-in.iso', packages = [] as readonly string[] } = {},
  ): void {
    const folder = join(this.folder.path, 'images', name)
    mkdirSync(folder, { recursive: true })
    for (const file of ['ubuntu.pkr.hcl', 'layer.pkr.hcl', 'user-data'])
      copyFileSync(join(packageRoot, 'images', 'ubuntu-20.04', file), join(folder, file))
    writeFileSync(
      join(folder, 'image.yml'),
      `description: the stand-in
builder: packer
source: {urls: ["${url}"], sha256: ${this.#digest}}
installer:
  version: "22.07.2"
  memory_mb: 512
  cpus: 1
  kernel_arguments: autoinstall ds=nocloud console=ttyS0,115200n8 panic=-1 ${standIn} ---
template: ubuntu.pkr.hcl
packages: [${packages.join(', ')}]
layer: {cpus: 1, memory_mb: 256}
disk: {size_gb: 1}
boot: {cmdline: "root=/dev/vda2 ro console=ttyS0,115200"}
login: {user: hvlab}
`,
    )
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
      while (lab.running().length > 0 && performance.now() - killed < 10_000) await delay(50)
      t.same(lab.running(), [], 'neither Packer nor QEMU runs')
      t.equal(lab.leftovers().filter((name) => name.endsWith('.lock')).length, 2, 'of the image and its base')
    },
  )

  let first: HvlabResult
  await t.test('success is proven, and the image is what was asked for', async (t) => {
    first = await lab.build('stand-in')
    endsWell(t, first)
    const removed = notes(first).filter((text) => /^removed \./.test(text))
    for (const text of removed) t.match(text, /: left in .* by a build that was interrupted$/)
    t.equal(removed.filter((text) => /\.lock: /.test(text)).length, 2)
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
    lab.image('unknown', { url, packages: ['no-such-package'] })
    const run = await lab.build('unknown')
    exits(t, run, 2)
    const failure = failureOf(run)
    t.equal(failure?.code, 'installer-package-unknown')
    t.equal(
      failure?.message,
      'the layer knows no such package (phase packages, hvlab/Layer/packages/install): E: Unable to locate package no-such-package',
    )
    const file = join(lab.folder.path, 'images', 'unknown', 'image.yml')
    const column = 'packages: ['.length + 1
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

  await t.test('it boots and takes a NoCloud seed', async (t) => {
    const { stdout } = await lab.command('show', 'stand-in', '--format', 'json')
    const { folder, cmdline } = JSON.parse(stdout) as { folder: string; cmdline: string }
    const work = t.testdir()
    const seed = join(work, 'seed.iso')
    const texts = seedTexts({
      hostname: 'of-its-own',
      user: 'hvlab',
      authorizedKey: 'ssh-ed25519 AAAA test',
      hostKey: { privateKey: 'none', publicKey: 'none' },
    })
    const command = writeSeed(texts, { seed } as Parameters<typeof writeSeed>[1])
    must('sh', ['-c', renderCommand(command)], String(command.stdin))
    const disk = join(work, 'disk.qcow2')
    must('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(folder, 'image.qcow2'), '-F', 'qcow2', disk])
    const console = join(work, 'console')
    tool('timeout', [
      ...[
        '-k',
        '1',
        '60',
        'sh',
        '-c',
        '"$@" & while ! grep -q "stand-in: hostname" "$0" && kill -0 $!; do sleep 0.2; done; kill $!',
      ],
      ...[
        console,
        'qemu-system-x86_64',
        '-machine',
        'q35,accel=tcg',
        '-m',
        '256',
        '-nodefaults',
        '-no-user-config',
      ],
      ...['-display', 'none', '-no-reboot', '-serial', `file:${console}`, '-append', cmdline],
      ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd')],
      ...['-drive', `file=${disk},if=virtio`, '-drive', `file=${seed},if=virtio,format=raw,readonly=on`],
    ])
    t.match(readFileSync(console, 'utf8'), /stand-in: hostname of-its-own/)
  })

  await t.test('what goes wrong is named, and leaves nothing behind', async (t) => {
    const cases: [standIn: string, options: string[], code: string, message: RegExp][] = [
      [
        'standin=fail@curthooks',
        [],
        'installer-step-failed',
        /^the installer failed at subiquity\/Install\/.*stage-curthooks: curthooks: failed as it was told to$/,
      ],
      ['standin=panic', [], 'installer-panic', /^the kernel panicked \(phase /],
      [
        'standin=hang@extract',
        ['--stall', '5'],
        'installer-stalled',
        /^the installer said nothing for 5 s \(phase extraction/,
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
