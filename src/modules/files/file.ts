import { basename, resolve } from 'node:path'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import {
  attributeChanges,
  defineFileModule,
  ownership,
  statResult,
  unsupportedAttributes,
  wantedMode,
} from './attributes.ts'
import { attributes, type FileParams, fileParams } from './file-params.ts'
import { ensureFolder } from './folder.ts'
import { hostPath } from './host-path.ts'
import { ensureHardLink, ensureLink } from './link.ts'
import { octal } from './mode.ts'
import { named, requireFolder } from './written-file.ts'

/** Ansible's `file`. */
export const file = defineFileModule({
  name: 'file',
  doc: 'Makes folders, links and empty files, sets mode and owner, or removes a path.',
  params: fileParams,
  unsupported: [
    ...unsupportedAttributes,
    'modification_time_format',
    'access_time_format',
    '_diff_peek',
    '_original_basename',
  ],
  returns: {
    path: 'the path',
    dest: 'the path, for links and touched files',
    state: 'what it is now',
    mode: 'permissions, as 0644',
    owner: 'name of the owner',
    group: 'name of the group',
    size: 'bytes',
  },
  async *run(context, params) {
    const path = trimmed(await hostPath(context, params.path))
    const current = await context.freshFact(fileStat, path)
    const state = params.state ?? defaultState(params, current)
    switch (state) {
      case 'absent':
        return yield* remove(path, current)
      case 'directory':
        return yield* ensureFolder(context, params, path, current)
      case 'link':
        return yield* ensureLink(context, params, path, current)
      case 'hard':
        return yield* ensureHardLink(context, params, path, current)
      case 'touch':
        return yield* touch(context, params, path, current)
      case 'file':
        return yield* attributesOnly(context, params, path, current)
    }
  },
})

/** Without slashes at the end, which would make a link its target. */
function trimmed(path: string): string {
  return path.replace(/(.)\/+$/, '$1')
}

function defaultState(params: FileParams, current: FileStat | null) {
  if (params.src !== undefined) return current?.kind === 'file' ? 'hard' : 'link'
  if (current?.kind === 'directory' || params.recurse) return 'directory'
  return 'file'
}

async function* remove(path: string, current: FileStat | null): Steps {
  const data = { path, state: 'absent' }
  if (current === null) return { data, why: `${path} does not exist` }
  if (resolve('/', path) === '/' || ['.', '..'].includes(basename(path))) {
    throw moduleFailure('path-refused', `${path} is never removed`, 'name what is to go')
  }
  const isFolder = current.kind === 'directory'
  yield {
    summary: `remove ${isFolder ? 'folder ' : ''}${path}`,
    diff: {
      before: `state: ${isFolder ? 'directory' : current.kind}\n`,
      after: 'state: absent\n',
      beforeLabel: path,
      afterLabel: path,
    },
    action: isFolder ? sh`rm -rf -- ${path}` : sh`rm -f -- ${path}`,
  }
  return { data }
}

async function* attributesOnly(
  context: ModuleContext,
  params: FileParams,
  path: string,
  here: FileStat | null,
): Steps {
  const followed = here?.kind === 'link' && params.follow
  const current = followed ? await context.freshFact(fileStat, path, { follow: true }) : here
  const target = followed && current !== null ? current.realPath : path
  if (current === null) {
    throw moduleFailure(
      'source-missing',
      `${path} does not exist`,
      'state: touch makes an empty file, copy one with content',
    )
  }
  if (current.kind === 'directory' && params.state === 'file') {
    throw moduleFailure('not-a-file', `${path} is ${named(current.kind)}, not a file`, 'use state: directory')
  }
  return yield* attributes(context, params, path, target, current)
}

async function* touch(
  context: ModuleContext,
  params: FileParams,
  path: string,
  here: FileStat | null,
): Steps {
  const current =
    here?.kind === 'link' && params.follow ? await context.freshFact(fileStat, path, { follow: true }) : here
  const keepsTimes = params.modification_time === 'preserve' && params.access_time === 'preserve'
  if (current !== null && keepsTimes)
    return yield* attributes(context, params, path, path, current, { dest: path })
  for (const time of [params.modification_time, params.access_time]) {
    if (time !== undefined && time !== 'now' && time !== 'preserve') {
      throw moduleFailure('copy-unsupported', `hvlab sets no time but now: ${time}`, 'write now or preserve')
    }
  }
  if (current === null) {
    await requireFolder(context, path)
    const names = ownership(params.owner, params.group)
    const bits = octal(wantedMode(params.mode, null))
    const chown = names === '' ? sh`:` : sh`chown -h -- ${names} ${path}`
    // Made with its final mode at once: install(1) copies /dev/null with the mode from the start.
    yield {
      summary: `create empty file ${path}`,
      action: sh`install -m ${bits} -- /dev/null ${path} && ${chown}`,
    }
    return { data: { dest: path, path, state: 'file', mode: octal(wantedMode(params.mode, null)) } }
  }
  const which =
    params.modification_time === 'preserve' ? '-a' : params.access_time === 'preserve' ? '-m' : '-am'
  yield { summary: `set the times of ${path} to now`, action: sh`touch ${which} -- ${path}` }
  yield* attributeChanges(current.kind === 'link' ? path : current.realPath, current, params)
  return { data: { dest: path, path, ...statResult(current) } }
}
