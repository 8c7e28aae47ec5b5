import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { downloadFolder } from '../../images/source/obtain.ts'
import { guestsOn, remove } from '../../images/store.ts'
import { ExitCode } from '../../model/exit-code.ts'
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

export interface PruneOptions extends StoreOptions {
  readonly check: boolean
  readonly downloads: boolean
}

/** `hvlab image prune`: removes what neither images/ nor a guest refers to, nor an image of images/ stands on. */
export async function imagePruneCommand(options: PruneOptions, env: CommandEnvironment): Promise<number> {
  const { store, check } = options
  const images = currentImages(env.cwd)
  const current = new Set([...images.values()].map((image) => image?.key))
  const bases = currentBases(images)
  await using host = await openThisMachine(env)
  const gone = []
  const kept = []
  for (const { key, folder, manifest } of storedImages(store)) {
    if (manifest !== undefined && (current.has(key) || bases.has(key))) continue
    const size = folderSize(folder)
    const guests = check ? await guestsOn(host, store, key) : await remove(host, store, key)
    const entry = { name: manifest?.name ?? '?', key, size, guests }
    if (guests.length > 0) kept.push(entry)
    else gone.push(entry)
  }
  const downloads = options.downloads ? removeDownloads(check) : []
  if (printData({ store, removed: gone, kept, downloads }, options, env)) return ExitCode.ok
  const verb = check ? 'would remove' : 'removed'
  for (const { name, key, size } of gone)
    env.stdout(`${verb} ${name} ${key.slice(0, 12)} (${megabytes(size)})\n`)
  for (const { name, key, guests } of kept)
    env.stdout(`kept ${name} ${key.slice(0, 12)}: the disks of ${guests.join(', ')} stand on it\n`)
  for (const { path, size } of downloads) env.stdout(`${verb} ${path} (${megabytes(size)})\n`)
  if (gone.length + downloads.length === 0) env.stdout(`nothing to remove in ${store}\n`)
  return ExitCode.ok
}

function removeDownloads(check: boolean): { path: string; size: number }[] {
  const folder = downloadFolder()
  if (!existsSync(folder)) return []
  // Names with a dot in front are locks of downloads under way.
  const files = readdirSync(folder).filter((name) => !name.startsWith('.'))
  const removed = files.map((name) => ({ path: join(folder, name), size: statSync(join(folder, name)).size }))
  if (!check) for (const { path } of removed) rmSync(path)
  return removed.filter(({ path }) => !path.endsWith('.json'))
}

function folderSize(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}
