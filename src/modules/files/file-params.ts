import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { bool, choice, parameters, path, text } from '../params.ts'
import { attributeChanges, attributeParams, statResult } from './attributes.ts'

/** What the module `file` takes. */
export const fileParams = parameters(
  {
    path: path().describe('The file, folder or link.'),
    state: choice(['absent', 'directory', 'file', 'hard', 'link', 'touch'])
      .optional()
      .describe(
        'What it should be. Default: what it is, or directory with recurse, else file (which must exist).',
      ),
    src: path().optional().describe('What a link leads to. Relative to the folder of the link.'),
    recurse: bool().default(false).describe('Set mode and owner of everything below a folder, too.'),
    force: bool()
      .default(false)
      .describe('Make a link although its target is missing, or in place of a file.'),
    follow: bool().default(true).describe('Mode and owner are those of what a link leads to.'),
    modification_time: text().optional().describe('For touch: now (default) or preserve.'),
    access_time: text().optional().describe('For touch: now (default) or preserve.'),
    ...attributeParams,
  },
  { aliases: { dest: 'path', name: 'path' } },
)
export type FileParams = z.output<typeof fileParams>

/** The end of every state: mode and owner, and what to say of the path. */
export async function* attributes(
  context: ModuleContext,
  params: FileParams,
  path: string,
  target: string,
  current: FileStat,
  extra: Vars = {},
): Steps {
  const changes = [...attributeChanges(target, current, params)]
  let applied = false
  for (const change of changes) applied = (yield change).applied
  const now = applied ? await context.freshFact(fileStat, target) : current
  const data = { path, ...statResult(now ?? current), ...extra }
  return changes.length > 0 ? { data } : { data, why: `${path} is as it should be` }
}

/** Absolute form of what a relative link in a folder leads to. */
export function linkDestination(path: string, src: string): string {
  return resolve(dirname(path), src)
}
