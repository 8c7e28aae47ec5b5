import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { counted } from '../../util/words.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { type Attributes, ownership, wantedMode } from './attributes.ts'
import { asStat, type FoundPath, inBatches, parseFound, statCommand } from './found-paths.ts'
import { chmodOperand, octal } from './mode.ts'

/** Owner, group and mode of everything that an archive brought: those that differ, with one change for all. */
export async function* memberAttributes(
  context: ModuleContext,
  wanted: Attributes,
  dest: string,
  list: Command,
): Steps<boolean> {
  const listed = await context.run(list)
  if (listed.exitCode !== 0 || listed.truncated)
    throw moduleFailure(
      'unarchive-failed',
      `what is in the archive cannot be listed: ${printable(lastLines(listed.stderr, 1))}`,
    )
  const members = membersOf(listed.stdout)
  const found: FoundPath[] = []
  for (const names of inBatches(members))
    found.push(...parseFound(await context.run(statCommand(dest, names)), dest).paths)
  // What is below a link is elsewhere.
  const links = found.flatMap(({ kind, path }) => (kind === 'link' ? [`${path}/`] : []))
  const own = found.filter(({ path }) => !links.some((link) => path.startsWith(link)))
  const owner = own.filter(({ uid, owner }) => differs(wanted.owner, owner, uid))
  const group = own.filter(({ gid, group }) => differs(wanted.group, group, gid))
  const modes = byMode(own, wanted)
  const others = new Set([...owner, ...group, ...modes.values()].flat())
  if (others.size === 0) return false
  const said = [
    ...(owner.length > 0 ? [`owner ${wanted.owner}`] : []),
    ...(group.length > 0 ? [`group ${wanted.group}`] : []),
    ...[...modes.keys()].map((bits) => `mode ${octal(bits)}`),
  ]
  yield {
    summary: `set ${said.join(', ')} of ${counted(others.size, 'path')} in ${dest}`,
    async action() {
      const names = ownership(
        owner.length > 0 ? wanted.owner : undefined,
        group.length > 0 ? wanted.group : undefined,
      )
      if (names !== '') await each(context, [...new Set([...owner, ...group])], sh`chown -h -- ${names}`)
      for (const [bits, paths] of modes) await each(context, paths, sh`chmod -- ${chmodOperand(bits)}`)
    },
  }
  return true
}

const differs = (wanted: string | undefined, name: string, id: number): boolean =>
  wanted !== undefined && wanted !== name && wanted !== String(id)

/** The paths that need each mode; links have none. */
function byMode(found: readonly FoundPath[], { mode }: Attributes): Map<number, FoundPath[]> {
  const modes = new Map<number, FoundPath[]>()
  if (mode === undefined) return modes
  for (const path of found) {
    const isFolder = path.kind === 'directory'
    const bits = wantedMode(
      mode,
      { ...asStat(path, null), realPath: path.path, readable: true, writable: true, executable: true },
      isFolder,
    )
    if (path.kind === 'link' || bits === path.mode) continue
    modes.set(bits, [...(modes.get(bits) ?? []), path])
  }
  return modes
}

async function each(context: ModuleContext, found: readonly FoundPath[], command: Command): Promise<void> {
  for (const paths of inBatches(found.map(({ path }) => path))) {
    const { exitCode, stderr } = await context.run(sh`${command} ${paths}`)
    if (exitCode !== 0)
      throw moduleFailure(
        'unarchive-failed',
        `owner and mode could not be set: ${printable(lastLines(stderr, 1))}`,
        /permitted/.test(stderr) ? 'this needs become: yes' : undefined,
      )
  }
}

/**
 * What `tar --list --quoting-style=escape` prints, names with odd characters in C's escapes, and the topmost folders, which an archive
 * need not name. None leads out of the folder.
 */
function membersOf(listing: string): string[] {
  const names = listing
    .split('\n')
    .map((line) =>
      Buffer.from(line.replace(/\\([0-7]{3}|.)/g, unescaped), 'latin1')
        .toString('utf8')
        .replace(/^(\.?\/)+/, ''),
    )
    .filter((name) => name !== '' && !name.split('/').includes('..'))
  return [...new Set(names.flatMap((name) => [name.replace(/\/[\s\S]*$/, ''), name]))]
}

function unescaped(whole: string, code: string): string {
  const letters: Readonly<Record<string, string>> = {
    n: '\n',
    t: '\t',
    r: '\r',
    b: '\b',
    f: '\f',
    v: '\v',
    a: '\x07',
    '\\': '\\',
  }
  return code.length === 3 ? String.fromCharCode(Number.parseInt(code, 8)) : (letters[code] ?? whole)
}
