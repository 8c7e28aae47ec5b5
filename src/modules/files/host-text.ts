import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { type ByteText, fromByteText, toByteText } from './edited-lines.ts'
import { contentSha1, writeFile } from './written-file.ts'

/** A text file of a host. */
export interface HostText {
  /** Where it lies: links are followed. */
  readonly path: string
  /** Empty when there is no file. */
  readonly text: ByteText
  /** With the checksum of the text; null when there is no file. */
  readonly stat: FileStat | null
}

export async function readHostText(context: ModuleContext, path: string): Promise<HostText> {
  const stat = await context.freshFact(fileStat, path, { follow: true })
  if (stat === null) return { path, text: '', stat }
  const content = await context.get(path)
  return { path: stat.realPath, text: toByteText(content), stat: { ...stat, checksum: contentSha1(content) } }
}

/** The file with another text; owner and mode stay. */
export async function* writeHostText(
  context: ModuleContext,
  { path, stat }: HostText,
  text: ByteText,
  backup = false,
): Steps<void> {
  yield* writeFile(context, { path, content: fromByteText(text), attributes: {}, backup }, stat)
}
