import { basename, join } from 'node:path'
import { z } from 'zod'
import { type ChecksumAlgorithm, type FileStat, fileStat } from '../../facts/file-stat.ts'
import { which } from '../../facts/which.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { bool, int, line, parameters, path, text } from '../params.ts'
import {
  attributeChanges,
  attributeParams,
  attributesDiffer,
  defineFileModule,
  statResult,
  unsupportedAttributes,
} from './attributes.ts'
import { type Checksum, parseChecksum, sumInList } from './checksum.ts'
import { curlCommand, type Download, wgetCommand } from './download.ts'
import { hostPath } from './host-path.ts'
import { backupName, named, orWithout, publish, requireFolder, temporaryName } from './written-file.ts'

const params = parameters(
  {
    url: z
      .string({ error: 'must be an address' })
      .regex(/^(https?|ftp|ftps|file):\/\/\S+$/i, { error: 'must be an http, https, ftp or file address' })
      .describe('What to fetch.'),
    dest: path().describe('Where to, on the host. A folder gets the file under the name in the address.'),
    checksum: text()
      .optional()
      .describe(
        'algorithm:sum, or algorithm:address of a list of sums. A file that has it is not fetched again.',
      ),
    force: bool()
      .default(false)
      .describe('Fetch although the file is there, and replace it when it differs.'),
    backup: bool().default(false).describe('Keep the old file beside it.'),
    timeout: int().default(10).describe('Seconds to connect, and (30 at least) to stand still.'),
    validate_certs: bool().default(true).describe('Refuse a server whose certificate is not valid.'),
    use_proxy: bool().default(true).describe('Use the proxy that the host’s environment names.'),
    http_agent: line().default('hvlab').describe('User-Agent.'),
    headers: z.record(z.string(), line()).default({}).describe('Further headers.'),
    url_username: text().optional().describe('User name for the server.'),
    url_password: text().optional().describe('Password for the server.'),
    ...attributeParams,
  },
  {
    aliases: { username: 'url_username', password: 'url_password' },
    together: [['url_password', 'url_username']],
  },
)
type Params = z.output<typeof params>

/** Ansible's `get_url`. */
export const getUrl = defineFileModule({
  name: 'get_url',
  doc: 'Fetches a file from a server to the host, with curl or wget. It appears whole, checked, with its mode and owner, or not at all.',
  params,
  unsupported: [
    ...unsupportedAttributes,
    'ciphers',
    'client_cert',
    'client_key',
    'decompress',
    'force_basic_auth',
    'sha256sum',
    'tmp_dest',
    'unredirected_headers',
    'use_gssapi',
    'use_netrc',
  ],
  returns: {
    dest: 'the file on the host',
    url: 'where it came from',
    checksum_dest: 'SHA-1 that was there before',
    checksum_src: 'SHA-1 that was fetched',
    backup_file: 'where the old file was kept',
    size: 'bytes',
    status_code: 'of the server, when curl fetched it',
    msg: 'OK with the number of bytes, when it was fetched',
  },
  async *run(context, params) {
    const wanted = params.checksum === undefined ? null : parseChecksum(params.checksum)
    const algorithm = wanted?.algorithm ?? 'sha1'
    const { path, current } = await destination(context, params, algorithm)
    const checksum = wanted === null ? null : await expectedSum(context, params, wanted)
    const fits = current !== null && (checksum === null ? !params.force : current.checksum === checksum)
    if (current !== null && fits) {
      const differs = attributesDiffer(current, params)
      yield* attributeChanges(path, current, params)
      const data: Vars = { dest: path, url: params.url, ...statResult(current) }
      if (differs) return { data }
      return { data, why: checksum === null ? `${path} exists` : `${path} has the checksum` }
    }
    if (current === null) await requireFolder(context, path)
    return yield* checksum === null && current !== null
      ? replaceIfDifferent(context, params, path, current)
      : fetchNew(context, params, path, current, checksum, algorithm)
  },
})

async function destination(context: ModuleContext, params: Params, algorithm: ChecksumAlgorithm) {
  const dest = await hostPath(context, params.dest)
  const options = { follow: true, checksum: algorithm }
  const there = await context.freshFact(fileStat, dest, options)
  if (there?.kind !== 'directory' && !dest.endsWith('/')) {
    if (there !== null && there.kind !== 'file')
      throw moduleFailure('not-a-file', `${dest} is ${named(there.kind)}, not a file`)
    return { path: there?.realPath ?? dest, current: there }
  }
  const name = basename(decodeURIComponent(new URL(params.url).pathname))
  if (name === '')
    throw moduleFailure(
      'not-a-file',
      `${dest} is a folder, and ${params.url} names no file`,
      'name the file in dest',
    )
  const path = join(dest, name)
  return { path, current: await context.freshFact(fileStat, path, options) }
}

/** The sum to expect; a list of sums is fetched by the host itself. */
async function expectedSum(context: ModuleContext, params: Params, wanted: Checksum): Promise<string> {
  if (!wanted.isUrl) return wanted.value
  const list = await fetchTo(context, params, wanted.value, '-')
  const sum = sumInList(list, params.url, wanted.algorithm)
  if (sum !== null) return sum
  throw moduleFailure(
    'download-checksum',
    `${wanted.value} has no sum for ${basename(new URL(params.url).pathname)}`,
  )
}

/** Without a checksum only the content can tell whether the file changed: it is fetched beside, also in a check run. */
async function* replaceIfDifferent(
  context: ModuleContext,
  params: Params,
  path: string,
  current: FileStat,
): Steps {
  const temporary = temporaryName(path)
  const { fetched, said } = await orWithout(context, temporary, async () => {
    const said = await fetchTo(context, params, params.url, temporary)
    return { said, fetched: await context.freshFact(fileStat, temporary, { checksum: 'sha1' }) }
  })
  const data = {
    dest: path,
    url: params.url,
    checksum_dest: current.checksum,
    checksum_src: fetched?.checksum ?? null,
    ...answerOf(said, fetched?.sizeBytes),
  }
  const isSame = fetched !== null && fetched.checksum === current.checksum
  if (isSame || context.check) await context.run(sh`rm -f -- ${temporary}`)
  if (isSame) {
    const differs = attributesDiffer(current, params)
    yield* attributeChanges(path, current, params)
    return differs ? { data } : { data, why: `${path} has what ${params.url} gives` }
  }
  const kept = yield* keepOld(params, path)
  yield {
    summary: `fetch ${path} anew from ${params.url}`,
    action: () => orWithout(context, temporary, () => place(context, params, temporary, path, current)),
  }
  return { data: { ...data, ...kept } }
}

async function* keepOld(params: Params, path: string): Steps<Vars> {
  if (!params.backup) return {}
  const backup = backupName(path)
  yield { summary: `back up ${path}`, action: sh`cp -p -- ${path} ${backup}` }
  return { backup_file: backup }
}

async function* fetchNew(
  context: ModuleContext,
  params: Params,
  path: string,
  current: FileStat | null,
  checksum: string | null,
  algorithm: ChecksumAlgorithm,
): Steps {
  const kept = current === null ? {} : yield* keepOld(params, path)
  const { applied, value } = yield {
    summary: `fetch ${path} from ${params.url}`,
    async action() {
      const temporary = temporaryName(path)
      return await orWithout(context, temporary, async () => {
        const said = await fetchTo(context, params, params.url, temporary)
        await requireSum(context, params, temporary, checksum, algorithm)
        await place(context, params, temporary, path, current)
        return said
      })
    },
  }
  const now = applied ? await context.freshFact(fileStat, path, { checksum: 'sha1' }) : null
  return {
    data: {
      dest: path,
      url: params.url,
      checksum_dest: current?.checksum ?? null,
      ...kept,
      ...(now === null
        ? {}
        : { ...statResult(now), checksum_src: now.checksum, ...answerOf(String(value), now.sizeBytes) }),
    },
  }
}

/** curl says the code of the last answer; of a file or of FTP it is none of HTTP's. */
function answerOf(said: string, sizeBytes: number | undefined): Vars {
  const code = /^[1-5]\d\d$/.exec(said.trim())?.[0]
  return {
    msg: `OK (${sizeBytes ?? 'unknown'} bytes)`,
    ...(code === undefined ? {} : { status_code: Number(code) }),
  }
}

async function place(
  context: ModuleContext,
  params: Params,
  temporary: string,
  path: string,
  current: FileStat | null,
): Promise<void> {
  const { exitCode, stderr } = await context.run(publish(temporary, path, params, current))
  if (exitCode !== 0)
    throw moduleFailure('file-not-written', `${path} could not be written: ${stderr.trim()}`)
}

async function requireSum(
  context: ModuleContext,
  params: Params,
  file: string,
  checksum: string | null,
  algorithm: ChecksumAlgorithm,
) {
  if (checksum === null) return
  const found = (await context.freshFact(fileStat, file, { checksum: algorithm }))?.checksum
  if (found === checksum) return
  throw moduleFailure(
    'download-checksum',
    `${params.url} has the ${algorithm} ${found ?? 'of nothing'}, not ${checksum}`,
    'the file on the server changed, or the checksum is of another one',
  )
}

/** Fetches to a file of the host; what the tool printed comes back. */
async function fetchTo(context: ModuleContext, params: Params, url: string, path: string): Promise<string> {
  const tools = await context.fact(which, ['curl', 'wget'])
  const download: Download = {
    url,
    path,
    timeoutSeconds: params.timeout,
    validateCerts: params.validate_certs,
    useProxy: params.use_proxy,
    agent: params.http_agent,
    headers: params.headers,
    ...(params.url_username === undefined
      ? {}
      : { user: { name: params.url_username, password: params.url_password ?? '' } }),
  }
  const needsCurl =
    Object.keys(params.headers).length > 0 || download.user !== undefined || /^(ftps|file):/i.test(url)
  if (!tools['curl'] && (!tools['wget'] || needsCurl)) {
    throw moduleFailure(
      'download-tools-missing',
      needsCurl
        ? `${context.host} has no curl, which headers, passwords, file and ftps addresses need`
        : `${context.host} has neither curl nor wget`,
      'install one with the apt module',
    )
  }
  const command = tools['curl']
    ? curlCommand(tools['curl'], download)
    : wgetCommand(tools['wget'] ?? 'wget', download)
  const result = await context.run(command)
  if (result.exitCode === 0) return result.stdout
  throw moduleFailure(
    'download-failed',
    `${url} could not be fetched: ${lastLines(result.stderr, 1).trim() || `exit code ${result.exitCode}`}`,
    'check the address and the network of the host',
  )
}
