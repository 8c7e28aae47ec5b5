import { basename, join } from 'node:path'
import type { FileStat } from '../../facts/file-stat.ts'
import { fileTree } from '../../facts/file-tree.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { attributeChanges, ownership, wantedMode } from './attributes.ts'
import { controllerFile, controllerTree } from './controller-file.ts'
import type { CopyParams } from './copy-params.ts'
import { octal } from './mode.ts'
import { writeFile } from './written-file.ts'

/** A whole folder of the controller. Files on the host that the source lacks stay, as in Ansible. */
export async function* copyTree(
  context: ModuleContext,
  params: CopyParams,
  source: string,
  dest: string,
): Steps {
  const root = params.src?.endsWith('/') ? dest.replace(/(.)\/+$/, '$1') : join(dest, basename(source))
  const there = await context.freshFact(fileTree, root)
  const entries = [{ path: '', kind: 'directory' as const }, ...(await controllerTree(source))]
  let changed = false
  for (const entry of entries) {
    const path = entry.path === '' ? root : join(root, entry.path)
    const current = there[entry.path] ?? null
    const steps =
      entry.kind === 'directory'
        ? folder(params, path, current)
        : file(context, params, join(source, entry.path), path, current)
    changed = (yield* steps) || changed
  }
  const data = { src: source, dest: root, state: 'directory' }
  return changed ? { data } : { data, why: `${root} has these files` }
}

async function* folder(params: CopyParams, path: string, current: FileStat | null): Steps<boolean> {
  const asked = params.directory_mode
  if (current === null) {
    const names = ownership(params.owner, params.group)
    const bits = octal(wantedMode(asked, null, true))
    const chown = names === '' ? sh`:` : sh`chown -h -- ${names} ${path}`
    yield { summary: `create folder ${path}`, action: sh`mkdir -p -m ${bits} -- ${path} && ${chown}` }
    return true
  }
  if (current.kind !== 'directory') {
    throw moduleFailure('conversion-refused', `${path} is a file, and the source has a folder of that name`)
  }
  const changes = [...attributeChanges(path, current, { ...params, mode: asked })]
  yield* changes
  return changes.length > 0
}

async function* file(
  context: ModuleContext,
  params: CopyParams,
  source: string,
  path: string,
  current: FileStat | null,
): Steps<boolean> {
  if (current !== null && !params.force) return false
  const content = await controllerFile(source)
  const mode = params.mode?.kind === 'preserve' ? { kind: 'octal' as const, bits: content.mode } : params.mode
  const wanted = {
    path,
    content,
    attributes: { ...params, mode },
    backup: params.backup,
    validate: params.validate,
    inNewFolder: true,
  }
  return (yield* writeFile(context, wanted, current)).changed
}
