import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import { fileTree } from '../../facts/file-tree.ts'
import type { Change, Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { ownership, wantedMode } from './attributes.ts'
import { attributes, type FileParams } from './file-params.ts'
import { applyMode, chmodOperand, octal } from './mode.ts'
import { named } from './written-file.ts'

/** `state: directory`: the folder and its parents; with `recurse`, mode and owner of everything below. */
export async function* ensureFolder(
  context: ModuleContext,
  params: FileParams,
  path: string,
  here: FileStat | null,
): Steps {
  const current = here?.kind === 'link' ? await context.freshFact(fileStat, path, { follow: true }) : here
  if (current === null) {
    const mode = octal(wantedMode(params.mode, null, true))
    yield makeFolders(params, path, mode)
    return { data: { path, state: 'directory', mode } }
  }
  if (current.kind !== 'directory') {
    throw moduleFailure(
      'conversion-refused',
      `${path} is ${named(current.kind)}, not a folder`,
      'remove it first with state: absent',
    )
  }
  const target = here?.kind === 'link' ? current.realPath : path
  if (!params.recurse) return yield* attributes(context, params, path, target, current)
  const changes = recursiveChanges(params, target, await context.freshFact(fileTree, target))
  yield* changes
  const data = { path, state: 'directory' }
  return changes.length > 0 ? { data } : { data, why: `${path} and all below is as it should be` }
}

/** Every folder of the path that is missing gets the mode and owner, as in Ansible. */
function makeFolders(params: FileParams, path: string, mode: string): Change {
  const names = ownership(params.owner, params.group)
  const chown = names === '' ? sh`:` : sh`chown -h -- ${names} "$d"`
  return {
    summary: `create folder ${path}`,
    diff: { before: 'state: absent\n', after: 'state: directory\n', beforeLabel: path, afterLabel: path },
    // chmod as well: mkdir -m does not set the set-group-id bit on every system.
    action: sh`for d in ${prefixes(path)}; do [ -d "$d" ] || { mkdir -m ${mode} -- "$d" && ${chown} && chmod 0${mode} -- "$d"; } || exit 1; done`,
  }
}

/** `/a/b/c` → `/a`, `/a/b`, `/a/b/c`. */
function prefixes(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '')
  const start = path.startsWith('/') ? '/' : ''
  return parts.map((_, index) => start + parts.slice(0, index + 1).join('/'))
}

/** One change for each distinct mode and for ownership, over all paths that need it. */
function recursiveChanges(
  params: FileParams,
  root: string,
  tree: Readonly<Record<string, FileStat>>,
): Change[] {
  const modes = new Map<number, string[]>()
  const owned: string[] = []
  for (const [below, stat] of Object.entries(tree)) {
    const path = below === '' ? root : `${root}/${below}`
    const foreign =
      (params.owner !== undefined && params.owner !== stat.owner && params.owner !== String(stat.uid)) ||
      (params.group !== undefined && params.group !== stat.group && params.group !== String(stat.gid))
    if (foreign) owned.push(path)
    if (params.mode === undefined || stat.kind === 'link') continue
    const bits = applyMode(params.mode, stat.mode, stat.kind === 'directory')
    if (bits !== stat.mode || (foreign && bits & 0o6000)) modes.set(bits, [...(modes.get(bits) ?? []), path])
  }
  const names = ownership(params.owner, params.group)
  return [
    ...(owned.length === 0
      ? []
      : [
          {
            summary: `set owner ${names} of ${some(owned, root)}`,
            action: { ...sh`xargs -0 chown -h -- ${names}`, stdin: owned.join('\0') },
          },
        ]),
    ...[...modes].map(([bits, paths]) => ({
      summary: `set mode ${octal(bits)} of ${some(paths, root)}`,
      action: { ...sh`xargs -0 chmod -- ${chmodOperand(bits)}`, stdin: paths.join('\0') },
    })),
  ]
}

function some(paths: readonly string[], root: string): string {
  return paths.length === 1 ? String(paths[0]) : `${paths.length} paths in ${root}`
}
