import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { moduleFailure } from '../failure.ts'
import type { Attributes } from './attributes.ts'
import { type ByteText, fromByteText, toByteText } from './edited-lines.ts'
import { hostPath } from './host-path.ts'
import { contentSha1, named, writeFile } from './written-file.ts'

export interface FileEdit extends Attributes {
  readonly path: string
  /** Make a file that does not exist; absent in a module that never does. */
  readonly create?: boolean
  readonly backup: boolean
  readonly validate?: string | undefined
  /** A file that does not exist needs no edit. */
  readonly absentIsFine?: boolean
}

/** Reads a text file of the host, edits it, and writes it back when it differs. Links are followed. */
export async function* editFile(
  context: ModuleContext,
  params: FileEdit,
  edit: (text: ByteText) => { readonly text: ByteText; readonly message: string; readonly found?: number },
): Steps {
  const asked = await hostPath(context, params.path)
  const current = await context.freshFact(fileStat, asked, { follow: true })
  if (current?.kind === 'directory')
    throw moduleFailure('not-a-file', `${asked} is ${named('directory')}, not a file`)
  if (current === null && params.absentIsFine)
    return { data: { msg: 'file not present' }, why: `${asked} does not exist` }
  if (current === null && !params.create) {
    const hint = params.create === undefined ? undefined : 'create: yes makes it'
    throw moduleFailure('source-missing', `${asked} does not exist`, hint)
  }
  const path = current?.realPath ?? asked
  const before = current === null ? new Uint8Array() : await context.get(path)
  const edited = edit(toByteText(before))
  const content = fromByteText(edited.text)
  const backup = params.backup && edited.message !== ''
  const stat = current === null ? null : { ...current, checksum: contentSha1(before) }
  const { changed, data } = yield* writeFile(
    context,
    { path, content, attributes: params, backup, validate: params.validate },
    stat,
  )
  const result: Vars = {
    msg: edited.message,
    backup: data['backup_file'] ?? '',
    ...(edited.found === undefined ? {} : { found: edited.found }),
  }
  return changed ? { data: result } : { data: result, why: `${asked} is as it should be` }
}
