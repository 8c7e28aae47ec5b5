import { guestsOn } from '../../images/store.ts'
import { ExitCode } from '../../model/exit-code.ts'
import { textTable } from '../../util/text-table.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import {
  currentBases,
  currentImages,
  megabytes,
  openThisMachine,
  type StoreOptions,
  storedImages,
} from './store-images.ts'

/** `hvlab image list`: every image of images/ and every entry of the store, one line each. */
export async function imageListCommand(options: StoreOptions, env: CommandEnvironment): Promise<number> {
  const images = currentImages(env.cwd)
  const current = new Map([...images].map(([name, image]) => [name, image?.key ?? null]))
  const bases = currentBases(images)
  await using host = await openThisMachine(env)
  const stored = storedImages(options.store)
  const rows = await Promise.all(
    stored.map(async ({ key, manifest }) => ({
      name: manifest?.name ?? '?',
      key,
      state: stateOf(manifest?.name, key, current, bases),
      size: manifest?.files['image.qcow2'].size ?? null,
      built_at: manifest?.built_at ?? null,
      guests: await guestsOn(host, options.store, key),
    })),
  )
  const absent = [...current]
    .map(([name, key]) => ({ name, key, as: stored.find((entry) => entry.key === key)?.manifest?.name }))
    .filter(({ name, as }) => as !== name)
    .map(({ name, key, as }) => ({
      name,
      key,
      state: key === null ? 'mistakes in image.yml' : as === undefined ? 'not built' : `the same as ${as}`,
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

/** `base`: an image of images/ has packages above it. */
function stateOf(
  name: string | undefined,
  key: string,
  current: ReadonlyMap<string, string | null>,
  bases: ReadonlySet<string>,
): 'damaged' | 'current' | 'base' | 'older' {
  if (name === undefined) return 'damaged'
  if (current.get(name) === key) return 'current'
  return bases.has(key) ? 'base' : 'older'
}
