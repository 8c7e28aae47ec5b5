import { basename, join } from 'node:path'
import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { attributeChanges, attributesDiffer } from '../files/attributes.ts'
import { hostPath } from '../files/host-path.ts'
import { named, publish, requireFolder, temporaryName } from '../files/written-file.ts'
import type { UriParams } from './uri-params.ts'

/** The body of an answer becomes `dest`, unless it has that content already. */
export async function* writeAnswer(
  context: ModuleContext,
  params: UriParams,
  answer: string,
  data: Vars,
): Steps {
  const { path, current } = await destination(context, params)
  const got = await context.freshFact(fileStat, answer, { checksum: 'sha1' })
  const result = { ...data, path }
  if (current !== null && current.checksum === got?.checksum) {
    const differs = attributesDiffer(current, params)
    yield* attributeChanges(path, current, params)
    return differs ? { data: result } : { data: result, why: `${path} has what ${data['url']} gives` }
  }
  if (current === null) await requireFolder(context, path)
  const temporary = temporaryName(path)
  yield {
    summary: `${current === null ? 'create' : 'change'} ${path}`,
    action: sh`umask 077; cp -- ${answer} ${temporary} && ${publish(temporary, path, params, current)}`,
  }
  return { data: result }
}

async function destination(
  context: ModuleContext,
  params: UriParams,
): Promise<{ path: string; current: FileStat | null }> {
  const options = { follow: true, checksum: 'sha1' as const }
  const dest = await hostPath(context, params.dest ?? '')
  const there = await context.freshFact(fileStat, dest, options)
  if (there?.kind === 'directory') {
    // A name that the server gives could be any.
    const path = join(dest, basename(new URL(params.url).pathname) || 'index.html')
    return { path, current: await context.freshFact(fileStat, path, options) }
  }
  if (there !== null && there.kind !== 'file')
    throw moduleFailure('not-a-file', `${dest} is ${named(there.kind)}, not a file`)
  return { path: there?.realPath ?? dest, current: there }
}
