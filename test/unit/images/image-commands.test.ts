import { createHash } from 'node:crypto'
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runCli } from '../../../src/commands/cli.ts'
import { baseOf, isPackerImage, readImage } from '../../../src/images/image.ts'
import type { Manifest } from '../../../src/images/manifest.ts'
import { requirePackerMachine } from '../../../src/images/packer/packer-machine.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { must } from '../../support/tool.ts'

const versions = {
  packer: '1.6.6',
  qemu: '7.2.1',
  xorriso: '1.5.4',
  'qemu-img': '7.2.1',
  e2fsprogs: '1.47.0',
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Puts an image into a store as a build does; returns its key. */
function store(folder: string, name: string, more: Partial<Manifest> = {}): string {
  const key = more.key ?? sha256(`${name} ${more.built_at}`)
  const place = join(folder, key)
  mkdirSync(place, { recursive: true })
  const record = (file: string) => {
    writeFileSync(join(place, file), `${name} ${file}`)
    const { size, mtimeMs } = statSync(join(place, file))
    return { size, mtime: Math.floor(mtimeMs / 1000), sha256: sha256(`${name} ${file}`) }
  }
  const manifest: Manifest = {
    version: 1,
    key,
    name,
    builder: 'packages',
    built_at: '2026-01-02T03:04:05.000Z',
    files: { 'image.qcow2': record('image.qcow2'), vmlinuz: record('vmlinuz'), initrd: record('initrd') },
    virtual_size: 10 * 1024 ** 3,
    kernel_version: '6.1.0-1-cloud-amd64',
    cmdline: 'root=/dev/vda rw',
    login_user: 'hvlab',
    suite: 'bookworm',
    mirrors: ['deb http://deb.debian.org/debian bookworm main'],
    packages: [
      { name: 'adduser', version: '3.134', architecture: 'all' },
      { name: 'libc6', version: '2.36-9', architecture: 'amd64' },
    ],
    tools: { mmdebstrap: '1.3.5' },
    durations: { packages: 40.1 },
    ...more,
  }
  writeFileSync(join(place, 'manifest.json'), JSON.stringify(manifest))
  return key
}

/** Runs `hvlab image …` in a folder. */
const image = (cwd: string, ...args: readonly string[]) => interrupted(cwd, undefined, ...args)

/** The same, interrupted when a file has come into being. */
async function interrupted(cwd: string, file: string | undefined, ...args: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const exitCode = await runCli(['image', ...args, '--store', join(cwd, 'store')], {
    cwd,
    env: {},
    version: '0',
    color: false,
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    renderer: () => Promise.reject(new Error('no renderer is needed')),
    onSignal: (listener) => {
      const watch = setInterval(() => file !== undefined && existsSync(file) && listener('SIGINT'), 20)
      return { [Symbol.dispose]: () => clearInterval(watch) }
    },
  })
  return { exitCode, stdout, stderr }
}

function twoImages(t: Test) {
  const cwd = t.testdir({ store: {} })
  const folder = join(cwd, 'store')
  const older = store(folder, 'mine', { built_at: '2026-01-01T00:00:00.000Z' })
  const newer = store(folder, 'mine', {
    kernel_version: '6.1.0-2-cloud-amd64',
    packages: [
      { name: 'libc6', version: '2.36-10', architecture: 'amd64' },
      { name: 'zlib1g', version: '1.2', architecture: 'amd64' },
    ],
  })
  return { cwd, folder, older, newer }
}

t.test('list, show, verify', async (t) => {
  const { cwd, folder, older, newer } = twoImages(t)
  const listed = (await image(cwd, 'list')).stdout.split('\n')
  t.match(listed[0], /^image +state +size +built +key +guests$/)
  t.ok(
    listed.some((line) => /^debian-12 +not built/.test(line)),
    'images of the package',
  )
  t.match(
    listed.filter((line) => line.startsWith('mine ')),
    [
      new RegExp(`^mine +older +0 MB +2026-01-02 03:04 +${newer.slice(0, 12)}$`),
      new RegExp(`^mine +older +0 MB +2026-01-01 00:00 +${older.slice(0, 12)}$`),
    ],
    'the newest first',
  )
  const shown = await image(cwd, 'show', 'mine')
  t.match(shown.stdout, /^kernel +6\.1\.0-2-cloud-amd64$/m)
  t.match((await image(cwd, 'show', older.slice(0, 8))).stdout, /^kernel +6\.1\.0-1-cloud-amd64$/m)
  t.equal(JSON.parse((await image(cwd, 'show', 'mine', '--format', 'json')).stdout).key, newer)
  t.same(await image(cwd, 'show', 'other'), {
    exitCode: 1,
    stdout: '',
    stderr: `error: there is no image other in ${folder}\n  hint: There are: mine.\n`,
  })

  t.match((await image(cwd, 'show', 'mien')).stderr, /\n {2}hint: did you mean "mine"\?\n$/)
  t.match(
    (await image(cwd, 'show', 'debian-12')).stderr,
    /\n {2}hint: It was not built yet: `hvlab image build debian-12`\.\n$/,
  )

  t.same(await image(cwd, 'verify'), {
    exitCode: 0,
    stdout: `mine ${newer.slice(0, 12)}: ok\nmine ${older.slice(0, 12)}: ok\n`,
    stderr: '',
  })
  writeFileSync(join(folder, older, 'vmlinuz'), 'mine VMLINUZ')
  t.same(await image(cwd, 'verify'), {
    exitCode: 2,
    stdout: `mine ${newer.slice(0, 12)}: ok\nmine ${older.slice(0, 12)}: damaged, the content of vmlinuz is not what was built (SHA-256 differs)\n`,
    stderr: 'hint: the next `hvlab image build` or `hvlab up` builds a damaged image again\n',
  })
})

t.test('a build of nothing that there is: said before anything runs', async (t) => {
  t.same(await image(t.testdir(), 'build', 'debain-12'), {
    exitCode: 1,
    stdout: '',
    stderr:
      'error: there is no image debain-12: no folder of images/ has that name\n  hint: did you mean "debian-12"?\n',
  })
})

t.test('a copy that was not changed is the image that it was copied from', async (t) => {
  const cwd = t.testdir({ store: {} })
  const original = readImage('debian-12', join(packageRoot, 'images/debian-12/image.yml'))
  if (!original.ok) throw new Error('images/debian-12 does not parse')
  store(join(cwd, 'store'), 'debian-12', { key: original.value.key })
  cpSync(original.value.folder, join(cwd, 'images', 'copied'), { recursive: true })
  const listed = (await image(cwd, 'list')).stdout
  t.match(listed, /^copied +the same as debian-12 +[0-9a-f]{12}$/m)
  t.match(listed, /^debian-12 +current /m)
  t.match((await image(cwd, 'show', 'copied')).stdout, /^image +debian-12$/m)
})

t.test('a base stays as long as an image of images/ is built above it', async (t) => {
  const cwd = t.testdir({ store: {} })
  const folder = join(cwd, 'store')
  const ubuntu = readImage('ubuntu-20.04', join(packageRoot, 'images/ubuntu-20.04/image.yml'))
  const base = ubuntu.ok && isPackerImage(ubuntu.value) ? baseOf(ubuntu.value) : undefined
  const proof = { finalEvent: 'Shutdown', shutdownReason: 'guest-shutdown' }
  const made = { accelerator: 'kvm' as const, updates: 'none', events: 9, proof, removed: [] }
  const key = store(folder, 'ubuntu-20.04-base', { key: base?.key ?? '', installation: made })
  const older = store(folder, 'ubuntu-20.04-base', { installation: made })
  const layered = store(folder, 'mine', {
    installation: made,
    layer: { ...made, base: key, packages: ['fio', 'sysbench'] },
  })
  const shown = (await image(cwd, 'show', layered.slice(0, 12))).stdout
  t.match(shown, new RegExp(`^layer +fio sysbench, above ${key.slice(0, 12)}$`, 'm'))
  t.match(shown, /^layer made +under kvm, updates: none, 9 events$/m)
  t.match(shown, /^layer proof +finalEvent: Shutdown; shutdownReason: guest-shutdown$/m)
  const listed = (await image(cwd, 'list')).stdout
  t.match(listed, new RegExp(`^ubuntu-20\\.04-base +base .*${key.slice(0, 12)}`, 'm'))
  t.match(listed, new RegExp(`^ubuntu-20\\.04-base +older .*${older.slice(0, 12)}`, 'm'))
  const pruned = JSON.parse((await image(cwd, 'prune', '--format', 'json')).stdout)
  t.same(new Set(pruned.removed.map((entry: { key: string }) => entry.key)), new Set([older, layered]))
  t.ok(existsSync(join(folder, key)))
})

t.test('diff says what changed', async (t) => {
  const { cwd, older, newer } = twoImages(t)
  const { stdout } = await image(cwd, 'diff', older.slice(0, 12), 'mine')
  t.equal(
    stdout,
    `mine ${older.slice(0, 12)} → mine ${newer.slice(0, 12)}
~ kernel 6.1.0-1-cloud-amd64 → 6.1.0-2-cloud-amd64
- adduser 3.134
~ libc6 2.36-9 → 2.36-10
+ zlib1g 1.2
`,
  )
  t.match((await image(cwd, 'diff', 'mine', 'mine')).stdout, '\nno difference in settings or packages\n')
})

t.test('export never writes over a file', async (t) => {
  const { cwd } = twoImages(t)
  const first = await image(cwd, 'export', 'mine', 'copy.qcow2')
  t.equal(first.exitCode, 0, first.stderr)
  t.equal(readFileSync(join(cwd, 'copy.qcow2'), 'utf8'), 'mine image.qcow2')
  t.match(first.stdout, /command line: root=\/dev\/vda rw\n$/)
  t.same(await image(cwd, 'export', 'mine', 'copy.qcow2'), {
    exitCode: 1,
    stdout: '',
    stderr: 'error: copy.qcow2 exists already\n  hint: Name a new file.\n',
  })
  t.same(await image(cwd, 'export', 'mine', 'none/copy.qcow2'), {
    exitCode: 1,
    stdout: '',
    stderr: 'error: there is no folder none\n  hint: Make it first, or name another file.\n',
  })
})

t.test('an export that is interrupted leaves nothing', async (t) => {
  const { cwd, folder, newer } = twoImages(t)
  const disk = join(folder, newer, 'image.qcow2')
  rmSync(disk)
  must('mkfifo', [disk])
  // Whoever reads it waits for ever.
  const held = openSync(disk, 'r+')
  t.teardown(() => closeSync(held))
  t.same(await interrupted(cwd, join(cwd, `copy.part-${process.pid}`), 'export', newer, 'copy'), {
    exitCode: 130,
    stdout: '',
    stderr: 'error: It was interrupted.\n',
  })
  t.same(readdirSync(cwd), ['store'])
})

t.test('prune keeps what a guest stands on', async (t) => {
  const { cwd, folder, older, newer } = twoImages(t)
  mkdirSync(join(cwd, 'guests', 'web'), { recursive: true })
  writeFileSync(join(cwd, 'guests', 'web', 'disk.qcow2'), `QFI ${folder}/${older}/image.qcow2`)
  const kept = `kept mine ${older.slice(0, 12)}: the disks of web stand on it\n`
  t.equal(
    (await image(cwd, 'prune', '--check')).stdout,
    `would remove mine ${newer.slice(0, 12)} (0 MB)\n${kept}`,
  )
  t.ok(existsSync(join(folder, newer)))
  t.equal((await image(cwd, 'prune')).stdout, `removed mine ${newer.slice(0, 12)} (0 MB)\n${kept}`)
  t.notOk(existsSync(join(folder, newer)))
  t.equal((await image(cwd, 'prune')).stdout, `${kept}nothing to remove in ${folder}\n`)
})

t.test('a machine without Packer says what to do', async (t) => {
  requirePackerMachine({ user: '0', missing: [], versions })
  try {
    requirePackerMachine({ user: '0', missing: ['packer', 'debugfs', 'e2fsck'], versions })
    t.fail('it was accepted')
  } catch (error) {
    t.same(error instanceof FailureError && error.failure, {
      reason: 'module',
      code: 'image-tools-missing',
      message: 'this machine cannot build images with Packer: packer, debugfs, e2fsck not found',
      hint: 'On Debian and Ubuntu: `apt-get install packer e2fsprogs`, or put the role packer before the image task. Elsewhere Packer comes from https://developer.hashicorp.com/packer.',
    })
  }
})
