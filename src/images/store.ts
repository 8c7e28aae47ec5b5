import { lines } from '../facts/text.ts'
import type { Command } from '../model/command.ts'
import type { HostAccess } from '../model/host-access.ts'
import { sh } from '../util/sh.ts'
import { defineSha256 } from '../util/sha256.ts'
import { imageFiles, type Manifest, parseManifest } from './manifest.ts'
import { storeNotWritable } from './store-errors.ts'

/** What is under a key in a store. */
export type StoreEntry =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'whole'; readonly manifest: Manifest; readonly folder: string }

/**
 * Looks a key up. Quick by default: sizes and modification times as the manifest says. Where only a time differs
 * (a restored backup), or with `full`, the digests decide.
 */
export async function lookUp(
  host: HostAccess,
  store: string,
  key: string,
  options: { readonly full?: boolean } = {},
): Promise<StoreEntry> {
  const folder = `${store}/${key}`
  const result = await host.run(
    sh`(cd ${folder} 2>/dev/null || exit 3; stat -L -c '%n %s %Y' ${imageFiles} 2>/dev/null; echo; cat manifest.json)`,
  )
  if (result.exitCode === 3) return { state: 'absent' }
  const end = result.stdout.indexOf('\n\n')
  const manifest = parseManifest(result.stdout.slice(Math.max(end, 0)))
  if (manifest === undefined || manifest.key !== key) {
    return { state: 'damaged', why: 'its manifest is missing or not readable' }
  }
  const found = new Map(
    result.stdout
      .slice(0, Math.max(end, 0))
      .split('\n')
      .map((line) => line.split(' '))
      .map(([name, size, mtime]) => [name, { size: Number(size), mtime: Number(mtime) }]),
  )
  let sameTimes = true
  for (const name of imageFiles) {
    const there = found.get(name)
    const expected = manifest.files[name]
    if (there === undefined) return { state: 'damaged', why: `${name} is missing` }
    if (there.size !== expected.size) {
      return { state: 'damaged', why: `${name} has ${there.size} bytes instead of ${expected.size}` }
    }
    if (there.mtime !== expected.mtime) sameTimes = false
  }
  if (sameTimes && options.full !== true) return { state: 'whole', manifest, folder }
  return compareDigests(host, folder, manifest)
}

/** Digests every file; sets modification times back to the manifest's where the content is right. */
async function compareDigests(host: HostAccess, folder: string, manifest: Manifest): Promise<StoreEntry> {
  const digests = await fileDigests(host, folder)
  for (const name of imageFiles) {
    if (digests.get(name) !== manifest.files[name].sha256) {
      return { state: 'damaged', why: `the content of ${name} is not what was built (SHA-256 differs)` }
    }
  }
  await setTimes(host, folder, manifest)
  return { state: 'whole', manifest, folder }
}

/** SHA-256 of the files of an image, by name. */
export async function fileDigests(host: HostAccess, folder: string): Promise<Map<string, string>> {
  const result = await host.run(sh`(cd ${folder} || exit
${defineSha256()}for file in ${imageFiles}; do echo "$(sha256 <$file | cut -c 1-64) $file"; done)`)
  const lines = result.stdout.split('\n').filter((line) => /^[0-9a-f]{64} /.test(line))
  return new Map(lines.map((line) => [line.slice(65), line.slice(0, 64)]))
}

/** What a manifest says of the files of a finished image in a folder. */
export async function fileRecords(host: HostAccess, folder: string): Promise<Manifest['files']> {
  const digests = await fileDigests(host, folder)
  const { stdout } = await host.run(sh`(cd ${folder} && stat -c '%n %s %Y' ${imageFiles})`)
  const lines = stdout.split('\n').map((line) => line.split(' '))
  const record = (wanted: string): Manifest['files']['vmlinuz'] => {
    const [, size, mtime] = lines.find(([name]) => name === wanted) ?? []
    return { size: Number(size), mtime: Number(mtime), sha256: digests.get(wanted) ?? '' }
  }
  return { 'image.qcow2': record('image.qcow2'), vmlinuz: record('vmlinuz'), initrd: record('initrd') }
}

/** Modification times as recorded, which the quick check compares. */
export async function setTimes(host: HostAccess, folder: string, manifest: Manifest): Promise<void> {
  const touched = imageFiles.map(
    (name) => sh`touch -c -d ${`@${manifest.files[name].mtime}`} ${folder}/${name} 2>/dev/null`,
  )
  await host.run(touched.reduce((all, touch) => sh`${all}; ${touch}`))
}

/**
 * Makes the files of a finished folder the image under its key: contents are on disk before the name is, and readers see the
 * old image or the new one, never a part. What else lies in the folder goes with it: another push may still write there. A folder
 * that stands in the way is moved aside and removed.
 */
export async function publish(
  host: HostAccess,
  store: string,
  key: string,
  workFolder: string,
): Promise<{ ok: boolean; why: string }> {
  const files = [...imageFiles, 'manifest.json']
  const result = await host.run(sh`(
    set -e
    exec 9>${store}/.guard
    flock 9
    cd ${workFolder}
    chmod 644 ${files}
    sync ${files}
    rm -rf --one-file-system ${`${store}/.${key}.new.tmp`} ${`${store}/.${key}.old.tmp`}
    mkdir -m 755 ${`${store}/.${key}.new.tmp`}
    mv ${files} ${`${store}/.${key}.new.tmp`}
    cd ${store}
    sync ${`.${key}.new.tmp`}
    if [ -e ${key} ]; then
      mkdir ${`.${key}.old.tmp`}
      mv -T ${key} ${`.${key}.old.tmp/image`}
    fi
    mv -T ${`.${key}.new.tmp`} ${key}
    sync .
    rm -rf --one-file-system ${`.${key}.old.tmp`} ${workFolder} || :
  )`)
  return { ok: result.exitCode === 0, why: result.stderr.trim() }
}

/**
 * Guests of this host whose disk stands on the image, or on any of the store: the backing file's path is in the head of their
 * overlay. They are named as their domains are.
 */
export async function guestsOn(
  host: Pick<HostAccess, 'run'>,
  store: string,
  key?: string,
): Promise<string[]> {
  return lines((await host.run(listGuestsOn(store, key ?? `${store}/`))).stdout)
}

function listGuestsOn(store: string, words: string): Command {
  const guests = `${store.replace(/\/[^/]*$/, '')}/guests`
  return sh`(
    for folder in ${guests}/*/; do
      for disk in "$folder"*.qcow2; do
        [ -f "$disk" ] || continue
        if head -c 65536 "$disk" | grep -aqF ${words}; then basename "$folder"; break; fi
      done
    done
  )`
}

/**
 * Takes the image's name away first, so that an interrupted removal leaves nothing that looks like an image; then no disk can be made on
 * it any more. Guests whose disks were made meanwhile have it back, and are returned. Throws `image-store-not-writable`.
 */
export async function remove(host: HostAccess, store: string, key: string): Promise<string[]> {
  const aside = `.${key}.removed.tmp`
  const { exitCode, stdout, stderr } = await host.run(sh`(
    exec 9>${store}/.guard && flock 9 && cd ${store} || exit 1
    rm -rf --one-file-system ${aside}
    [ -e ${key} ] || exit 0
    mkdir ${aside} && mv -T ${key} ${aside}/image || exit 1
    guests=$( ${listGuestsOn(store, key)} )
    [ -z "$guests" ] || { printf '%s\\n' "$guests"; mv -T ${aside}/image ${key}; }
    rm -rf --one-file-system ${aside}
  )`)
  if (exitCode !== 0) throw storeNotWritable(store, stderr)
  return lines(stdout)
}
