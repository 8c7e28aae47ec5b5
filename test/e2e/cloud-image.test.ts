import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Manifest } from '../../src/images/manifest.ts'
import { seedTexts, writeSeed } from '../../src/lab/seed.ts'
import type { Failure } from '../../src/model/failure.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { renderCommand } from '../../src/util/sh.ts'
import { type TestPackage, writeArchive } from '../support/apt-archive.ts'
import { ofKind, runFinished } from '../support/events.ts'
import { endsWell, exits, HvlabProcess, type HvlabResult } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { publishedDisk, rootStart } from '../support/published-disk.ts'
import { missingForLab } from '../support/requirements.ts'
import { SigningKey } from '../support/signing-key.ts'
import { testCache } from '../support/test-cache.ts'
import { must, tool } from '../support/tool.ts'

/** An image from a published disk, emulated. Ubuntu's cannot be had everywhere; a Debian in its place has real apt, dpkg and cloud-init. */
const skip =
  missingForLab([
    'packer',
    'qemu-system-x86_64',
    'qemu-img',
    'debugfs',
    'gpg',
    'gpgv',
    'sfdisk',
    'xorriso',
  ]) ?? false
const minute = 60_000
const file = 'ubuntu-20.04-server-cloudimg-amd64.img'

/** Its prerm and postrm ask a systemd that is not there, and leave what a snap has mounted and written. */
const snapd: TestPackage = {
  name: 'snapd',
  version: '2.99',
  files: { '/etc/snapd.conf': '', '/var/lib/snapd/state.json': '{}' },
  scripts: {
    postinst: 'mkdir -p /snap/core /var/snap /root/snap; echo snap >/var/lib/snapd/later',
    prerm: 'systemctl stop snapd.socket || true',
    postrm: 'echo "$1" >>/usr/share/snapd-left',
  },
}

/** What is stored of an image. */
type Shown = Manifest & { readonly folder: string }

class CloudLab {
  readonly folder: LabFolder
  readonly key: SigningKey
  readonly #www: string
  #url = ''
  /** SHA-256 of the published disk. */
  digest = ''

  constructor(t: Test) {
    this.folder = new LabFolder(t)
    this.#www = join(this.folder.path, 'www')
    this.key = new SigningKey(t)
    mkdirSync(this.#www)
  }

  /** A publisher on loopback: the disk, its signed sums, and the archive that its apt asks, with these addresses in it. */
  async publish(t: Test, stored: Shown): Promise<void> {
    const server = createServer((request, response) => {
      const path = join(this.#www, new URL(request.url ?? '', 'http://localhost').pathname)
      if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) createReadStream(path).pipe(response)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    this.#url = `http://127.0.0.1:${port}`
    const list = join(this.folder.path, 'sources.list')
    const line = (archive: string) =>
      `deb [signed-by=/etc/hvlab-test.gpg] http://10.0.2.2:${port}/${archive} ./\n`
    writeFileSync(list, line('focal') + line('focal-security'))
    const proof =
      'echo "first process $(cat /proc/1/comm); policy $(/usr/sbin/policy-rc.d || echo $?)" >/usr/share/set-up'
    const packages = [{ name: 'hvlab-test', version: '1', scripts: { postinst: proof } }, snapd]
    writeArchive(join(this.#www, 'focal'), packages, this.key)
    writeArchive(join(this.#www, 'focal-security'), [{ name: 'netbase', version: '99' }], this.key)
    const disk = publishedDisk(stored, this.#www, {
      '/etc/apt/sources.list': list,
      '/etc/hvlab-test.gpg': this.key.keyring,
    })
    must('mv', [disk, join(this.#www, file)])
    this.digest = createHash('sha256')
      .update(readFileSync(join(this.#www, file)))
      .digest('hex')
    this.sums()
  }

  /** Publishes the sums, and signs them unless they are forged. */
  sums(digest = this.digest, options: { readonly forged?: boolean } = {}): void {
    const sums = join(this.#www, 'SHA256SUMS')
    writeFileSync(sums, `${digest} *${file}\n`)
    if (options.forged !== true) this.key.sign(sums)
  }

  /** ubuntu-20.04-cloud, from the publisher on loopback. */
  image(name: string, packages: readonly string[]): void {
    const shipped = join(packageRoot, 'images/ubuntu-20.04-cloud')
    const folder = join(this.folder.path, 'images', name)
    mkdirSync(folder, { recursive: true })
    const changes: [from: RegExp, to: string][] = [
      [/^ {2}urls:\n(?: {4}- .*\n)+/m, `  urls: ["${this.#url}/gone/${file}", "${this.#url}/${file}"]\n`],
      [/^ {2}sha256: .*$/m, `  sha256: ${this.digest}`],
      [/^ {2}fingerprint: .*$/m, `  fingerprint: ${this.key.fingerprint}`],
      [/^ {2}keyring: .*$/m, `  keyring: ${this.key.keyring}`],
      [/^packages:.*\n(?: {2}- .*\n)+/m, `packages: [${packages.join(', ')}]\n`],
      [/^updates: none/m, 'updates: security'],
      // debian-12 leaves out what makes a root file system writable later.
      [/^( {2}cmdline: root=\/dev\/vda1) ro/m, '$1 rw'],
    ]
    const text = readFileSync(join(shipped, 'image.yml'), 'utf8')
    const changed = changes.reduce((before, [from, to]) => {
      if (!from.test(before)) throw new Error(`image.yml has no ${from}`)
      return before.replace(from, to)
    }, text)
    writeFileSync(join(folder, 'image.yml'), changed)
  }

  build(name: string): Promise<HvlabResult> {
    const accelerator = JSON.stringify({ hvlab_accelerator: { type: 'tcg', reason: 'a test' } })
    return this.#hvlab('build', name, '--format', 'jsonl', '-v', '-e', accelerator)
  }

  async show(name: string): Promise<Shown> {
    return JSON.parse((await this.#hvlab('show', name, '--format', 'json')).stdout)
  }

  #hvlab(...args: readonly string[]): Promise<HvlabResult> {
    const env = {
      XDG_STATE_HOME: join(this.folder.path, 'state'),
      XDG_CACHE_HOME: join(this.folder.path, 'cache'),
    }
    const store = ['--store', join(this.folder.path, 'store')]
    const options = { cwd: this.folder.path, env, timeoutMs: 5 * minute }
    return new HvlabProcess(['image', ...args, ...store], options).result()
  }
}

/** debian-12 of the store that tests share: the quick lab's test, which runs before, has built it. Built when it is not there. */
async function debian(lab: LabFolder): Promise<Shown> {
  const store = ['--store', join(testCache, 'store')]
  endsWell(t, await lab.hvlab(['image', 'build', 'debian-12', '--format', 'jsonl', ...store], 5 * minute))
  return JSON.parse((await lab.hvlab(['image', 'show', 'debian-12', '--format', 'json', ...store])).stdout)
}

function failureOf(run: HvlabResult): Failure | undefined {
  return runFinished(run.events).failures[0]?.failure
}

t.test('an image from a published disk', { skip, timeout: 15 * minute }, async (t) => {
  const lab = new CloudLab(t)
  const stored = await debian(lab.folder)
  await lab.publish(t, stored)
  // `+` is apt's word for installing. By its plain name snapd is refused, because it is taken out again; others may depend on it.
  const packages = ['hvlab-test', 'snapd+']
  lab.image('cloud', packages)

  await t.test('sums that the publisher did not sign end it before anything is booted', async (t) => {
    lab.sums('0'.repeat(64), { forged: true })
    const run = await lab.build('cloud')
    exits(t, run, 2)
    t.equal(failureOf(run)?.code, 'image-signature-bad')
    t.equal(failureOf(run)?.message, `${file} is not trusted: the signature of SHA256SUMS is bad`)
  })

  let image: Shown
  await t.test('packages and updates are put above it, and the result is an image', async (t) => {
    lab.sums()
    const run = await lab.build('cloud')
    endsWell(t, run)
    t.equal(
      ofKind(run.events, 'task.progress').some(({ text }) => text.startsWith('source: downloading')),
      false,
      'what was downloaded before is used again',
    )
    image = await lab.show('cloud')
    t.comment(`timing: image from a published disk ${(run.durationMs / 1000).toFixed(1)} s, of which`)
    for (const [phase, seconds] of Object.entries(image.durations))
      t.comment(`timing:   ${phase} ${seconds} s`)
    const { version } = stored.packages.find(({ name }) => name === 'hostname') ?? {}
    t.match(image, {
      builder: 'cloud',
      source: { file, sha256: lab.digest, signature: `good, by ${lab.key.fingerprint}` },
      layer: {
        base: lab.digest,
        packages,
        updates: 'security',
        accelerator: 'tcg',
        proof: { finalEvent: 'hvlab/Layer/shutdown', shutdownReason: 'guest-shutdown' },
      },
      virtual_size: 10 * 1024 ** 3,
      kernel_version: stored.kernel_version,
      suite: 'bookworm',
    })
    t.equal(image.installation, undefined, 'nothing was installed by an installer')
    const versions = new Map(image.packages.map((each) => [each.name, each.version]))
    t.equal(versions.get('hvlab-test'), '1', 'the package')
    t.equal(versions.get('netbase'), '99', 'the update')
    t.equal(versions.has('snapd'), false, 'what images do without')
    t.equal(versions.get('hostname'), version, 'what was there')
  })

  await t.test(
    'packages were set up as an installer does it, in a system that was never booted',
    async (t) => {
      const raw = join(lab.folder.path, 'image.raw')
      must('qemu-img', ['convert', '-O', 'raw', join(image.folder, 'image.qcow2'), raw])
      const system = `${raw}?offset=${rootStart}`
      const inImage = (request: string) => must('debugfs', ['-R', request, system])
      t.equal(inImage('cat /usr/share/set-up'), 'first process sh; policy 101\n')
      t.match(inImage('cat /etc/apt/sources.list'), 'focal-security', 'the sources of its publisher stay')
      t.notMatch(inImage('ls -p /usr/sbin'), '/policy-rc.d/')
      t.equal(inImage('cat /usr/share/snapd-left'), 'remove\npurge\n', 'snapd was purged, as apt does it')
      t.notMatch(inImage('ls -p /') + inImage('ls -p /var/lib') + inImage('ls -p /root'), /\/snapd?\//)
      t.notMatch(inImage('ls -p /etc'), 'resolv.conf.hvlab')
      t.notMatch(inImage('ls -p /etc/ssh'), 'ssh_host_')
      t.match(inImage('stat /etc/resolv.conf'), 'Fast link dest: "/run/resolv.conf"', 'as it was')
      t.match(inImage('stat /etc/machine-id'), /Size: 0\b/)
      t.equal(inImage('ls -p /var/log/journal').trim(), '', 'nothing has logged')
      const blocks = Number(/^Block count: +(\d+)$/m.exec(must('dumpe2fs', ['-h', system]))?.[1])
      t.ok(blocks * 4096 > 9.8 * 1024 ** 3, `the file system has grown with the disk, to ${blocks} blocks`)
      rmSync(raw)
    },
  )

  await t.test('it boots and takes a NoCloud seed', async (t) => {
    const work = join(lab.folder.path, 'guest')
    mkdirSync(work)
    const console = bootWithSeed(image, work)
    t.match(console, /of-its-own login:/)
  })
})

/** Boots a guest's overlay of an image as a hypervisor does, with a seed, until its console asks for a login. */
function bootWithSeed({ folder, cmdline }: Shown, work: string): string {
  const [seed, disk, console] = ['seed.iso', 'disk.qcow2', 'console'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ]
  const hostKey = join(work, 'host-key')
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', hostKey])
  const texts = seedTexts({
    hostname: 'of-its-own',
    user: 'hvlab',
    authorizedKey: 'ssh-ed25519 AAAA test',
    hostKey: {
      privateKey: readFileSync(hostKey, 'utf8'),
      publicKey: readFileSync(`${hostKey}.pub`, 'utf8').trim(),
    },
  })
  const command = writeSeed(texts, { seed } as Parameters<typeof writeSeed>[1])
  must('sh', ['-c', renderCommand(command)], String(command.stdin))
  must('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', join(folder, 'image.qcow2'), '-F', 'qcow2', disk])
  tool('timeout', [
    ...['-k', '1', '240', 'sh', '-c'],
    '"$@" & while ! grep -q "login:" "$0" && kill -0 $!; do sleep 0.2; done; kill $!',
    ...[
      console,
      'qemu-system-x86_64',
      '-machine',
      'q35,accel=tcg',
      '-cpu',
      'Nehalem',
      '-smp',
      '2',
      '-m',
      '512',
    ],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', `file:${console}`],
    ...['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd'), '-append', cmdline],
    ...['-drive', `file=${disk},if=virtio`, '-drive', `file=${seed},if=virtio,format=raw,readonly=on`],
  ])
  return readFileSync(console, 'latin1')
}
