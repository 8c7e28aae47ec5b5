import { createHash, randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { script, sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import {
  type Attributes,
  attributeChanges,
  attributesDiffer,
  ownership,
  statResult,
  wantedMode,
} from './attributes.ts'
import { contentDiff } from './content-diff.ts'
import { octal } from './mode.ts'

/** A file as a task wants it: content, mode and owner. */
export interface WantedFile {
  /** Where readers find it; links on the way are resolved by the caller. */
  readonly path: string
  readonly content: Content
  readonly attributes: Attributes
  /** Keep the old content beside it first. */
  readonly backup?: boolean
  /** A command with `%s` for the new file, which must accept it before it takes its place. */
  readonly validate?: string | undefined
  /** The folder was made by an earlier change of the same task, so it needs no look. */
  readonly inNewFolder?: boolean
}

/** Bytes, or a file on the controller that is streamed and never wholly in memory. */
export type Content =
  | Uint8Array
  | { readonly file: string; readonly sha1: string; readonly sizeBytes: number }

/** Files up to this size are read back for a diff. */
const diffLimitBytes = 1024 * 1024

export interface Written {
  readonly changed: boolean
  /** Ansible's keys about the file as it is now, or as it would be. */
  readonly data: Vars
}

/** Makes a file what is wanted: nothing when it is, attributes alone when only they differ, else an atomic replacement. */
export async function* writeFile(
  context: ModuleContext,
  wanted: WantedFile,
  current: FileStat | null,
): Steps<Written> {
  const { path, content, attributes } = wanted
  const checksum = contentSha1(content)
  if (current !== null && current.kind !== 'file') {
    throw moduleFailure(
      'not-a-file',
      `${path} is ${named(current.kind)}, not a file`,
      'name a file in it, or another path',
    )
  }
  if (current?.checksum === checksum) {
    const changed = attributesDiffer(current, attributes)
    yield* attributeChanges(path, current, attributes)
    return { changed, data: await resultOf(context, path, checksum, changed, { ...current }) }
  }
  if (current === null && !wanted.inNewFolder) await requireFolder(context, path)
  const bits = wantedMode(attributes.mode, current)
  const backupFile = current !== null && wanted.backup ? backupName(path) : undefined
  if (backupFile !== undefined) {
    yield { summary: `back up ${path}`, action: sh`cp -p -- ${path} ${backupFile}` }
  }
  const options = {
    mode: bits,
    ...owner('owner', attributes.owner, current?.uid),
    ...owner('group', attributes.group, current?.gid),
  }
  const upload = content instanceof Uint8Array ? content : { file: content.file }
  const diff = await diffOf(context, path, content, current)
  const applied = yield {
    summary: `${current === null ? 'create' : 'change'} ${path}`,
    ...(diff === undefined ? {} : { diff }),
    action:
      wanted.validate === undefined
        ? { upload, path, options }
        : () => putValidated(context, upload, path, options, wanted.validate ?? ''),
  }
  const data = await resultOf(context, path, checksum, applied.applied, {
    mode: bits,
    sizeBytes: content instanceof Uint8Array ? content.length : content.sizeBytes,
  })
  return { changed: true, data: backupFile === undefined ? data : { ...data, backup_file: backupFile } }
}

export function contentSha1(content: Content): string {
  return content instanceof Uint8Array ? createHash('sha1').update(content).digest('hex') : content.sha1
}

/** Explicit owner, else the one that the replaced file has. */
function owner(key: 'owner' | 'group', asked: string | undefined, current: number | undefined) {
  const value = asked ?? (current === undefined ? undefined : String(current))
  return value === undefined ? {} : { [key]: value }
}

async function diffOf(context: ModuleContext, path: string, content: Content, current: FileStat | null) {
  if (!context.diff || !(content instanceof Uint8Array)) return undefined
  if (current !== null && current.sizeBytes > diffLimitBytes) return undefined
  return contentDiff(path, current === null ? null : await context.get(path), content)
}

/** After a change the host says what the file is; a predicted one is described from what is known. */
async function resultOf(
  context: ModuleContext,
  path: string,
  checksum: string,
  applied: boolean,
  known: Partial<FileStat>,
): Promise<Vars> {
  const now = applied ? await context.freshFact(fileStat, path) : null
  if (now !== null) return { dest: path, checksum, ...statResult(now) }
  return {
    dest: path,
    checksum,
    state: 'file',
    ...(known.mode === undefined ? {} : { mode: octal(known.mode) }),
    ...(known.sizeBytes === undefined ? {} : { size: known.sizeBytes }),
    ...(known.owner === undefined ? {} : { owner: known.owner, uid: known.uid ?? 0 }),
    ...(known.group === undefined ? {} : { group: known.group, gid: known.gid ?? 0 }),
  }
}

/** In a check run an earlier task may be about to make the folder, so there it is not asked for. */
export async function requireFolder(context: ModuleContext, path: string): Promise<void> {
  if (context.check) return
  const folder = dirname(path)
  const found = await context.freshFact(fileStat, folder, { follow: true })
  if (found?.kind === 'directory') return
  throw moduleFailure(
    'folder-missing',
    found === null ? `the folder ${folder} does not exist` : `${folder} is not a folder`,
    'make it first with the file module, state: directory',
  )
}

/** Ansible's form: name, a number, date and time. */
export function backupName(path: string, now = new Date()): string {
  const stamp = now.toISOString().replace('T', '@').slice(0, 19)
  return `${path}.${process.pid}.${stamp}~`
}

/** A hidden name in the same folder, so that the final rename stays within one file system. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path).slice(0, 100)}.hvlab-${randomBytes(6).toString('hex')}`)
}

async function putValidated(
  context: ModuleContext,
  upload: Uint8Array | { readonly file: string },
  path: string,
  options: { mode: number; owner?: string; group?: string },
  validate: string,
): Promise<void> {
  if (!validate.includes('%s')) {
    throw moduleFailure(
      'validate-without-file',
      `validate must have %s where the file's name goes: ${validate}`,
    )
  }
  const temporary = temporaryName(path)
  await orWithout(context, temporary, async () => {
    await context.put(upload, temporary, options)
    const [before = '', ...after] = validate.split('%s')
    const command = after.reduce(
      (built, part) => sh`${built}${temporary}${script(part)}`,
      sh`${script(before)}`,
    )
    const result = await context.run(command)
    if (result.exitCode !== 0)
      throw moduleFailure(
        'validate-failed',
        `${path} was not changed: "${validate}" refused the new content with exit code ${result.exitCode}`,
        'correct the content, or the validate command',
        lastLines(result.stderr || result.stdout),
      )
    const moved = await context.run(sh`mv -f -- ${temporary} ${path}`)
    if (moved.exitCode !== 0)
      throw moduleFailure('file-not-written', `${path} could not be replaced: ${moved.stderr.trim()}`)
  })
}

/** Does the work with a temporary file, which goes when the work fails or is interrupted. */
export async function orWithout<T>(
  context: ModuleContext,
  temporary: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    await context.run(sh`rm -f -- ${temporary}`, { cleanUp: true })
    throw error
  }
}

/** Gives a temporary file mode and owner, asked for or those of the old file, then the name; it goes when that fails. */
export function publish(
  temporary: string,
  path: string,
  { mode, owner, group }: Attributes,
  current: FileStat | null,
): Command {
  const names = ownership(owner ?? current?.uid.toString(), group ?? current?.gid.toString())
  const chown = names === '' ? sh`:` : sh`chown -h -- ${names} ${temporary}`
  return sh`${chown} && chmod ${octal(wantedMode(mode, current))} -- ${temporary} && mv -Tf -- ${temporary} ${path} || { s=$?; rm -f -- ${temporary}; exit $s; }`
}

export function named(kind: FileStat['kind']): string {
  return (
    { directory: 'a directory', link: 'a link', file: 'a file', char: 'a device', block: 'a device' }[
      kind as string
    ] ?? `a ${kind}`
  )
}
