import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Manifest } from '../../src/images/manifest.ts'
import { parseManifest } from '../../src/images/manifest.ts'
import { atEnd } from '../support/cleanup.ts'
import { diskDifference } from '../support/disk-difference.ts'
import { endsWell } from '../support/hvlab-process.ts'
import { LabFolder } from '../support/lab-folder.ts'
import { missingForLab } from '../support/requirements.ts'
import { testCache } from '../support/test-cache.ts'
import { must } from '../support/tool.ts'

/** Images from packages, built twice from the same archive. */
const skip = missingForLab(['mmdebstrap', 'mke2fs', 'debugfs', 'qemu-img']) ?? false
const minutes = 60_000

/** The image of that name in a store; undefined where it has none. */
function stored(store: string, name: string): Manifest | undefined {
  const keys = existsSync(store) ? readdirSync(store).filter((entry) => /^[0-9a-f]{64}$/.test(entry)) : []
  return keys
    .map((key) => parseManifest(readFileSync(join(store, key, 'manifest.json'), 'utf8')))
    .find((manifest) => manifest?.name === name)
}

const digests = (manifest: Manifest | undefined) =>
  Object.entries(manifest?.files ?? {}).map(([file, { sha256 }]) => `${file} ${sha256}`)

t.test('debian-12 built again has the same content', { skip }, async (t) => {
  const lab = new LabFolder(t)
  const open = mkdtempSync(join(tmpdir(), 'hvlab-open-'))
  chmodSync(open, 0o755)
  atEnd(t, () => rmSync(open, { recursive: true }))
  // What the quick lab's test has built, where it ran before, into a folder that others may enter. The second is private.
  let place = join(testCache, 'store')
  let first = stored(place, 'debian-12')
  for (const store of [join(lab.path, 'once'), join(open, 'again'), join(lab.path, 'after-a-change')]) {
    const args = ['image', 'build', 'debian-12', '--store', store, '--format', 'jsonl']
    endsWell(t, await lab.hvlab(args, 5 * minutes))
    const built = stored(store, 'debian-12')
    t.match(built?.archive_date, /^20\d\d-.*Z$/)
    const isSameArchive = first?.key === built?.key && first?.archive_date === built?.archive_date
    if (isSameArchive) {
      const isSame = t.same(
        digests(built),
        digests(first),
        'disk, kernel and initrd are the same, bit for bit',
      )
      const disk = (folder: string) => join(folder, built?.key ?? '', 'image.qcow2')
      if (!isSame) t.comment(diskDifference(disk(place), disk(store), lab.path).join('\n'))
      t.same(built?.packages, first?.packages)
      return
    }
    // The first of two, or the archive changed in between.
    first = built
    place = store
  }
  t.fail('the archive changed with every build')
})

/** Answers for the archive's past at MOMENT with what this machine's own mirror has now. */
async function snapshotMirror(moment: string) {
  const line = must('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)', 'Created-By: Packages'])
    .split('\n')
    .find((text) => text.startsWith('bookworm '))
  const mirror = (line?.split(' ')[1] ?? 'http://deb.debian.org/debian').replace(/\/+$/, '')
  const paths: string[] = []
  const server = createServer(async (request, response) => {
    const path = request.url ?? ''
    paths.push(path)
    const prefix = `/archive/debian/${moment}/`
    // Redirected, as snapshot.debian.org itself does for every package.
    if (path.startsWith(prefix))
      response.writeHead(302, { location: `${mirror}/${path.slice(prefix.length)}` }).end()
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/archive`, paths, close: () => server.close() }
}

t.test('snapshot: the archive of a moment, from its mirror', { skip }, async (t) => {
  const moment = '20260701T000000Z'
  const mirror = await snapshotMirror(moment)
  t.teardown(() => mirror.close())
  const lab = new LabFolder(t)
  const folder = join(lab.path, 'images/small')
  mkdirSync(join(folder, 'files/etc'), { recursive: true })
  writeFileSync(join(folder, 'files/etc/note'), 'from an old checkout\n')
  utimesSync(join(folder, 'files/etc/note'), 1e9, 1e9)
  writeFileSync(
    join(folder, 'image.yml'),
    `description: a kernel, and what mktirfs needs
builder: packages
suite: bookworm
sources: {bookworm: 'http://deb.debian.org/debian'}
snapshot: ${moment}
snapshot_mirror: ${mirror.url}
keyring: /usr/share/keyrings/debian-archive-keyring.gpg
packages: [linux-image-cloud-amd64, tiny-initramfs]
files: files
exclude: [/usr/share/doc/*, /usr/share/man/*, /usr/share/locale/*]
disk: {size_gb: 2}
boot: {cmdline: root=/dev/vda rw console=ttyS0}
login: {user: hvlab}
`,
  )
  const store = join(lab.path, 'store')
  const args = ['image', 'build', 'small', '--store', store, '--format', 'jsonl']
  endsWell(t, await lab.hvlab(args, 5 * minutes))
  const image = stored(store, 'small')
  t.match(image?.mirrors, [
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror.url}/debian/${moment} bookworm main`,
  ])
  t.ok(mirror.paths.includes(`/archive/debian/${moment}/dists/bookworm/InRelease`))
  t.ok(mirror.paths.some((path) => path.startsWith(`/archive/debian/${moment}/pool/main/l/linux`)))
  const raw = join(lab.path, 'disk.raw')
  must('qemu-img', ['convert', '-O', 'raw', join(store, image?.key ?? '', 'image.qcow2'), raw])
  const [, mtime = ''] = / mtime: (0x[0-9a-f]+)/.exec(must('debugfs', ['-R', 'stat /etc/note', raw])) ?? []
  t.equal(new Date(Number(mtime) * 1000).toISOString(), image?.archive_date, 'not the time of the checkout')
})
