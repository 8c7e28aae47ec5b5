import { join } from 'node:path'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { moduleFailure } from '../failure.ts'

export interface Target {
  readonly path: string
  readonly current: FileStat | null
}

/**
 * Where a file goes and what is there now. A folder gets the file under its own name. A link to a file counts as
 * nothing when it is to be replaced.
 */
export async function fileTarget(
  context: ModuleContext,
  dest: string,
  name: string | null,
  follow: boolean,
): Promise<Target> {
  const here = await context.freshFact(fileStat, dest, { checksum: 'sha1' })
  const there =
    here?.kind === 'link' ? await context.freshFact(fileStat, dest, { follow: true, checksum: 'sha1' }) : here
  if (there?.kind === 'directory' || dest.endsWith('/')) {
    if (name === null) {
      throw moduleFailure(
        'not-a-file',
        `${dest} is a folder, and content has no name of its own`,
        'name the file in dest',
      )
    }
    return fileTarget(context, join(dest, name), null, follow)
  }
  if (here?.kind !== 'link') return { path: dest, current: here }
  if (follow && there !== null && there.kind !== 'link') return { path: there.realPath, current: there }
  return { path: dest, current: null }
}

export function checkSource(wanted: string | undefined, file: string, sha1: string): void {
  if (wanted === undefined || wanted.toLowerCase() === sha1) return
  throw moduleFailure('source-checksum', `${file} has the SHA-1 ${sha1}, not ${wanted}`)
}
