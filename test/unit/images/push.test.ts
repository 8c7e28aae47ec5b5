import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { Manifest } from '../../../src/images/manifest.ts'
import { PieceSource, piecesOf } from '../../../src/images/push/pieces.ts'
import type { Pushed } from '../../../src/images/push/push.ts'
import { PushProgress, timeLeft } from '../../../src/images/push/push-progress.ts'
import { pushImage } from '../../../src/images/push-image.ts'
import { lookUp, remove } from '../../../src/images/store.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import { renderCommand, sh } from '../../../src/util/sh.ts'
import { atEnd } from '../../support/cleanup.ts'
import { failureOf } from '../../support/failure-of.ts'
import { must, tool } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'
import { tinyManifest } from './tiny-manifest.ts'

// This machine is both ends: real files, real zstd, pieces of 1 MiB. Cuts are made at the connection.
process.env['XDG_CACHE_HOME'] = t.testdir({})
const local = await openLocalHost()
t.teardown(() => local[Symbol.asyncDispose]())

const key = 'b'.repeat(64)
const mib = 2 ** 20
/** Four pieces: noise, a hole, text, and a short one of noise. */
const disk = Buffer.concat([
  randomBytes(mib),
  Buffer.alloc(mib),
  Buffer.alloc(mib, 'the same words again and again, '),
  randomBytes(mib / 2 + 7),
])

/** A store with the image, and where another is to be. */
interface Place {
  from: string
  to: string
  manifest: Manifest
}

function stores(test: Test, initrd = 'initrd\n'): Place {
  const from = join(test.testdir({ images: {}, other: {} }), 'images', key)
  const contents = { 'image.qcow2': disk, vmlinuz: Buffer.from('kernel\n'), initrd: Buffer.from(initrd) }
  const record = (bytes: Buffer) => ({
    size: bytes.length,
    mtime: 1_700_000_000,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
  const files = {
    'image.qcow2': record(contents['image.qcow2']),
    vmlinuz: record(contents.vmlinuz),
    initrd: record(contents.initrd),
  }
  const manifest = tinyManifest({ key, name: 'tiny' }, files, new Date('2026-01-01'))
  mkdirSync(from)
  for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(from, name), bytes)
  writeFileSync(join(from, 'manifest.json'), JSON.stringify(manifest))
  return { from, to: join(from, '../../other/images'), manifest }
}

const push = (place: Place, host: HostAccess = local, onStep = (_text: string) => {}) =>
  pushImage({
    controller: local,
    host,
    manifest: place.manifest,
    from: place.from,
    store: place.to,
    report: { progress: ({ text }) => onStep(text), output: () => {}, note: () => {} },
    pieceMiB: 1,
  })

const lost = () =>
  new FailureError({ reason: 'unreachable', code: 'connection-lost', message: 'the host went away' })
/** The same host, where something happens to the commands that bring pieces: `number` counts them from 1. */
function withPieces(onPiece: (number: number, piece: Uint8Array) => Uint8Array): HostAccess {
  let number = 0
  return {
    ...local,
    run: async (command, options) => {
      if (!(command.stdin instanceof Uint8Array)) return local.run(command, options)
      number += 1
      return local.run({ ...command, stdin: onPiece(number, command.stdin) }, options)
    },
  }
}

/** Over a connection that is gone when so many pieces have arrived. */
function cutAfter(pieces: number): HostAccess {
  return withPieces((number, piece) => {
    if (number > pieces) throw lost()
    return piece
  })
}

const contents = (store: string) => readdirSync(store).filter((name) => name !== '.guard')

async function isWhole(test: Test, { to, manifest }: Place): Promise<void> {
  test.match(await lookUp(local, to, key, { full: true }), { state: 'whole', manifest })
  test.same(contents(to), [key], 'nothing else is left')
}

t.test('an image arrives whole, compressed, with its holes', async (test) => {
  const place = stores(test)
  const texts: string[] = []
  const { sentBytes, foundPieces } = await push(place, local, (text) => texts.push(text))
  await isWhole(test, place)
  test.equal(foundPieces, 0)
  test.ok(sentBytes > 1.5 * mib && sentBytes < 1.6 * mib, `${sentBytes} bytes: the noise and little more`)
  const { blocks } = statSync(join(place.to, key, 'image.qcow2'))
  test.ok(blocks * 512 <= 2.6 * mib, 'the hole takes no room')
  test.match(texts[0], 'copying image tiny')
  await remove(local, place.to, key)
  test.same(contents(place.to), [])
})

t.test('after a cut only what is missing is sent', async (test) => {
  const place = stores(test)
  const whole = await push(place)
  await remove(local, place.to, key)

  test.match(await failureOf(() => push(place, cutAfter(3))), {
    reason: 'unreachable',
    code: 'connection-lost',
  })
  const [folder = ''] = contents(place.to)
  test.match(folder, /^\.b{64}\.[0-9a-f]{16}\.1\.push$/, 'what arrived is kept')
  test.notOk(existsSync(join(place.to, key)), 'and is no image')
  const done = readdirSync(join(place.to, folder, 'done')).length
  test.ok(done >= 2, `${done} pieces`)

  const rest = await push(place)
  await isWhole(test, place)
  test.equal(rest.foundPieces, done)
  test.ok(rest.sentBytes < whole.sentBytes, `${rest.sentBytes} of ${whole.sentBytes} bytes`)
})

t.test('a connection that is lost once is no failure', async (test) => {
  const place = stores(test)
  let cut = false
  const host = withPieces((number, piece) => {
    if (number !== 3) return piece
    cut = true
    throw lost()
  })
  const { foundPieces } = await push(place, host)
  test.ok(cut)
  test.equal(foundPieces, 0, 'of an earlier push')
  await isWhole(test, place)
})

t.test('what is wrong is sent again', async (test) => {
  await test.test('a piece that is damaged in the cache', async (test) => {
    const place = stores(test)
    await push(place)
    await remove(local, place.to, key)
    const digest = place.manifest.files['image.qcow2'].sha256
    const cached = join(process.env['XDG_CACHE_HOME'] ?? '', 'hvlab/images', `${digest}.1`, '0.zst')
    const bytes = readFileSync(cached)
    bytes.fill(0, 1000, 2000)
    writeFileSync(cached, bytes)
    await push(place)
    await isWhole(test, place)
    test.notSame(readFileSync(cached), bytes, 'it was made anew')
  })

  await test.test('a piece that is damaged on the host', async (test) => {
    const place = stores(test)
    await failureOf(() => push(place, cutAfter(3)))
    const [folder = ''] = contents(place.to)
    const done = readdirSync(join(place.to, folder, 'done'))
    test.ok(done.includes('image.qcow2-0'), done.join())
    const half = join(place.to, folder, 'image.qcow2')
    const bytes = readFileSync(half)
    bytes.write('damage', 5)
    writeFileSync(half, bytes)
    await push(place)
    await isWhole(test, place)
  })
})

t.test('a piece of which a part arrives is not written', async (test) => {
  const place = stores(test)
  await push(
    place,
    withPieces((number, piece) => (number === 1 ? piece.subarray(0, mib / 2) : piece)),
  )
  await isWhole(test, place)
  await remove(local, place.to, key)

  const failure = await failureOf(() =>
    push(
      place,
      withPieces((_, piece) => piece.subarray(0, -1)),
    ),
  )
  test.match(failure, {
    code: 'image-push-failed',
    message:
      'image tiny could not be copied to this host: a piece did not arrive as it was sent (SHA-256 differs)',
    hint: 'Run again: what arrived is kept.',
  })
  const [folder = ''] = contents(place.to)
  test.same(readdirSync(join(place.to, folder, 'done')), [])
  test.same(
    readdirSync(join(place.to, folder)).filter((name) => name.startsWith('piece-')),
    [],
  )
  test.equal(statSync(join(place.to, folder, 'image.qcow2')).size, 0)
})

t.test('what stays wrong is no image', async (test) => {
  const place = stores(test, 'an initrd that was not sent before\n')
  writeFileSync(join(place.from, 'initrd'), 'something else')
  test.match(await failureOf(() => push(place)), {
    code: 'image-push-failed',
    message:
      'image tiny could not be copied to this host: initrd did not arrive as it was sent (SHA-256 differs)',
    hint: 'Compare the controller’s copy with its manifest: `hvlab image verify`.',
  })
  test.same(contents(place.to), [], 'nothing is left of it')
})

t.test('two at once to one host', async (test) => {
  const place = stores(test)
  const ends: Pushed[] = await Promise.all([push(place), push(place), push(place)])
  test.equal(ends.length, 3)
  await isWhole(test, place)
})

t.test('what another push leaves behind while one ends is no part of the image', async (test) => {
  const place = stores(test)
  const host: HostAccess = {
    ...local,
    run: async (command, options) => {
      const [folder] = existsSync(place.to) ? contents(place.to).filter((name) => name.endsWith('.push')) : []
      if (folder !== undefined && renderCommand(command).includes('mv -T'))
        writeFileSync(join(place.to, folder, 'piece-vmlinuz-0.other'), 'half of it')
      return local.run(command, options)
    },
  }
  await push(place, host)
  await isWhole(test, place)
  test.same(readdirSync(join(place.to, key)).sort(), ['image.qcow2', 'initrd', 'manifest.json', 'vmlinuz'])
})

t.test('a piece whose cache another push takes away is compressed again', async (test) => {
  const { from, manifest } = stores(test)
  let taken = 0
  const controller: HostAccess = {
    ...local,
    run: async (command, options) => {
      const result = await local.run(command, options)
      if (taken === 0 && result.stdout.endsWith('.zst\n')) {
        taken += 1
        rmSync(dirname(result.stdout.trim()), { recursive: true })
      }
      return result
    },
  }
  const source = new PieceSource(controller, manifest, from, 1)
  const [piece] = piecesOf(manifest.files, 1)
  if (piece === undefined) throw new Error('no piece')
  const { bytes, sha256 } = await source.compressed(piece)
  test.equal(taken, 1)
  test.equal(sha256, createHash('sha256').update(bytes).digest('hex'))
})

const noMounts = process.getuid?.() === 0 ? false : 'only root can mount'

t.test('a host without zstd gets the bytes as they are', { skip: noMounts }, async (test) => {
  const place = stores(test)
  const zstd = must('sh', ['-c', 'command -v zstd']).trim()
  const host: HostAccess = {
    ...local,
    run: (command, options) =>
      local.run(
        {
          ...command,
          ...sh`unshare --mount sh -c ${`mount --bind /dev/null ${zstd} && ${renderCommand(command)}`}`,
        },
        options,
      ),
  }
  const { sentBytes } = await push(place, host)
  test.equal(sentBytes, disk.length + 'kernel\ninitrd\n'.length)
  await isWhole(test, place)
})

t.test('a store without room is said before anything is sent', { skip: noMounts }, async (test) => {
  const place = stores(test)
  place.to = mkdtempSync('/tmp/hvlab-small-')
  atEnd(test, () => rmSync(place.to, { recursive: true }))
  must('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'hvlab-test', place.to])
  atEnd(test, () => void must('umount', [place.to]))
  test.match(await failureOf(() => push(place)), {
    code: 'image-push-no-room',
    message: `image tiny needs 4 MB in ${place.to}, which has 3 MB free`,
    hint: 'Make room there, or set hvlab_store to a folder on a larger disk.',
  })
})

t.test('a disk that is full on the way gets its room back', { skip: noMounts }, async (test) => {
  const place = stores(test)
  place.to = mkdtempSync('/tmp/hvlab-small-')
  atEnd(test, () => rmSync(place.to, { recursive: true }))
  must('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'hvlab-test', place.to])
  atEnd(test, () => void must('umount', [place.to]))
  let pieces = 0
  const host = withPieces((number, piece) => {
    pieces = number
    if (number === 2) tool('sh', ['-c', 'head -c 8M /dev/zero >"$1/of somebody else"', 'sh', place.to])
    return piece
  })
  test.match(await failureOf(() => push(place, host)), {
    code: 'image-push-no-room',
    message: `the disk of ${place.to} was full before image tiny had arrived`,
    hint: 'What had arrived was removed. Make room there, or set hvlab_store to a folder on a larger disk.',
    details: 'No space left on device',
  })
  test.ok(pieces <= 6, `${pieces} pieces: none is tried again`)
  test.same(contents(place.to), ['of somebody else'])
  rmSync(join(place.to, 'of somebody else'))
  await push(place)
  await isWhole(test, place)
})

t.test('how long the rest takes', async (test) => {
  test.equal(timeLeft(0, 100, 5000), undefined)
  test.equal(timeLeft(10, 100, 900), undefined, 'too early to say')
  test.equal(timeLeft(10 * mib, 30 * mib, 2000), '6 s')
  test.equal(timeLeft(1 * mib, 400 * mib, 1000), '7 min')
  test.equal(timeLeft(1 * mib, 40_000 * mib, 1000), '11 h')
})

t.test('the speed is that of the last seconds', async (test) => {
  let now = 0
  const said: string[] = []
  const report = {
    progress: ({ text, done }: { text: string; done?: number }) => said.push(`${text} ${done}`),
  }
  const piece = (index: number) => ({ name: `p${index}`, file: 'image.qcow2' as const, index, sizeBytes: 10 })
  const progress = new PushProgress(report, 'copying', 1000, () => now)
  const at = (seconds: number, work: () => void) => {
    now = seconds * 1000
    work()
    return said.at(-1)
  }
  test.equal(
    at(0, () => progress.found([piece(0)])),
    'copying 10',
  )
  // Another host gets its pieces first; then one piece a second comes from there.
  test.equal(
    at(60, () => progress.arrived(piece(1))),
    'copying 20',
  )
  test.equal(
    at(61, () => progress.arrived(piece(2))),
    'copying, 97 s left: 30',
  )
  for (let second = 62; second < 80; second += 1) at(second, () => progress.arrived(piece(second)))
  test.equal(said.at(-1), 'copying, 79 s left: 210')
  // Ten times as fast, for as long as is looked back.
  for (let tenth = 801; tenth <= 905; tenth += 1) at(tenth / 10, () => progress.moved(piece(tenth), 0.1))
  test.equal(said.at(-1), 'copying, 69 s left: 315')
})
