import type { Failure } from '../model/failure.ts'
import { namesOf } from './host-names.ts'
import { counted } from './words.ts'

/** A failure that a person must see. */
export interface HostFailure {
  readonly stage: string
  readonly host: string
  readonly task: string
  readonly failure: Failure
}

/** The same failure on several hosts. */
export interface FailureGroup {
  readonly stage: string
  readonly task: string
  readonly failures: readonly HostFailure[]
  /** What differs from host to host stands as `…` in them, a host's own name as `<host>`. */
  readonly message: string
  readonly hint: string | undefined
  /** What stands for `…` in the message, with the hosts that have it; the most frequent first. */
  readonly differences: readonly { readonly words: string; readonly hosts: readonly string[] }[]
  /** The evidence of each kind, that of its first host, with the hosts that have it. */
  readonly evidence: readonly { readonly details: string; readonly hosts: readonly string[] }[]
}

/**
 * Failures by what a person would call the same one: the same task, place and code, and messages and hints that differ in a few words
 * at most, as in addresses and figures. In the order of the first of each.
 */
export function grouped(failures: readonly HostFailure[]): FailureGroup[] {
  const groups: HostFailure[][] = []
  for (const failure of failures) {
    const group = groups.find(([first]) => first !== undefined && isAlike(first, failure))
    if (group === undefined) groups.push([failure])
    else group.push(failure)
  }
  return groups.map(groupOf)
}

function isAlike(one: HostFailure, other: HostFailure): boolean {
  const place = ({ stage, task, failure: { reason, code, location } }: HostFailure): string =>
    JSON.stringify([stage, task, reason, code, location?.file, location?.line])
  return (
    place(one) === place(other) &&
    areAlike(wordsOf(one, 'message'), wordsOf(other, 'message')) &&
    areAlike(wordsOf(one, 'hint'), wordsOf(other, 'hint'))
  )
}

/** As many words, and three of four the same; as many pieces again are the spaces between. */
function areAlike(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  const different = one.filter((word, index) => word !== other[index]).length
  return different <= Math.max(1, one.length / 8)
}

/** Words, and the white space between them. */
function wordsOf({ host, failure }: HostFailure, part: 'message' | 'hint' | 'details'): string[] {
  return withoutName(failure[part] ?? '', host).split(/(\s+)/)
}

/** A host's own name says nothing new. */
export function withoutName(text: string, host: string): string {
  const name = host.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return text.replaceAll(new RegExp(`(?<![\\w.-])${name}(?![\\w-]|\\.\\w)`, 'g'), '<host>')
}

function groupOf(failures: readonly HostFailure[]): FailureGroup {
  const message = shared(failures, 'message')
  const hint = shared(failures, 'hint')
  const [{ stage, task } = { stage: '', task: '' }] = failures
  return {
    stage,
    task,
    failures,
    message: message.text,
    hint: hint.text === '' ? undefined : hint.text,
    differences: byFrequency(
      failures.map((failure) => {
        const words = wordsOf(failure, 'message')
        const what = message.different.map((index) => words[index]).join(' ')
        return { what: what.replace(/[:,;.]$/, ''), host: failure.host }
      }),
    ).flatMap(({ what, hosts }) => (what === '' ? [] : [{ words: what, hosts }])),
    evidence: evidenceOf(failures),
  }
}

/** What all say; as it stands where all say the same. */
function shared(
  failures: readonly HostFailure[],
  part: 'message' | 'hint',
): { readonly text: string; readonly different: readonly number[] } {
  const texts = new Set(failures.map(({ failure }) => failure[part] ?? ''))
  const [only = ''] = texts
  if (texts.size === 1) return { text: only, different: [] }
  const all = failures.map((failure) => wordsOf(failure, part))
  const [first = []] = all
  const isSame = first.map((word, index) => all.every((words) => words[index] === word))
  return {
    text: first.map((word, index) => (isSame[index] ? word : '…')).join(''),
    different: [...isSame.keys()].filter((index) => !isSame[index]),
  }
}

/** Kinds of what differs: more than these nobody compares by eye. The journal has all. */
const mostDifferences = 6
/** Characters of what differs. */
const longestDifference = 60

/** `12: node[1-7]`, a line for what stands for `…`, the most frequent first, and how many hosts differ otherwise. */
export function differenceLines({ differences }: FailureGroup): string[] {
  const shown = differences.length > mostDifferences ? differences.slice(0, mostDifferences - 1) : differences
  const rest = new Set(differences.slice(shown.length).flatMap(({ hosts }) => hosts)).size
  const cut = (text: string): string =>
    text.length > longestDifference ? `${text.slice(0, longestDifference - 1)}…` : text
  return [
    ...shown.map(({ words, hosts }) => `${cut(words)}: ${namesOf(hosts)}`),
    ...(rest > 0 ? [`and others on ${counted(rest, 'more host')}`] : []),
  ]
}

function evidenceOf(failures: readonly HostFailure[]): FailureGroup['evidence'] {
  const kinds: HostFailure[][] = []
  for (const failure of failures) {
    if (failure.failure.details === undefined) continue
    const words = wordsOf(failure, 'details')
    const kind = kinds.find(([first]) => first !== undefined && areAlike(wordsOf(first, 'details'), words))
    if (kind === undefined) kinds.push([failure])
    else kind.push(failure)
  }
  return kinds
    .sort((a, b) => b.length - a.length)
    .map((kind) => ({
      details: kind[0]?.failure.details ?? '',
      hosts: kind.map(({ host }) => host),
    }))
}

function byFrequency(all: readonly { readonly what: string; readonly host: string }[]) {
  const found = new Map<string, string[]>()
  for (const { what, host } of all) found.set(what, [...(found.get(what) ?? []), host])
  return [...found].map(([what, hosts]) => ({ what, hosts })).sort((a, b) => b.hosts.length - a.hosts.length)
}
