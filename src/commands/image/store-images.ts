import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openConnection } from '../../connections/open.ts'
import { baseOf, type Image, isPackerImage, readImage } from '../../images/image.ts'
import { type Manifest, parseManifest } from '../../images/manifest.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { searchPathOf } from '../../plan/search-path.ts'
import { defined } from '../../util/defined.ts'
import { suggestion } from '../../util/did-you-mean.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'

export interface StoreOptions {
  readonly store: string
  readonly format: RunOptions['format']
}

/** An entry of the store of this machine. */
export interface StoredImage {
  readonly key: string
  readonly folder: string
  /** Undefined where it is missing or not readable: then the entry is damaged. */
  readonly manifest: Manifest | undefined
}

export function storedImages(store: string): StoredImage[] {
  if (!existsSync(store)) return []
  return readdirSync(store)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((key) => {
      const folder = join(store, key)
      const file = join(folder, 'manifest.json')
      return {
        key,
        folder,
        manifest: existsSync(file) ? parseManifest(readFileSync(file, 'utf8')) : undefined,
      }
    })
    .toSorted((a, b) => order(a).localeCompare(order(b)))
}

/** By name, then the newest first. */
function order({ manifest, key }: StoredImage): string {
  const age = manifest === undefined ? 0 : 1e15 - Date.parse(manifest.built_at)
  return `${manifest?.name ?? '~'} ${String(age).padStart(16, '0')} ${key}`
}

/** The images of images/ (the lab's, then the package's) as they are now, by name; null where image.yml has mistakes. */
export function currentImages(cwd: string): Map<string, Image | null> {
  const images = new Map<string, Image | null>()
  for (const folder of searchPathOf(resolve(cwd)).map((place) => join(place, 'images'))) {
    if (!existsSync(folder)) continue
    for (const name of readdirSync(folder).toSorted()) {
      const path = join(folder, name, 'image.yml')
      if (images.has(name) || !existsSync(path)) continue
      const image = readImage(name, path)
      images.set(name, image.ok ? image.value : null)
    }
  }
  return images
}

/** Keys of what the images of images/ stand on: a change of their packages is built above them. */
export function currentBases(images: ReadonlyMap<string, Image | null>): Set<string> {
  const bases = [...images.values()].map((image) =>
    image !== null && isPackerImage(image) ? baseOf(image)?.key : undefined,
  )
  return new Set(bases.filter((key) => key !== undefined))
}

/** An image by name (its current build, else the newest) or by the start of its key. Throws `image-unknown`. */
export function findStored(wanted: string, store: string, cwd: string): StoredImage & { manifest: Manifest } {
  const whole = storedImages(store).flatMap((entry) =>
    entry.manifest === undefined ? [] : [{ ...entry, manifest: entry.manifest }],
  )
  const named = whole.filter(({ manifest }) => manifest.name === wanted)
  const byKey = /^[0-9a-f]{6,64}$/.test(wanted) ? whole.filter(({ key }) => key.startsWith(wanted)) : []
  const images = currentImages(cwd)
  const current = images.get(wanted)?.key
  const found = whole.find(({ key }) => key === current) ?? named[0] ?? byKey[0]
  if (found !== undefined) return found
  const known = [...new Set(whole.map(({ manifest }) => manifest.name))]
  throw new FailureError({
    reason: 'config',
    code: 'image-unknown',
    message: `there is no image ${wanted} in ${store}`,
    hint: images.has(wanted)
      ? `It was not built yet: \`hvlab image build ${wanted}\`.`
      : (suggestion(wanted, [...known, ...images.keys()]) ??
        (known.length === 0
          ? 'The store is empty; `hvlab image build NAME` fills it.'
          : `There are: ${known.join(', ')}.`)),
  })
}

/** This machine, for commands that need no engine. What runs there ends with the command, also by Ctrl-C. */
export async function openThisMachine(
  env: Pick<CommandEnvironment, 'onSignal'>,
): Promise<HostAccess & AsyncDisposable> {
  const stop = new AbortController()
  const listening = env.onSignal(() => stop.abort())
  const connection = await openConnection({ kind: 'local', host: 'localhost', shellPath: '/bin/sh' })
  return {
    async run(command, options) {
      const { onOutput, onSent } = options ?? {}
      try {
        return await connection.run(command, defined({ signal: stop.signal, onOutput, onSent }))
      } catch (error) {
        if (!stop.signal.aborted) throw error
        // Which command it was is nobody's question.
        throw new FailureError({ reason: 'cancelled', code: 'cancelled', message: 'It was interrupted.' })
      }
    },
    fact: async (fact, ...args) => fact.parse(await connection.run(fact.command(...args)), ...args),
    freshFact: async (fact, ...args) => fact.parse(await connection.run(fact.command(...args)), ...args),
    put: (content, path, options) => connection.put(content, path, options),
    get: (path) => connection.get(path),
    connection: async () => connection,
    async [Symbol.asyncDispose]() {
      listening[Symbol.dispose]()
      await connection.close()
    },
  }
}

/** Bytes for people: `412 MB`. */
export function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
