import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { CloudImage } from '../../../src/images/image.ts'
import { publishedDisk } from '../../../src/images/layer/base-disk.ts'
import { FailureError } from '../../../src/model/failure.ts'
import { must } from '../../support/tool.ts'
import { openLocalHost } from './local-host.ts'

t.test('a published disk that no image can stand on', async (t) => {
  const folder = t.testdir()
  const make = (name: string, ...words: readonly string[]) => {
    must('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      ...words.slice(0, -1),
      join(folder, name),
      ...words.slice(-1),
    ])
  }
  writeFileSync(join(folder, 'text.img'), 'not found\n'.repeat(100))
  make('good.img', '1G')
  make('large.img', '2049M')
  make('overlay.img', '-b', join(folder, 'good.img'), '-F', 'qcow2', '1G')
  make('outside.img', '-o', `data_file=${join(folder, 'data.raw')}`, '1G')
  make('torn.img', '1G')
  const torn = readFileSync(join(folder, 'torn.img'))
  writeFileSync(join(folder, 'torn.img'), torn.fill(0xff, 0x10000, 0x10100))

  const cases: [name: string, code: string, message: string][] = [
    ['text.img', 'image-base-unfit', 'it is not a qcow2'],
    ['overlay.img', 'image-base-unfit', 'a part of it is in another file'],
    ['outside.img', 'image-base-unfit', 'a part of it is in another file'],
    ['large.img', 'image-base-unfit', 'its disk has 3 GiB, image.yml asks for 2 (disk: size_gb)'],
    ['torn.img', 'image-build-failed', 'the published disk is not sound'],
    ['good.img', 'image-check-failed', 'nothing is installed on the disk: it has no partition table'],
  ]
  await using host = await openLocalHost()
  for (const [name, code, message] of cases) {
    const work = join(folder, `work-${name}`)
    mkdirSync(work)
    const failure = await obtain(name, work).catch((error: unknown) => {
      if (!(error instanceof FailureError)) throw error
      return error.failure
    })
    t.match(
      failure,
      {
        code,
        message: code === 'image-base-unfit' ? `${name} cannot be the base of an image: ${message}` : message,
      },
      name,
    )
  }

  function obtain(name: string, work: string) {
    const iso = join(folder, name)
    const sha256 = createHash('sha256').update(readFileSync(iso)).digest('hex')
    const file = {
      source: { urls: [`http://127.0.0.1:9/${name}`], sha256 },
      boot: { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img', cmdline: 'root=/dev/vda1' },
      disk: { size_gb: 2 },
    }
    const report = { progress: () => undefined, note: () => undefined, output: () => undefined }
    const { signal } = new AbortController()
    return publishedDisk(host, { file, folder } as CloudImage, work, { iso, signal }, report)
  }
})
