import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { fromByteText, toByteText } from '../files/edited-lines.ts'
import { writeFile } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, line, mode, parameters } from '../params.ts'
import { aptGet } from './apt-get.ts'
import { parseSource, type SourceFile, suggestedName, withoutSource, withSource } from './apt-sources.ts'

const params = parameters(
  {
    repo: line().describe('A line of sources.list: deb [options] address suite components.'),
    state: choice(['present', 'absent']).default('present').describe('Whether the line is there and counts.'),
    filename: line()
      .refine((name) => name.startsWith('/') || !name.includes('/'), {
        error: 'must be a name without folders, or an absolute path',
      })
      .optional()
      .describe('File in sources.list.d for a new line, without .list. Default: made of the address.'),
    mode: mode().optional().describe("Permissions of that file. Default: '0644'."),
    update_cache: bool()
      .default(true)
      .describe('Fetch the package lists after a change; when that fails, the files are as before.'),
    lock_timeout: int().default(60).describe('Seconds to wait for apt’s locks.'),
  },
  { aliases: { 'update-cache': 'update_cache' } },
)
type Params = z.output<typeof params>

/** Ansible's `apt_repository`. */
export const aptRepository = defineModule({
  name: 'apt_repository',
  doc: 'Adds a source of packages of Debian and Ubuntu, or removes it. A line that is commented out counts again; other lines stay as they are.',
  params,
  unsupported: [
    'codename',
    'install_python_apt',
    'update_cache_retries',
    'update_cache_retry_max_delay',
    'validate_certs',
  ],
  returns: {
    repo: 'the line',
    state: 'present or absent',
    sources_added: 'files that were made',
    sources_removed: 'files that had nothing else and went',
  },
  async *run(context, params) {
    const source = sourceOf(params)
    const { list, folder } = await places(context)
    const before = await sourceFiles(context, list, folder)
    const own = `${params.filename ?? suggestedName(source)}.list`
    const target = own.startsWith('/') ? own : `${folder}/${own}`
    const after =
      params.state === 'present' ? withSource(before, source, target) : withoutSource(before, source)
    const named = (files: readonly SourceFile[]) => files.map(({ path }) => path)
    const data = {
      repo: params.repo,
      state: params.state,
      sources_added: named(after).filter((path) => !named(before).includes(path)),
      sources_removed: named(before).filter((path) => !named(after).includes(path)),
    }
    if (isDeepStrictEqual(before, after))
      return {
        data,
        why: params.state === 'present' ? `apt has the source ${source}` : `apt has no source ${source}`,
      }
    yield* write(context, params, before, after)
    if (params.update_cache) {
      const options = { lockTimeoutSeconds: params.lock_timeout, dpkgOptions: [] }
      yield {
        summary: 'fetch the package lists',
        async action() {
          try {
            await aptGet(context, ['update'], options)
          } catch (error) {
            await restore(context, before, after)
            throw error
          }
        },
      }
    }
    return { data }
  },
})

function sourceOf({ repo }: Params): string {
  if (repo.startsWith('ppa:'))
    throw moduleFailure(
      'invalid-parameter',
      `apt_repository: ${repo}: personal package archives are not supported`,
      'write the line deb [signed-by=KEY] https://ppa.launchpadcontent.net/USER/NAME/ubuntu SUITE main',
    )
  const { source, isSource, isEnabled } = parseSource(repo)
  if (isSource && isEnabled && source.split(' ').length >= 3) return source
  throw moduleFailure(
    'invalid-parameter',
    `apt_repository: ${repo} is no source`,
    'as in deb http://deb.debian.org/debian bookworm main',
  )
}

/** Where apt of this host reads them. */
async function places(context: ModuleContext): Promise<{ list: string; folder: string }> {
  const asked = sh`eval "$(apt-config shell list Dir::Etc::sourcelist/f folder Dir::Etc::sourceparts/d)" && printf '%s\\n' "$list" "$folder"`
  const { exitCode, stdout } = await context.run(asked)
  const [list = '', folder = ''] = stdout.split('\n')
  if (exitCode === 0 && list.startsWith('/') && folder.startsWith('/'))
    return { list, folder: folder.replace(/(.)\/+$/, '$1') }
  throw moduleFailure(
    'apt-missing',
    `${context.host} has no apt`,
    'the modules apt and apt_repository work on Debian and Ubuntu only',
  )
}

async function sourceFiles(context: ModuleContext, list: string, folder: string): Promise<SourceFile[]> {
  const { stdout } = await context.run(
    sh`for f in ${list} ${folder}/*.list; do [ -f "$f" ] && printf '%s\\n' "$f"; done`,
  )
  const paths = stdout
    .split('\n')
    .filter((path) => path === list || (path.startsWith(`${folder}/`) && path.endsWith('.list')))
  return await Promise.all(paths.map(async (path) => ({ path, text: toByteText(await context.get(path)) })))
}

async function* write(
  context: ModuleContext,
  params: Params,
  before: readonly SourceFile[],
  after: readonly SourceFile[],
): Steps<void> {
  for (const { path } of before)
    if (!after.some((file) => file.path === path))
      yield { summary: `remove ${path}`, action: sh`rm -f -- ${path}` }
  for (const { path, text } of after) {
    const old = before.find((file) => file.path === path)
    if (old?.text === text) continue
    const current =
      old === undefined ? null : await context.freshFact(fileStat, path, { follow: true, checksum: 'sha1' })
    const attributes = params.mode === undefined ? {} : { mode: params.mode }
    yield* writeFile(
      context,
      { path: current?.realPath ?? path, content: fromByteText(text), attributes },
      current,
    )
  }
}

/** Sources that cannot be fetched would make every later apt-get fail. */
async function restore(
  context: ModuleContext,
  before: readonly SourceFile[],
  after: readonly SourceFile[],
): Promise<void> {
  for (const { path, text } of after) {
    const old = before.find((file) => file.path === path)
    if (old === undefined) await context.run(sh`rm -f -- ${path}`, { cleanUp: true })
    else if (old.text !== text)
      await context.run({ ...sh`cat >${path}`, stdin: fromByteText(old.text) }, { cleanUp: true })
  }
  for (const { path, text } of before)
    if (!after.some((file) => file.path === path))
      await context.run({ ...sh`cat >${path}`, stdin: fromByteText(text) }, { cleanUp: true })
}
