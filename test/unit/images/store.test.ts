import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { BuildReport } from '../../../src/images/build-report.ts'
import { type Builder, ensureImage } from '../../../src/images/ensure-image.ts'
import { baseOf, type Image, isPackerImage, resolveImage } from '../../../src/images/image.ts'
import { parseImageFile } from '../../../src/images/image-file.ts'
import type { Manifest } from '../../../src/images/manifest.ts'
import { fileDigests, lookUp, remove } from '../../../src/images/store.ts'
import type { ModuleResult } from '../../../src/model/change.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import type { ModuleContext } from '../../../src/model/module-context.ts'
import { image as imageModule } from '../../../src/modules/image.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'
import { sleep } from '../../../src/util/sleep.ts'
import { failureOf } from '../../support/failure-of.ts'
import { openLocalHost } from './local-host.ts'
import { tinyManifest } from './tiny-manifest.ts'

// The store on this machine's real file system, with a builder that writes three small files.
process.env['XDG_CACHE_HOME'] = t.testdir({})
const host = await openLocalHost()
t.teardown(() => host[Symbol.asyncDispose]())

const key = 'a'.repeat(64)
const parsed = parseImageFile(
  `description: tiny
builder: packages
suite: bookworm
sources: {bookworm: 'http://deb.debian.org/debian'}
keyring: /keys.gpg
packages: [tiny]
disk: {size_gb: 1}
boot: {cmdline: quiet}
login: {user: hvlab}
`,
  'image.yml',
)
if (!parsed.ok) throw new Error('the test’s image file is wrong')
const image: Image = { name: 'tiny', folder: '/nowhere', file: parsed.value, key }

let builds = 0
const builder: Builder = async (on, wanted, folder) => {
  builds += 1
  for (const name of ['image.qcow2', 'vmlinuz', 'initrd'])
    writeFileSync(join(folder, name), `${name} ${builds}\n`)
  const digests = await fileDigests(on, folder)
  const record = (name: string): Manifest['files']['initrd'] => {
    const { size, mtimeMs } = statSync(join(folder, name))
    return { size, mtime: Math.floor(mtimeMs / 1000), sha256: digests.get(name) ?? '' }
  }
  const files = { 'image.qcow2': record('image.qcow2'), vmlinuz: record('vmlinuz'), initrd: record('initrd') }
  const manifest = tinyManifest(wanted, files, new Date(builds))
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  return manifest
}

interface Said extends BuildReport {
  readonly notes: string[]
}
const listener = (onNote: (text: string) => void = () => {}): Said => {
  const notes: string[] = []
  return {
    notes,
    progress: () => {},
    output: () => {},
    note: (level, text) => {
      notes.push(`${level}: ${text}`)
      onNote(text)
    },
  }
}

/** A store of its own below a folder of its own, as `guests/` lies beside `images/`. */
const newStore = (test: { testdir(content: { images: Record<string, never> }): string }): string =>
  join(test.testdir({ images: {} }), 'images')
const contents = (store: string): string[] => readdirSync(store).filter((name) => name !== '.guard')

t.test('an image is built once, then found', async (test) => {
  const store = newStore(test)
  const before = builds
  const first = await ensureImage(host, image, store, builder, listener())
  test.equal(first.state, 'built')
  const second = await ensureImage(host, image, store, builder, listener())
  test.equal(second.state, 'present')
  test.same(second.manifest, first.manifest)
  test.equal(builds, before + 1)
  test.same(contents(store), [key])
  test.equal(statSync(join(store, key, 'image.qcow2')).mode & 0o777, 0o644)
  const again = await ensureImage(host, image, store, builder, listener(), { rebuild: true })
  test.equal(again.state, 'built')
  test.equal(builds, before + 2)
  test.same(contents(store), [key])
})

t.test('two at once make one image', async (test) => {
  const store = newStore(test)
  const before = builds
  const said = listener()
  const both = await Promise.all([1, 2].map(() => ensureImage(host, image, store, builder, said)))
  test.same(both.map(({ state }) => state).sort(), ['built', 'present'])
  test.equal(builds, before + 1)
  test.same(contents(store), [key])
})

t.test('damage is found and repaired', async (test) => {
  const cases = [
    {
      what: 'a shortened file',
      spoil: (folder: string) => writeFileSync(join(folder, 'vmlinuz'), 'x'),
      why: /^vmlinuz has 1 bytes instead of \d+$/,
    },
    {
      what: 'other content of the same size',
      spoil: (folder: string) => {
        const path = join(folder, 'image.qcow2')
        writeFileSync(path, readFileSync(path, 'utf8').toUpperCase())
        utimesSync(path, 1, 1)
      },
      why: /^the content of image.qcow2 is not what was built \(SHA-256 differs\)$/,
    },
    {
      what: 'a broken manifest',
      spoil: (folder: string) => writeFileSync(join(folder, 'manifest.json'), '{"version": 1}'),
      why: /^its manifest is missing or not readable$/,
    },
  ]
  for (const { what, spoil, why } of cases) {
    const store = newStore(test)
    await ensureImage(host, image, store, builder, listener())
    spoil(join(store, key))
    const entry = await lookUp(host, store, key)
    test.match(entry, { state: 'damaged', why }, what)
    const said = listener()
    const repaired = await ensureImage(host, image, store, builder, said)
    test.equal(repaired.state, 'built', what)
    test.match(said.notes, [/^warning: image tiny in .* is damaged: .*; it is built again$/], what)
    test.equal((await lookUp(host, store, key, { full: true })).state, 'whole', what)
    test.same(contents(store), [key], what)
  }
})

t.test('a changed time alone is no damage; unseen damage is found by verifying', async (test) => {
  const store = newStore(test)
  await ensureImage(host, image, store, builder, listener())
  const path = join(store, key, 'initrd')
  const { mtime } = statSync(path)
  utimesSync(path, 5, 5)
  test.equal((await lookUp(host, store, key)).state, 'whole')
  test.equal(statSync(path).mtimeMs, Math.floor(mtime.getTime() / 1000) * 1000, 'the time is set right again')
  writeFileSync(path, readFileSync(path, 'utf8').toUpperCase())
  utimesSync(path, mtime, mtime)
  test.equal((await lookUp(host, store, key)).state, 'whole', 'the quick check does not read files')
  test.match(await lookUp(host, store, key, { full: true }), { state: 'damaged' })
})

t.test('a builder that fails leaves nothing', async (test) => {
  const store = newStore(test)
  const failing: Builder = async (_host, _image, folder) => {
    writeFileSync(join(folder, 'image.qcow2'), 'half')
    throw new FailureError({ reason: 'module', code: 'image-build-failed', message: 'no' })
  }
  await test.rejects(ensureImage(host, image, store, failing, listener()), { message: 'no' })
  test.same(contents(store), [])
  test.equal((await ensureImage(host, image, store, builder, listener())).state, 'built')
})

t.test('lock and leftovers of dead builders are removed, and said', async (test) => {
  const store = newStore(test)
  // Process 1 lives, but did not start at tick 1: ids are used again.
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const owner = `1 1 ${boot} 000000000000`
  writeFileSync(join(store, `.${key}.lock`), `${owner}\n`)
  mkdirSync(join(store, `.${key}.000000000000.tmp`))
  writeFileSync(join(store, `.${key}.000000000000.tmp`, 'owner'), `${owner}\n`)
  mkdirSync(join(store, `.${key}.000000000000.tmp.old.tmp`))
  mkdirSync(join(store, '.b.push'))
  const said = listener()
  test.equal((await ensureImage(host, image, store, builder, said)).state, 'built')
  test.same(said.notes, [
    `warning: removed .${key}.lock: left in ${store} by a build that was interrupted`,
    `warning: removed .${key}.000000000000.tmp: left in ${store} by a build that was interrupted`,
    `warning: removed .${key}.000000000000.tmp.old.tmp: left in ${store} by a build that was interrupted`,
  ])
  test.same(contents(store).sort(), ['.b.push', key], 'a copy that arrives is left alone')
})

t.test('a living builder is waited for', async (test) => {
  const store = newStore(test)
  const other = spawn('sleep', ['600'])
  test.teardown(() => other.kill())
  await once(other, 'spawn')
  const fields = readFileSync(`/proc/${other.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  writeFileSync(join(store, `.${key}.lock`), `${other.pid} ${fields[19]} ${boot} 111111111111\n`)
  const work = ensureImage(host, image, store, builder, listener())
  test.notOk(existsSync(join(store, key)))
  other.kill()
  test.equal((await work).state, 'built')
})

t.test('an image under a guest’s disk is not replaced', async (test) => {
  const store = newStore(test)
  await ensureImage(host, image, store, builder, listener())
  const guest = join(store, '../guests/lab-g1')
  mkdirSync(guest, { recursive: true })
  writeFileSync(join(guest, 'disk.qcow2'), `QFI\xfb${store}/${key}/image.qcow2`)
  test.match(await failureOf(() => ensureImage(host, image, store, builder, listener(), { rebuild: true })), {
    code: 'image-in-use',
    message: 'image tiny cannot be rebuilt: the disks of lab-g1 stand on it',
    hint: 'Remove the guests first: `hvlab down`.',
  })
  test.equal((await lookUp(host, store, key)).state, 'whole')
})

t.test('a disk that is made while an image is removed keeps it', async (test) => {
  const store = newStore(test)
  await ensureImage(host, image, store, builder, listener())
  const guest = join(store, '../guests/lab-g1')
  mkdirSync(guest, { recursive: true })
  writeFileSync(join(guest, 'disk.qcow2'), `QFI\xfb${store}/${key}/image.qcow2`)
  test.same(await remove(host, store, key), ['lab-g1'], 'the look before it found none')
  test.equal((await lookUp(host, store, key)).state, 'whole')
  test.same(contents(store), [key])
})

t.test(
  'a removal takes turns with a build that tidies up, and says when it is not possible',
  async (test) => {
    const store = newStore(test)
    await ensureImage(host, image, store, builder, listener())
    const other = spawn('flock', [join(store, '.guard'), 'sh', '-c', 'echo held; read _'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(other, 'close')
    await once(other.stdout, 'data')
    const removal = remove(host, store, key)
    await waits(join(store, '.guard'))
    test.same(contents(store), [key])
    other.stdin.end('\n')
    await ended
    test.same(await removal, [])
    test.same(contents(store), [])
    test.match(await failureOf(() => remove(host, join(store, 'nowhere'), key)), {
      code: 'image-store-not-writable',
    })
  },
)

/** Until somebody waits for the lock on a file. */
async function waits(file: string): Promise<void> {
  const { ino } = statSync(file)
  while (!new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync('/proc/locks', 'utf8'))) await sleep(20)
}

// The module, on a store of its own: the key is debian-12's, its content the small builder's.
const searchPath = [packageRoot]
const debian = resolveImage('debian-12', searchPath)

interface Ended {
  readonly changes: readonly string[]
  readonly result: ModuleResult
}

/** Runs the module `image` as the engine would: each change is applied unless it is check mode. */
async function runModule(
  params: Record<string, string>,
  store: string,
  options: { readonly on?: HostAccess; readonly check?: boolean; readonly iso?: string } = {},
): Promise<Ended> {
  const said = listener()
  const on = options.on ?? host
  const context = {
    ...on,
    ...said,
    controller: host,
    searchPath,
    variable: (name: string) => ({ hvlab_store: store, hvlab_iso: options.iso })[name],
  } as unknown as ModuleContext
  const steps = imageModule.run(context, imageModule.params.parse(params))
  const changes: string[] = []
  let step = await steps.next()
  while (!step.done) {
    changes.push(step.value.summary)
    const { action } = step.value
    const value = options.check || typeof action !== 'function' ? undefined : await action()
    step = await steps.next({ applied: !options.check, value })
  }
  return { changes, result: step.value }
}

t.test('the module on the controller', async (test) => {
  const store = newStore(test)
  const short = debian.key.slice(0, 12)
  test.match(await runModule({ name: 'debian-12' }, store, { check: true }), {
    changes: [`build image debian-12 from packages of bookworm (${short})`],
    result: { data: { key: debian.key } },
  })
  test.same(contents(store), [], 'check mode builds nothing')
  const { manifest } = await ensureImage(host, debian, store, builder, listener())
  const folder = `${store}/${debian.key}`
  test.match(await runModule({ name: 'debian-12' }, store), {
    changes: [],
    result: {
      why: `image debian-12 is in ${folder}`,
      data: {
        key: debian.key,
        path: `${folder}/image.qcow2`,
        kernel: `${folder}/vmlinuz`,
        initrd: `${folder}/initrd`,
        cmdline: 'quiet',
        digest: manifest.files['image.qcow2'].sha256,
        size: manifest.files['image.qcow2'].size,
        login_user: 'hvlab',
        source: 'present',
      },
    },
  })
  test.match(await runModule({ name: 'debian-12', state: 'absent' }, store), {
    changes: [`remove image debian-12 (${short}) from ${store}`],
  })
  test.same(contents(store), [])
  test.match(await runModule({ name: 'debian-12', state: 'absent' }, store), {
    changes: [],
    result: { why: `image debian-12 is not in ${store}` },
  })
})

t.test('an ISO that is not there is said in check mode, too', async (test) => {
  const store = newStore(test)
  const iso = join(store, 'missing.iso')
  const checked = (name: string) => runModule({ name }, store, { check: true, iso })
  test.match(await failureOf(() => checked('ubuntu-20.04')), {
    code: 'image-source-mismatch',
    message: `${iso} is not a file`,
    hint: 'Give the path of ubuntu-20.04.6-live-server-amd64.iso.',
  })
  test.match(await checked('debian-12'), { changes: [/^build image debian-12/] }, 'it needs none')
  const ubuntu = resolveImage('ubuntu-20.04', searchPath)
  const base = isPackerImage(ubuntu) ? baseOf(ubuntu) : undefined
  if (base === undefined) throw new Error('ubuntu-20.04 has packages above its installation')
  await ensureImage<Image>(host, base, store, builder, listener())
  test.match(
    await checked('ubuntu-20.04'),
    { changes: [/^build image ubuntu-20\.04/] },
    'nothing is installed again',
  )
})

const noMounts = process.getuid?.() === 0 ? false : 'only root can give a second host another file system'
t.test('the module on another host', { skip: noMounts }, async (test) => {
  const parent = test.testdir({ images: {}, other: { images: {} } })
  const store = join(parent, 'images')
  // Another host: this machine with another folder where the store is.
  const there = join(parent, 'other/images')
  const other: HostAccess = {
    ...host,
    run: (command, options) =>
      host.run(
        {
          ...command,
          ...sh`unshare --mount sh -c ${`mount --bind '${there}' '${store}' && ${renderCommand(command)}`}`,
        },
        options,
      ),
    put: (content, path, options) => host.put(content, path.replace(store, there), options),
  }
  test.match(await failureOf(() => runModule({ name: 'debian-12' }, store, { on: other })), {
    code: 'image-not-built',
    message: `image debian-12 is not in ${store} of the controller`,
    hint: 'Build it in an earlier stage: `hosts: localhost`, `become: true`, `image: {name: debian-12}`.',
  })
  const { manifest } = await ensureImage(host, debian, store, builder, listener())
  const first = await runModule({ name: 'debian-12' }, store, { on: other })
  test.match(first, {
    changes: [`copy image debian-12 (0 MB, ${debian.key.slice(0, 12)}) to ${store}`],
    result: { data: { source: 'copied', digest: manifest.files['image.qcow2'].sha256 } },
  })
  test.match(await lookUp(host, there, debian.key, { full: true }), { state: 'whole', manifest })
  const second = await runModule({ name: 'debian-12' }, store, { on: other })
  test.match(second, { changes: [], result: { data: { source: 'present' } } })
  await remove(host, store, debian.key)
  test.match(
    await runModule({ name: 'debian-12' }, store, { on: other }),
    { changes: [], result: { data: { source: 'present' } } },
    'what was verified on arrival is as good as the controller’s',
  )
})
