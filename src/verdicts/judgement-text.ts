import { listed } from '../bench/words.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import { counted } from '../util/words.ts'
import { differenceLines } from './comparability.ts'
import { type ComparedMeasure, type Judgement, withoutTolerance } from './judgement.ts'
import { type Measure, medianOf, metricName, writeValue } from './measure.ts'
import { fewestPaired } from './shift.ts'
import type { Change } from './verdict.ts'
import { paragraphs, signedPercent, signedRange, toleranceText } from './words.ts'

export const judgementColumns = [
  'measure',
  'before',
  'now',
  'change',
  '95 % interval',
  'tolerance',
  'verdict',
] as const

/** A row of the table, the same for text, Markdown and JUnit. */
export function judgementRow({ left, right, change, tolerance, verdict }: ComparedMeasure): string[] {
  return [
    measureName(right),
    writeValue(left, medianOf(left)),
    writeValue(right, medianOf(right)),
    signedPercent(change.centre),
    signedRange(change.low, change.high),
    toleranceText(tolerance),
    verdict ?? changeWord(change),
  ]
}

/** `guest1 on node1: cpu.efficiency`. */
export function measureName(measure: Measure): string {
  const where =
    measure.quantity === 'native' ? measure.hypervisor : `${measure.subject} on ${measure.hypervisor}`
  return printable(`${where}: ${metricName(measure)}`)
}

/** What the interval alone says, when no tolerance is known. */
function changeWord({ low, high }: Change): string {
  if (low === undefined || high === undefined) return 'too few blocks'
  if (high < 1) return 'slower'
  return low > 1 ? 'faster' : 'no difference seen'
}

/** The judgement in one sentence. */
export function judgementHeadline(judgement: Judgement): string {
  const { left, right, measures, same, verdict, incomparable } = judgement
  const sides = printable(`${right} against ${left}`)
  if (measures.length === 0)
    return `${sides}: ${same.length > 0 ? 'the same trials, nothing to compare' : 'nothing was measured on both sides'}.`
  if (incomparable.length > 0) return `${sides}: not comparable, so no verdict.`
  if (verdict === undefined)
    return `${sides}: ${counted(measures.length, 'measure')} compared, no verdict without a tolerance.`
  const worst = measures.filter((measure) => measure.verdict === verdict)
  const names = listed(
    worst.map(({ right: measure, change }) => `${measureName(measure)} ${signedPercent(change.centre)}`),
  )
  if (verdict === 'regression') return `${sides}: regression. Slower: ${names}.`
  if (verdict === 'inconclusive') {
    if (worst.length === 0) return `${sides}: inconclusive, not all of the baseline was measured.`
    const few = worst.filter(({ change }) => change.low === undefined).length
    const why =
      few === 0
        ? 'the intervals hold the limit'
        : few === worst.length
          ? 'too few blocks for an interval'
          : 'the intervals hold the limit or cannot be had of so few blocks'
    return `${sides}: inconclusive, ${why}: ${names}.`
  }
  return `${sides}: pass, ${counted(measures.length, 'measure')} within tolerance.`
}

/** What must be known besides the table: each line is a whole sentence. */
export function judgementNotes(judgement: Judgement): string[] {
  const { differences, incomparable, missing, measures, same, overdrawn } = judgement
  const isSpoiling = new Set(differenceLines(incomparable))
  const lines = differenceLines(differences)
  const unknown = withoutTolerance(judgement)
  const better = measures.filter(
    ({ change: { low }, tolerance, verdict }) =>
      verdict === 'pass' && tolerance !== undefined && low !== undefined && low > 1 + tolerance,
  )
  return [
    ...lines.filter((line) => isSpoiling.has(line)).map((line) => `Not comparable: ${line}.`),
    ...lines.filter((line) => !isSpoiling.has(line)).map((line) => `Also changed: ${line}.`),
    ...otherHosts(judgement),
    ...missing.map((measure) => `Not measured now: ${measureName(measure)}.`),
    ...addedNote(judgement),
    ...(same.length === 0 || measures.length === 0
      ? []
      : [`The same trials on both sides, so left out: ${listed(same.map(measureName))}.`]),
    ...pairingNotes(measures),
    ...(unknown.length === 0 || incomparable.length > 0
      ? []
      : [
          `No tolerance is known for ${listed(unknown)}: measure this host's own noise with \`hvlab calibrate\`, or give --tolerance.`,
        ]),
    ...overdrawn,
    ...(better.length === 0
      ? []
      : [
          `Faster by more than the tolerance: ${listed(better.map(({ right }) => measureName(right)))}. A newer baseline would notice when that is lost again.`,
        ]),
  ].map(printable)
}

/** Where each side has one host its name does not matter; whoever did not name it shall know. */
function otherHosts({ left, right, measures }: Judgement): string[] {
  const pairs = measures
    .filter(({ left: one, right: other }) => one.hypervisor !== other.hypervisor)
    .filter(
      ({ left: one, right: other }) =>
        !left.endsWith(`:${one.hypervisor}`) || !right.endsWith(`:${other.hypervisor}`),
    )
    .map(({ left: one, right: other }) => `${one.hypervisor} → ${other.hypervisor}`)
  return [...new Set(pairs)].map((pair) => `On another host than the baseline: ${pair}.`)
}

/** Whom nobody judges must not look judged. */
function addedNote({ measures, added }: Judgement): string[] {
  const isCompared = (measure: Measure): boolean =>
    measures.some(({ right }) => right.hypervisor === measure.hypervisor && right.subject === measure.subject)
  const names = added.map((measure) =>
    isCompared(measure) ? measureName(measure) : `${measure.subject} on ${measure.hypervisor}`,
  )
  return names.length === 0 ? [] : [`Not in the baseline, so not compared: ${listed([...new Set(names)])}.`]
}

/** What the intervals are of, by how the sides were measured. */
function pairingNotes(measures: readonly ComparedMeasure[]): string[] {
  const known = measures.filter(({ change }) => change.low !== undefined)
  const of = (isWanted: (change: Change) => boolean): ComparedMeasure[] =>
    known.filter(({ change }) => isWanted(change))
  const groups: readonly (readonly [text: string, measures: readonly ComparedMeasure[]])[] = [
    [
      'paired: differences within the blocks that both sides share (signed ranks)',
      of(({ pairing }) => pairing === 'paired'),
    ],
    [
      `of independent samples, though some blocks are shared: wider than need be, because pairs need ${fewestPaired} shared blocks and most of both sides`,
      of(({ pairing, sharedBlocks }) => pairing === 'independent' && sharedBlocks > 0),
    ],
    [
      'of independent samples: the two sides share no block (Mann–Whitney)',
      of(({ pairing, sharedBlocks }) => pairing === 'independent' && sharedBlocks === 0),
    ],
  ]
  return groups.flatMap(([text, own]) => {
    if (own.length === 0) return []
    const which =
      own.length === known.length ? '' : ` of ${listed(own.map(({ right }) => measureName(right)))}`
    return [`Intervals${which} are ${text}.`]
  })
}

export function judgementText(judgement: Judgement): string {
  const table = textTable([...judgementColumns], judgement.measures.map(judgementRow))
  return paragraphs([
    [judgementHeadline(judgement)],
    judgement.measures.length === 0 ? [] : table,
    judgementNotes(judgement),
  ])
}
