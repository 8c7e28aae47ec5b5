import { posix } from 'node:path'
import { type FileStat, statFields } from '../../facts/file-stat.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'

export type FoundKind = 'any' | 'directory' | 'file' | 'link'

/** What a host's find(1) is asked. Everything else is judged here. */
export interface Search {
  /** Absolute, or below the user's home. */
  readonly folder: string
  readonly recurse: boolean
  /** Levels below the folder, 0 for all. */
  readonly depth: number
  readonly follow: boolean
  readonly hidden: boolean
  readonly kind: FoundKind
  /** Shell patterns of names, one of which a path must have; empty when they are judged later. */
  readonly patterns: readonly string[]
}

export interface FoundPath extends ReturnType<typeof statFields> {
  readonly path: string
  readonly name: string
}

export interface Found {
  readonly paths: readonly FoundPath[]
  /** How many paths were looked at. */
  readonly examined: number
  /** The first folder that could not be read, in find's words. */
  readonly problem: string | null
}

/** What find starts at: no name can hold `//`, so a line that has it after numbers is the start of an entry whatever names hold. */
const start = './/.'
const statWords = '%f %u %g %s %X %Y %Z %i %h %d %U:%G %n'
/** The exit code for a path that is no folder. */
export const noFolder = 90

/** POSIX find(1) with GNU's or busybox's stat(1): counts everything that it comes to, and describes what may be wanted. */
export function searchCommand(search: Search): Command {
  const folder = search.folder.startsWith('/') ? search.folder : `./${search.folder}`
  const lastLevel = search.recurse ? search.depth : 1
  // As in Ansible, the level below the last one is looked at, but not gone into.
  const pruned = search.recurse && search.depth > 0 ? search.depth + 1 : lastLevel
  const tests = [
    ...(search.recurse && search.depth > 0 ? ['!', '-path', below(search.depth + 1)] : []),
    ...(search.hidden ? [] : ['!', '-name', '.*']),
    // Through links, find calls a link what it leads to.
    ...(search.kind === 'any' || search.follow ? [] : ['-type', search.kind.slice(0, 1)]),
    ...eitherName(search.patterns),
  ]
  const prune = pruned === 0 ? [] : ['(', '!', '-path', below(pruned), '-o', '-prune', ')']
  const count = ['-exec', 'sh', '-c', `echo "#$# //"`, 'sh', '{}', '+']
  const words = [start, '!', '-path', start, ...prune, ...count, ...tests]
  return sh`[ -d ${folder} ] || exit ${noFolder}; cd -- ${folder} && LC_ALL=C find ${search.follow ? ['-L'] : []} ${words} -exec stat -c ${statWords} -- {} +`
}

/** The same of given paths below a folder, for `parseFound`; those that are not there are left out. */
export function statCommand(folder: string, names: readonly string[]): Command {
  return sh`cd -- ${folder} && LC_ALL=C stat -c ${statWords} -- ${names.map((name) => `${start}/${name}`)}`
}

/** Names for several commands, since none may be endlessly long. */
export function inBatches(names: readonly string[]): string[][] {
  const batches: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const name of names) {
    bytes += Buffer.byteLength(name) + 8
    if (bytes > 32 * 1024) {
      batches.push([])
      bytes = Buffer.byteLength(name) + 8
    }
    batches.at(-1)?.push(name)
  }
  return batches
}

/** Matches what is so many levels below the start, or further down: in `-path`, `*` matches slashes as well. */
const below = (level: number): string => `${start}${'/*'.repeat(level)}`

/** Only patterns that every find reads as Python does: the rest would leave paths out. */
function eitherName(patterns: readonly string[]): string[] {
  if (patterns.length === 0 || !patterns.every((pattern) => /^[\w.*+ -]+$/.test(pattern))) return []
  return ['(', ...patterns.flatMap((pattern, index) => [...(index > 0 ? ['-o'] : []), '-name', pattern]), ')']
}

export function parseFound(
  { stdout, stderr }: Pick<CommandResult, 'stdout' | 'stderr'>,
  folder: string,
): Found {
  const heads = [
    ...stdout.matchAll(/^(?:#(\d+) \/\/$|([0-9a-f]+(?: -?\d+){9}) ([^:\n]*):([^\n]*?) \.\/\/\.\/)/gm),
  ]
  const paths = heads.flatMap((head, index): FoundPath[] => {
    if (head[2] === undefined) return []
    const name = stdout.slice(head.index + head[0].length, (heads[index + 1]?.index ?? stdout.length) - 1)
    const path = posix.normalize(`${folder}/${name}`)
    const fields = statFields([...head[2].split(' '), head[3] ?? '', head[4] ?? ''])
    return [{ ...fields, path, name: posix.basename(path) }]
  })
  const problem = stderr.split('\n').find((line) => line.startsWith('find: '))
  return {
    paths: paths.sort((a, b) => (a.path < b.path ? -1 : 1)),
    examined: heads.reduce((sum, head) => sum + Number(head[1] ?? 0), 0),
    problem:
      problem === undefined ? null : printable(problem).slice('find: '.length).replaceAll(`${start}/`, ''),
  }
}

/** For `statVars`, which knows more of a single path. */
export function asStat(
  found: FoundPath,
  checksum: string | null,
): Omit<FileStat, 'realPath' | 'readable' | 'writable' | 'executable'> {
  return { ...found, linkTarget: null, checksum }
}
