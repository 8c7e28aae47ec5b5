import type { z } from 'zod'
import { identity } from '../../facts/identity.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Value } from '../../model/value.ts'
import { pythonRegex } from '../../template/python-regex.ts'
import { glob } from '../../util/glob.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { bool, choice, int, list, parameters, text } from '../params.ts'
import { defineQuery } from '../query.ts'
import { decodeText } from './content-diff.ts'
import { asStat, type FoundPath, inBatches, noFolder, parseFound, searchCommand } from './found-paths.ts'
import { hostPath } from './host-path.ts'
import { statVars } from './stat-vars.ts'

const params = parameters(
  {
    paths: list().describe('Folders to search. `$NAME` is read from the environment of the host.'),
    patterns: list()
      .default([])
      .describe(
        'Shell patterns of names, or with use_regex Python regular expressions, one of which must match. Default: any name.',
      ),
    excludes: list().default([]).describe('The same for names that are left out.'),
    use_regex: bool()
      .default(false)
      .describe('patterns and excludes are regular expressions that match from the start of a name.'),
    file_type: choice(['any', 'directory', 'file', 'link']).default('file').describe('What is wanted.'),
    recurse: bool().default(false).describe('Search folders in the folders, too.'),
    depth: int().default(0).describe('With recurse: at most so many levels, 0 for all.'),
    hidden: bool().default(false).describe('Also names that start with a dot.'),
    follow: bool().default(false).describe('Search folders that links lead to.'),
    age: text()
      .refine((value) => agePattern.test(value), { error: 'must be a number with s, m, h, d or w' })
      .optional()
      .describe('At least so old: 3600, 2h, 4w. With a minus: at most.'),
    age_stamp: choice(['atime', 'ctime', 'mtime'])
      .default('mtime')
      .describe('Which time counts for the age.'),
    size: text()
      .refine((value) => sizePattern.test(value), { error: 'must be a number with b, k, m, g or t' })
      .optional()
      .describe('Of files, at least so large: 1024, 10k, 1g. With a minus: at most.'),
    contains: text()
      .optional()
      .describe('Of files, up to 10 MiB: Python regular expression that a line must match from its start.'),
    read_whole_file: bool().default(false).describe('contains may match anywhere in the whole text.'),
    get_checksum: bool().default(false).describe('Give the SHA-1 of files.'),
  },
  { aliases: { name: 'paths', path: 'paths', pattern: 'patterns', exclude: 'excludes' } },
)
type Params = z.output<typeof params>

const agePattern = /^(-?\d+)([smhdw]?)$/i
const sizePattern = /^(-?\d+)([bkmgt]?)$/i
const largestRead = 10 * 1024 * 1024

/** Ansible's `find`. */
export const find = defineQuery({
  name: 'find',
  doc: 'Lists files, folders or links of the host by name, age, size or content. Changes nothing. What is found is sorted; when a folder within a path cannot be read, the rest of it is searched all the same.',
  params,
  unsupported: ['checksum_algorithm', 'encoding', 'exact_mode', 'limit', 'mode'],
  returns: {
    files:
      'what was found, sorted: path, mode, size, uid, gid, pw_name, gr_name, mtime, isdir, isreg, islnk … as stat gives them',
    matched: 'how many were found',
    examined: 'how many were looked at',
    skipped_paths: 'path → why it was not, or not wholly, searched',
  },
  async answer(context, params) {
    const skipped = new Map<string, string>()
    const matches = matcher(params)
    const files: Value[] = []
    let examined = 0
    const now = params.age === undefined ? 0 : await hostSeconds(context)
    for (const asked of params.paths) {
      const folder = await hostPath(context, await expanded(context, asked))
      const found = await search(context, params, folder, skipped)
      examined += found.examined
      let chosen = found.paths.filter((path) => matches(path, now))
      if (params.contains !== undefined && params.file_type === 'file')
        chosen = await containing(context, params, chosen, skipped)
      const sums = params.get_checksum ? await checksums(context, chosen) : new Map<string, string>()
      for (const path of chosen) files.push(statVars(path.path, asStat(path, sums.get(path.path) ?? null)))
    }
    for (const [path, why] of skipped) context.note('warning', `find: ${printable(path)}: ${why}`)
    const msg =
      skipped.size === 0 ? 'All paths examined' : 'Not all paths examined, check warnings for details'
    const data = { files, matched: files.length, examined, msg, skipped_paths: Object.fromEntries(skipped) }
    return { data, changed: false, why: 'find changes nothing' }
  },
})

async function search(context: ModuleContext, params: Params, folder: string, skipped: Map<string, string>) {
  const command = searchCommand({
    ...params,
    folder,
    kind: params.file_type,
    patterns: params.use_regex ? [] : params.patterns,
  })
  const result = await context.run(command)
  if (result.exitCode === noFolder) skipped.set(folder, `'${folder}' is not a directory`)
  else if (result.exitCode === 127)
    throw moduleFailure(
      'find-failed',
      `${context.host} has no find or stat`,
      'install the package findutils',
      lastLines(result.stderr),
    )
  if (result.truncated)
    throw moduleFailure(
      'find-failed',
      `there is more below ${folder} than can be listed`,
      'narrow it down: patterns, file_type, depth, or other paths',
    )
  const found = parseFound(result, folder)
  if (found.problem !== null) skipped.set(folder, found.problem)
  else if (result.exitCode !== 0 && result.exitCode !== noFolder && found.examined === 0)
    skipped.set(folder, printable(lastLines(result.stderr, 1)) || `exit code ${result.exitCode}`)
  return found
}

/** All conditions that need no further look at the host. */
function matcher(params: Params): (path: FoundPath, now: number) => boolean {
  const names = namesOf(params.patterns, params.use_regex)
  const excluded = namesOf(params.excludes, params.use_regex)
  const age = quantity(params.age, agePattern, { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 })
  const size = quantity(params.size, sizePattern, { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 })
  const kinds: Readonly<Record<string, string>> = { file: 'file', directory: 'directory', link: 'link' }
  const kind = kinds[params.file_type]
  return (path, now) =>
    (kind === undefined || path.kind === kind) &&
    (params.hidden || !path.name.startsWith('.')) &&
    (names.length === 0 || names.some((fits) => fits(path.name))) &&
    !excluded.some((fits) => fits(path.name)) &&
    (age === null ||
      (age < 0 ? now - path[params.age_stamp] <= -age : now - path[params.age_stamp] >= age)) &&
    (size === null || path.kind !== 'file' || (size < 0 ? path.sizeBytes <= -size : path.sizeBytes >= size))
}

/** With Python's `match`: from the start. */
function namesOf(patterns: readonly string[], areRegular: boolean): ((name: string) => boolean)[] {
  return patterns.map((pattern) => {
    const expression = areRegular ? pythonRegex(pattern, { flags: 'y' }) : glob(pattern)
    return (name) => name.search(expression) !== -1
  })
}

function quantity(
  given: string | undefined,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | null {
  const match = given === undefined ? null : pattern.exec(given)
  return match === null ? null : Number(match[1]) * (units[(match[2] ?? '').toLowerCase()] ?? 1)
}

/** The host's clock made its times. */
async function hostSeconds(context: ModuleContext): Promise<number> {
  const { stdout } = await context.run(sh`date +%s`)
  if (/^\d{1,12}\n?$/.test(stdout)) return Number(stdout)
  throw moduleFailure(
    'find-failed',
    `${context.host} does not say what time it is`,
    'its date(1) must know +%s',
  )
}

/** `$NAME` and `${NAME}`; names that the host lacks stay. */
async function expanded(context: ModuleContext, path: string): Promise<string> {
  if (!path.includes('$')) return path
  const { environment } = await context.fact(identity)
  return path.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, bare?: string, braced?: string) => {
    const name = bare ?? braced ?? ''
    return Object.hasOwn(environment, name) ? (environment[name] ?? whole) : whole
  })
}

/** Files are read here: what grep calls a regular expression is not what Python does. A file that is no text has no lines. */
async function containing(
  context: ModuleContext,
  params: Params,
  paths: readonly FoundPath[],
  skipped: Map<string, string>,
): Promise<FoundPath[]> {
  const wanted = pythonRegex(params.contains ?? '', params.read_whole_file ? {} : { flags: 'y' })
  const chosen: FoundPath[] = []
  for (const path of paths) {
    if (path.sizeBytes > largestRead) {
      skipped.set(path.path, 'larger than 10 MiB: its content was not looked at')
      continue
    }
    const content = await readable(context, path.path)
    if (content === null) continue
    const parts = params.read_whole_file ? [content] : content.split('\n')
    if (parts.some((part) => part.search(wanted) !== -1)) chosen.push(path)
  }
  return chosen
}

async function readable(context: ModuleContext, path: string): Promise<string | null> {
  try {
    return decodeText(await context.get(path))?.replaceAll(/\r\n?/g, '\n') ?? null
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'file-not-readable') return null
    throw error
  }
}

async function checksums(context: ModuleContext, paths: readonly FoundPath[]): Promise<Map<string, string>> {
  const sums = new Map<string, string>()
  for (const batch of inBatches(paths.filter(({ kind }) => kind === 'file').map(({ path }) => path))) {
    // One line a file, whatever is in its name.
    const { stdout } = await context.run(sh`for f in ${batch}; do sha1sum <"$f" 2>/dev/null || echo -; done`)
    stdout.split('\n').forEach((line, index) => {
      const sum = /^[0-9a-f]{40}/.exec(line)?.[0]
      const path = batch[index]
      if (sum !== undefined && path !== undefined) sums.set(path, sum)
    })
  }
  return sums
}
