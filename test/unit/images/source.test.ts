import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type DownloadOptions,
  download,
  downloadPath,
  type Source,
} from '../../../src/images/source/download.ts'
import { extractBoot } from '../../../src/images/source/extract.ts'
import { checkSignature, judge } from '../../../src/images/source/signature.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { failureOf } from '../../support/failure-of.ts'
import { SigningKey } from '../../support/signing-key.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'

const content = Buffer.alloc(300_000, 'an installer ')
const sha256 = createHash('sha256').update(content).digest('hex')

/** A mirror that answers as the test says, and the requests it got as `PATH range if-range`. */
async function mirror(t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers
    requests.push([request.url, range, ifRange].filter(Boolean).join(' '))
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

/** A whole file with ranges and an ETag, as real mirrors have it. */
function serve(data: Buffer, cutAt?: number) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const ranged = from > 0 && [undefined, '"v1"'].includes(request.headers['if-range'] as string | undefined)
    if (ranged && from >= data.length) {
      response.writeHead(416).end()
      return
    }
    const start = ranged ? from : 0
    response.writeHead(ranged ? 206 : 200, {
      etag: '"v1"',
      'content-length': data.length - start,
      ...(ranged ? { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` } : {}),
    })
    const end = cutAt === undefined || start >= cutAt ? data.length : cutAt
    response.write(data.subarray(start, end), () => {
      if (end < data.length) response.destroy()
      else response.end()
    })
  }
}

/** What is refused, as data. */
async function tryDownload(t: Test, source: Source, options: Partial<DownloadOptions> = {}) {
  await using host = await openLocalHost()
  const notes: string[] = []
  const folder = options.folder ?? t.testdir()
  const report = { progress: () => undefined, note: (_level: string, text: string) => notes.push(text) }
  const signal = options.signal ?? new AbortController().signal
  const result = await download(
    host,
    source,
    { folder, signal, instead: '`--iso FILE`. Or take another', ...options },
    report,
  ).catch((error: unknown) => {
    if (error instanceof FailureError) return error.failure
    throw error
  })
  return { result, notes, folder }
}

t.test('a download: mirrors in order, resumed, kept, right or not at all', async (t) => {
  await t.test('a broken connection is continued where it broke off', async (t) => {
    const one = await mirror(t, serve(content, 100_000))
    const { result, notes } = await tryDownload(t, { urls: [`${one.url}/a.iso`], sha256 })
    t.same(readFileSync(result as string), content)
    t.match(one.requests, ['/a.iso', /^\/a\.iso bytes=\d+- "v1"$/])
    t.same(notes, [])
  })

  await t.test(
    'a part of an earlier run is continued, elsewhere too; a second build asks nobody',
    async (t) => {
      const one = await mirror(t, serve(content))
      const source = { urls: [`${one.url}/a.iso`], sha256, size: content.length }
      const folder = t.testdir()
      writeFileSync(`${downloadPath(source, folder)}.part`, content.subarray(0, 1000))
      const first = await tryDownload(t, source, { folder })
      t.same(readFileSync(first.result as string), content)
      t.same(one.requests, ['/a.iso bytes=1000-'])
      await tryDownload(t, source, { folder })
      t.equal(one.requests.length, 1)
      t.notOk(existsSync(`${first.result}.part`))
    },
  )

  await t.test('a part that is of something else is thrown away', async (t) => {
    const one = await mirror(t, serve(content))
    const source = { urls: [`${one.url}/a.iso`], sha256 }
    const folder = t.testdir()
    writeFileSync(`${downloadPath(source, folder)}.part`, Buffer.alloc(400_000, 'x'))
    const { result } = await tryDownload(t, source, { folder })
    t.same(readFileSync(result as string), content)
    t.same(one.requests, ['/a.iso bytes=400000-', '/a.iso'])
  })

  await t.test('a mirror that changed the file sends all of it again', async (t) => {
    const one = await mirror(t, serve(content))
    const source = { urls: [`${one.url}/a.iso`], sha256 }
    const folder = t.testdir()
    writeFileSync(`${downloadPath(source, folder)}.part`, Buffer.alloc(1000, 'x'))
    writeFileSync(
      `${downloadPath(source, folder)}.part.json`,
      JSON.stringify({ url: source.urls[0], validator: '"old"' }),
    )
    const { result } = await tryDownload(t, source, { folder })
    t.same(readFileSync(result as string), content)
    t.same(one.requests, ['/a.iso bytes=1000- "old"'])
  })

  await t.test('a mirror that does not end is left, and its bytes are not kept', async (t) => {
    const endless = await mirror(t, (_request, response) => {
      const more = () => {
        while (response.write(content));
      }
      response.on('drain', more)
      more()
    })
    const good = await mirror(t, serve(content))
    const urls = [`${endless.url}/a.iso`, `${good.url}/a.iso`]
    const { result, notes } = await tryDownload(t, { urls, sha256, size: content.length })
    t.same(readFileSync(result as string), content)
    t.same(notes, [`${urls[0]}: it sends more than the 300000 bytes of the file; trying the next mirror`])
  })

  await t.test('mirrors that have nothing, something else, or are silent: the next; and why', async (t) => {
    const gone = await mirror(t, (_request, response) => response.writeHead(404).end())
    const wrong = await mirror(t, serve(Buffer.alloc(300_000, 'x')))
    const longer = await mirror(t, serve(Buffer.alloc(300_001, 'x')))
    const silent = await mirror(t, () => undefined)
    const good = await mirror(t, serve(content))
    const bad = [gone, wrong, longer, silent].map(({ url }) => `${url}/a.iso`)
    const source = { urls: [...bad, `${good.url}/a.iso`], sha256, size: content.length }
    const { result, notes } = await tryDownload(t, source, { stallMs: 300 })
    t.same(readFileSync(result as string), content)
    const digest = createHash('sha256').update(Buffer.alloc(300_000, 'x')).digest('hex')
    t.same(notes, [
      `${bad[0]}: it answers 404 Not Found; trying the next mirror`,
      `${bad[1]}: it has another file under this name (SHA-256 ${digest}); trying the next mirror`,
      `${bad[2]}: it has another file under this name (300001 bytes); trying the next mirror`,
      `${bad[3]}: it sent nothing for 0.3 s; trying the next mirror`,
    ])

    const closed = 'http://127.0.0.1:2/a.iso'
    const failed = await tryDownload(t, { urls: [bad[0] ?? '', closed], sha256 })
    t.same(failed.result, {
      reason: 'module',
      code: 'image-download-failed',
      message: 'a.iso could not be downloaded from any of 2 mirrors',
      hint: `Check the network, or download the file yourself (SHA-256 ${sha256}) and give it: \`--iso FILE\`. Or take another. What was downloaded so far is kept.`,
      details: `${bad[0]}: it answers 404 Not Found\n${closed}: it refuses connections`,
    })
  })

  await t.test('two builds at once make one download', async (t) => {
    const one = await mirror(t, (request, response) =>
      setTimeout(() => serve(content)(request, response), 200),
    )
    const source = { urls: [`${one.url}/a.iso`], sha256 }
    const folder = t.testdir()
    const both = await Promise.all([tryDownload(t, source, { folder }), tryDownload(t, source, { folder })])
    t.same(new Set(both.map(({ result }) => result)).size, 1)
    t.same(one.requests, ['/a.iso'])
  })

  await t.test('an interruption keeps the part and is no failure of the mirror', async (t) => {
    const control = new AbortController()
    const one = await mirror(t, (_request, response) => {
      response.writeHead(200, { 'content-length': content.length })
      response.write(content.subarray(0, 5000), () => setTimeout(() => control.abort(new Error('stop')), 100))
    })
    const source = { urls: [`${one.url}/a.iso`], sha256 }
    const folder = t.testdir()
    await t.rejects(tryDownload(t, source, { folder, signal: control.signal }), { message: 'stop' })
    t.equal(readFileSync(`${downloadPath(source, folder)}.part`).length, 5000)
  })
})

t.test('the publisher’s signature', async (t) => {
  const fingerprint = '843938DF228D22F7B3742BC0D94AA3F0EFE21092'
  const signed = { urls: [], fileName: 'a.iso', sha256, fingerprint }
  const valid = (key: string, primary: string) =>
    `[GNUPG:] NEWSIG\n[GNUPG:] VALIDSIG ${key} 2023-03-22 1679500000 0 4 0 1 10 00 ${primary}\n`
  const other = 'F'.repeat(40)
  const hint =
    'Compare image.yml with what the publisher says of this release; if they agree, somebody changes what this machine downloads.'
  const cases: [name: string, status: string, sums: string, expected: unknown][] = [
    ['by the key', valid(fingerprint, fingerprint), `${sha256} *a.iso\n`, { verified: true, fingerprint }],
    ['by a subkey of it', valid(other, fingerprint), `${sha256}  a.iso\n`, { verified: true, fingerprint }],
    [
      'nobody has the key',
      `[GNUPG:] ERRSIG D94AA3F0EFE21092 1 10 00 1679500000 9\n[GNUPG:] NO_PUBKEY D94AA3F0EFE21092\n`,
      '',
      { verified: false, why: `the key ${fingerprint} is not on this machine` },
    ],
    ['bad', '[GNUPG:] BADSIG D94AA3F0EFE21092 x\n', '', 'the signature of SHA256SUMS is bad'],
    [
      'by another key',
      valid(other, other),
      `${sha256} *a.iso\n`,
      `SHA256SUMS is signed by ${other}, not by the key that image.yml pins`,
    ],
    [
      'of another digest',
      valid(fingerprint, fingerprint),
      `${'0'.repeat(64)} *a.iso\n`,
      `the signed SHA256SUMS gives a.iso another digest, ${'0'.repeat(64)}`,
    ],
    [
      'of other files',
      valid(fingerprint, fingerprint),
      `${sha256} *b.iso\n`,
      'the signed SHA256SUMS does not list a.iso',
    ],
  ]
  for (const [name, status, sums, expected] of cases) {
    if (typeof expected === 'string') {
      const { code, message, hint: shown } = (await failureOf(() => judge(signed, status, sums, ''))) ?? {}
      t.same(
        { code, message, hint: shown },
        { code: 'image-signature-bad', message: `a.iso is not trusted: ${expected}`, hint },
        name,
      )
    } else t.same(judge(signed, status, sums, ''), expected, name)
  }
})

t.test('kernel and initrd come out of an ISO without root', async (t) => {
  await using host = await openLocalHost()
  const folder = t.testdir()
  const tree = join(folder, 'tree', 'casper')
  mkdirSync(tree, { recursive: true })
  const kernel = Buffer.alloc(2048)
  kernel.write('HdrS', 514)
  writeFileSync(join(tree, 'vmlinuz'), kernel)
  writeFileSync(join(tree, 'initrd'), 'an initrd')
  const iso = join(folder, 'a.iso')
  must('xorriso', ['-as', 'mkisofs', '-quiet', '-r', '-o', iso, join(folder, 'tree')])
  const paths = { kernel: '/casper/vmlinuz', initrd: '/casper/initrd' }
  await extractBoot(host, iso, paths, folder)
  t.same(readFileSync(join(folder, 'vmlinuz')), kernel)
  t.equal(readFileSync(join(folder, 'initrd'), 'utf8'), 'an initrd')
  rmSync(join(folder, 'vmlinuz'))
  const failure = await failureOf(() =>
    extractBoot(host, iso, { ...paths, kernel: '/install/vmlinuz' }, folder),
  )
  t.equal(failure?.code, 'image-not-an-installer')
  t.equal(
    failure?.message,
    `${iso} is not an installer that hvlab can start: it has no kernel /install/vmlinuz with initrd /casper/initrd`,
  )
  t.match(failure?.details, '/install/vmlinuz')
})

t.test('a signature is checked by gpgv with the keyring that the image names', async (t) => {
  await using host = await openLocalHost()
  const folder = t.testdir()
  const key = new SigningKey(t)
  const { fingerprint, keyring } = key
  writeFileSync(join(folder, 'SHA256SUMS'), `${sha256} *a.iso\n`)
  key.sign(join(folder, 'SHA256SUMS'))
  const files = await mirror(t, (request, response) => {
    const path = join(folder, request.url?.replace(/^\/good/, '') ?? '')
    if (request.url?.startsWith('/good/') && existsSync(path)) response.end(readFileSync(path))
    else response.writeHead(404).end()
  })
  const signed = {
    urls: [`${files.url}/gone/SHA256SUMS`, `${files.url}/good/SHA256SUMS`],
    fileName: 'a.iso',
    sha256,
  }
  const { signal } = new AbortController()
  const check = (more: { fingerprint: string; keyring?: string; urls?: string[] }) =>
    checkSignature(host, { ...signed, ...more }, signal)

  t.same(await check({ fingerprint, keyring }), { verified: true, fingerprint })
  t.match(
    (await failureOf(() => check({ fingerprint: 'F'.repeat(40), keyring })))?.message,
    `signed by ${fingerprint}`,
  )
  t.same(await check({ fingerprint, keyring, urls: signed.urls.slice(0, 1) }), {
    verified: false,
    why: `the signed list of digests could not be downloaded (${signed.urls[0]}: it answers 404 Not Found)`,
  })
  writeFileSync(join(folder, 'SHA256SUMS'), `${'0'.repeat(64)} *a.iso\n`)
  t.equal(
    (await failureOf(() => check({ fingerprint, keyring })))?.message,
    'a.iso is not trusted: the signature of SHA256SUMS is bad',
  )
})
