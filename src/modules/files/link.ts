import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Diff } from '../../model/result.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { ownership } from './attributes.ts'
import { attributes, type FileParams, linkDestination } from './file-params.ts'
import { named, requireFolder, temporaryName } from './written-file.ts'

/** `state: link`: a symbolic link, replaced in one step. */
export async function* ensureLink(
  context: ModuleContext,
  params: FileParams,
  path: string,
  current: FileStat | null,
): Steps {
  const src = params.src ?? current?.linkTarget ?? null
  if (src === null)
    throw moduleFailure(
      'source-missing',
      `${path} is no link, and src is missing`,
      'src says what the link leads to',
    )
  const target = await context.freshFact(fileStat, linkDestination(path, src), { follow: true })
  const extra = { dest: path, src }
  if (current?.kind === 'link' && current.linkTarget === src) {
    if (!params.follow || target === null)
      return yield* attributes(context, params, path, path, current, extra)
    const result = yield* attributes(context, params, path, target.realPath, target)
    return { ...result, data: { ...result.data, state: 'link', ...extra } }
  }
  if (target === null && !params.force && !context.check) {
    throw moduleFailure(
      'source-missing',
      `${src} does not exist, so ${path} would lead nowhere`,
      'force: yes makes the link anyway',
    )
  }
  if (current !== null && current.kind !== 'link') await refuseUnlessForced(context, params, path, current)
  if (current === null) await requireFolder(context, path)
  const temporary = temporaryName(path)
  const clear = current?.kind === 'directory' ? sh`rmdir -- ${path} && ` : sh``
  yield {
    summary: `link ${path} to ${src}`,
    diff: linkDiff(path, current, src),
    action: sh`ln -s -- ${src} ${temporary} && ${clear}mv -Tf -- ${temporary} ${path} || { s=$?; rm -f -- ${temporary}; exit $s; }`,
  }
  const { owner, group } = params
  const names = ownership(owner, group)
  if (names !== '') {
    yield { summary: `set owner ${names} of ${path}`, action: sh`chown -h -- ${names} ${path}` }
  }
  return { data: { ...extra, path, state: 'link' } }
}

/** `state: hard`: a second name of the same file. */
export async function* ensureHardLink(
  context: ModuleContext,
  params: FileParams,
  path: string,
  current: FileStat | null,
): Steps {
  if (params.src === undefined)
    throw moduleFailure('source-missing', 'a hard link needs src', 'src is the other name of the file')
  const src = linkDestination(path, params.src)
  const source = await context.freshFact(fileStat, src, { follow: true })
  const extra = { dest: path, src }
  if (source === null)
    throw moduleFailure('source-missing', `${src} does not exist`, 'a hard link needs a file to be a name of')
  if (current !== null && current.inode === source.inode && current.device === source.device) {
    return yield* attributes(context, params, path, path, current, extra)
  }
  if (current !== null) await refuseUnlessForced(context, params, path, current)
  else await requireFolder(context, path)
  const temporary = temporaryName(path)
  yield {
    summary: `hard-link ${path} to ${src}`,
    diff: {
      before: current === null ? 'state: absent\n' : 'state: file\n',
      after: `state: hard\nsrc: ${src}\n`,
      beforeLabel: path,
      afterLabel: path,
    },
    action: sh`ln -- ${src} ${temporary} && mv -Tf -- ${temporary} ${path} || { s=$?; rm -f -- ${temporary}; exit $s; }`,
  }
  return { data: { ...extra, path, state: 'hard' } }
}

async function refuseUnlessForced(
  context: ModuleContext,
  params: FileParams,
  path: string,
  current: FileStat,
): Promise<void> {
  if (current.kind === 'directory') {
    const content = await context.run(sh`ls -A -- ${path}`)
    if (params.force && content.stdout === '') return
    throw moduleFailure(
      'conversion-refused',
      `${path} is a folder${content.stdout === '' ? '' : ' with content'}, not replaced by a link`,
      'remove it first with state: absent',
    )
  }
  if (params.force) return
  throw moduleFailure(
    'conversion-refused',
    `${path} is ${named(current.kind)}, not replaced by a link`,
    'force: yes replaces it',
  )
}

function linkDiff(path: string, current: FileStat | null, src: string): Diff {
  const before =
    current === null
      ? 'state: absent\n'
      : current.linkTarget === null
        ? `state: ${current.kind}\n`
        : `state: link\nsrc: ${current.linkTarget}\n`
  return { before, after: `state: link\nsrc: ${src}\n`, beforeLabel: path, afterLabel: path }
}
