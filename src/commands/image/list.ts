import { guestsOn } from '../../images/store.ts'
import { ExitCode } from '../../model/exit-code.ts'
import { textTable } from '../../util/text-table.ts'
import type { CommandEnvironment } from '../environment.ts'
import {
  currentKeys,
  megabytes,
  openThisMachine,
  printData,
  type StoreOptions,
  storedImages,
} from './store-images.ts'

/** `hvlab image list`: every image of images/ and every entry of the store, one line each. */
export async function imageListCommand(options: StoreOptions, env: CommandEnvironment): Promise<number> {
  const current = currentKeys(env.cwd)
  await using host = await openThisMachine()
  const stored = storedImages(options.store)
  const rows = await Promise.all(
    stored.map(async ({ key, manifest }) => ({
      name: manifest?.name ?? '?',
      key,
      state: manifest === undefined ? 'damaged' : current.get(manifest.name) === key ? 'current' : 'older',
      size: manifest?.files['image.qcow2'].size ?? null,
      built_at: manifest?.built_at ?? null,
      guests: await guestsOn(host, options.store, key),
    })),
  )
  const absent = [...current]
    .filter(([, key]) => !stored.some((entry) => entry.key === key))
    .map(([name, key]) => ({
      name,
      key,
      state: key === null ? 'mistakes in image.yml' : 'not built',
      size: null,
      built_at: null,
      guests: [],
    }))
  const all = [...rows, ...absent].toSorted((a, b) => a.name.localeCompare(b.name))
  if (printData({ store: options.store, images: all }, options, env)) return ExitCode.ok
  const lines = textTable(
    ['image', 'state', 'size', 'built', 'key', 'guests'],
    all.map(({ name, state, size, built_at: built, key, guests }) => [
      name,
      state,
      size === null ? '' : megabytes(size),
      built?.slice(0, 16).replace('T', ' ') ?? '',
      key?.slice(0, 12) ?? '',
      guests.join(' '),
    ]),
    'words',
  )
  env.stdout(`${lines.join('\n')}\n`)
  return ExitCode.ok
}
