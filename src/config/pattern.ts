import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { FailureError } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import { didYouMean } from '../util/did-you-mean.ts'
import { glob } from '../util/glob.ts'
import { dynamicGroups } from './vars-folders.ts'

/** What a pattern stands for. */
export interface PatternMatch {
  /** Host names: in the order of the pattern's terms, then of the inventory. */
  readonly hosts: readonly string[]
  /** Terms that name no host or group; terms for groups that a run fills (`guests`) are not among them. */
  readonly unmatched: readonly { readonly term: string; readonly meant?: string }[]
  /** True when a term is a group that a run fills: no host now does not mean none later. */
  readonly isDynamic: boolean
}

/** Host names that a pattern stands for. A malformed pattern throws a FailureError (`pattern-invalid`). */
export function matchHosts(inventory: Inventory, pattern: string): string[] {
  return [...matchPattern(inventory, pattern).hosts]
}

/**
 * Ansible's patterns: terms between `,` (or `:`), `&term` intersects, `!term` excludes, whatever the order; groups,
 * hosts, globs, `~regex` (anchored at the start), `group[0]`, `group[1:3]` (both ends included).
 */
export function matchPattern(inventory: Inventory, pattern: string): PatternMatch {
  const terms = splitPattern(pattern)
  const plain = terms.filter((term) => !/^[!&]/.test(term))
  const unmatched: { term: string; meant?: string }[] = []
  let isDynamic = false
  const lookUp = (term: string): string[] => {
    const hosts = matchTerm(inventory, term)
    if (hosts.length > 0) return hosts
    if (dynamicGroups.includes(parseTerm(term).name)) isDynamic = true
    else if (!inventory.groups.has(parseTerm(term).name))
      unmatched.push({ term, ...meantBy(inventory, term) })
    return hosts
  }
  const start = plain.length === 0 && terms.length > 0 ? ['all'] : plain
  let hosts = new Set(start.flatMap(lookUp))
  for (const term of terms.filter((candidate) => candidate.startsWith('&'))) {
    const kept = new Set(lookUp(term.slice(1)))
    hosts = new Set([...hosts].filter((host) => kept.has(host)))
  }
  for (const term of terms.filter((candidate) => candidate.startsWith('!'))) {
    for (const host of lookUp(term.slice(1))) hosts.delete(host)
  }
  return { hosts: [...hosts], unmatched, isDynamic }
}

/** The hosts that `--limit` leaves. Throws a FailureError when there is none, or when it is malformed. */
export function limitedHosts(inventory: Inventory, limit: string, cwd: string): Set<string> {
  const pattern = readLimit(limit, cwd)
  if (pattern === '') return new Set(inventory.hosts.keys())
  const { hosts, unmatched } = matchPattern(inventory, pattern)
  if (hosts.length > 0) return new Set(hosts)
  const meant = unmatched.find((term) => term.meant !== undefined)?.meant
  throw new FailureError({
    reason: 'config',
    code: 'limit-no-hosts',
    message: `--limit ${limit} matches no host of the inventory`,
    hint: meant === undefined ? knownNames(inventory) : `did you mean "${meant}"?`,
  })
}

/** For a hint: what a pattern could have named. */
export function knownNames(inventory: Inventory): string {
  const groups = [...inventory.groups.keys()].filter((name) => hostsOfGroup(inventory, name).length > 0)
  const hosts = hostsOfGroup(inventory, 'all')
  const listed = (names: readonly string[]) =>
    names.length > 8 ? `${names.slice(0, 8).join(', ')}, … (${names.length})` : names.join(', ') || 'none'
  return `groups with hosts: ${listed(groups)}; hosts: ${listed(hosts)}`
}

/** `--limit`: a pattern, of which a term `@file` stands for the patterns in that file, one a line. */
export function readLimit(limit: string, cwd: string): string {
  return splitPattern(limit)
    .flatMap((term) => (term.startsWith('@') ? limitLines(term.slice(1), cwd) : [term]))
    .join(',')
}

function limitLines(file: string, cwd: string): string[] {
  try {
    return readFileSync(resolve(cwd, file), 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'))
  } catch (error) {
    throw new FailureError(
      {
        reason: 'config',
        code: 'limit-file',
        message: `cannot read the hosts of --limit from ${file}`,
        hint: 'give a file with one pattern a line',
      },
      { cause: error },
    )
  }
}

/** At commas when there is one (so that IPv6 addresses stay whole), else at colons outside brackets. Empty terms go. */
export function splitPattern(pattern: string): string[] {
  const parts = pattern.includes(',')
    ? pattern.split(',')
    : isIpv6(pattern)
      ? [pattern]
      : (pattern.match(/(?:\[[^\]]*\]|[^:[\]]|[[\]])+/g) ?? [])
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function isIpv6(text: string): boolean {
  return /^[0-9a-f]*(:[0-9a-f]*){2,}$/i.test(text) && /::|(:[0-9a-f]+){7}/i.test(text)
}

interface Term {
  readonly name: string
  readonly slice?: { readonly first: number; readonly last?: number; readonly isRange: boolean }
}

function parseTerm(term: string): Term {
  if (term.startsWith('~')) return { name: term }
  const match = /^(.+)\[(?:(-?\d+)|(\d*):(\d*))\]$/.exec(term)
  if (match) {
    const [, name = '', index, first = '', last = ''] = match
    if (index !== undefined) return { name, slice: { first: Number(index), isRange: false } }
    const end = last === '' ? {} : { last: Number(last) }
    return { name, slice: { first: Number(first || '0'), isRange: true, ...end } }
  }
  const wrong = /^[^[\]]+\[(-?\d+)-(-?\d*)\]$/.exec(term)
  if (!wrong) return { name: term }
  throw new FailureError({
    reason: 'config',
    code: 'pattern-invalid',
    message: `"${term}" is not a host pattern: a range is written with a colon`,
    hint: `write ${term.replace(/(\d)-(\d*)\]$/, '$1:$2]')}`,
  })
}

function matchTerm(inventory: Inventory, term: string): string[] {
  const { name, slice } = parseTerm(term)
  const hosts = matchName(inventory, name)
  if (!slice) return hosts
  if (!slice.isRange) return hosts.slice(slice.first, slice.first === -1 ? undefined : slice.first + 1)
  return hosts.slice(slice.first, slice.last === undefined ? undefined : slice.last + 1)
}

/** Groups first; hosts when no group matched or the term can match several. */
function matchName(inventory: Inventory, name: string): string[] {
  if (name === 'all' || name === '*') return hostsOfGroup(inventory, 'all')
  const isWide = name.startsWith('~') || /[.?*[]/.test(name)
  const test = isWide ? matcher(name) : (candidate: string) => candidate === name
  const groups = isWide ? [...inventory.groups.keys()].filter(test) : inventory.groups.has(name) ? [name] : []
  const found = new Set(groups.flatMap((group) => hostsOfGroup(inventory, group)))
  if (groups.length === 0 || isWide) {
    if (isWide) {
      for (const host of inventory.hosts.values()) {
        if (test(host.name) && (host.groups.length > 0 || host.name === name)) found.add(host.name)
      }
    } else if (inventory.hosts.has(name)) found.add(name)
  }
  if (found.size === 0 && ['127.0.0.1', '::1'].includes(name)) return ['localhost']
  return [...found]
}

/** Hosts of a group and of the groups below it, nearest first. */
export function hostsOfGroup(inventory: Inventory, name: string): string[] {
  const names = [name]
  const seen = new Set(names)
  const hosts = new Set<string>()
  for (const group of names) {
    const { hosts: own = [], children = [] } = inventory.groups.get(group) ?? {}
    for (const host of own) hosts.add(host)
    for (const child of children) {
      if (seen.has(child)) continue
      seen.add(child)
      names.push(child)
    }
  }
  return [...hosts]
}

/** Python's `fnmatch`, or a regular expression after `~` that must match from the start. */
function matcher(term: string): (name: string) => boolean {
  const expression = term.startsWith('~') ? regularExpression(term) : glob(term)
  return (name) => expression.test(name)
}

function regularExpression(term: string): RegExp {
  try {
    return new RegExp(`^(?:${term.slice(1)})`, 's')
  } catch (error) {
    throw new FailureError(
      {
        reason: 'config',
        code: 'pattern-invalid',
        message: `"${term}" is not a host pattern: the regular expression is wrong`,
      },
      { cause: error },
    )
  }
}

function meantBy(inventory: Inventory, term: string): { meant?: string } {
  const meant = didYouMean(parseTerm(term).name, [...inventory.groups.keys(), ...inventory.hosts.keys()])
  return meant === undefined ? {} : { meant }
}
