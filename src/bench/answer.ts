import { counted } from '../util/words.ts'
import type { Comparison } from './comparison.ts'
import { listed, lowerFirst, percent, times } from './words.ts'

/** Below this slowdown a share of native speed says more than a factor. */
const nearNative = 1.25
/** As many workloads a sentence can name; of more it names the two ends. */
const nameable = 4

/** The result in one sentence, workloads in words. */
export function answer(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0) return 'No workload has a complete pair of native and guest figures.'
  const guests = new Set(comparisons.map(({ hypervisor, guest }) => `${hypervisor}/${guest}`))
  const hosts = [...new Set(comparisons.map(({ hypervisor }) => hypervisor))]
  const who =
    guests.size === 1
      ? `The guest ${comparisons[0]?.guest} on ${hosts[0]}`
      : `${guests.size} guests on ${hosts.length === 1 ? hosts[0] : `${hosts.length} hosts`}`
  const one = guests.size === 1
  const spans = byWorkload(comparisons)
  const near = spans.every(({ slowdown: [low, high] }) => high < nearNative && low > 1 / nearNative)
  const faster = near ? [] : spans.filter(({ isFaster }) => isFaster)
  const alike = near ? [] : spans.filter(({ isAlike }) => isAlike)
  const rest = spans.filter((span) => !faster.includes(span) && !alike.includes(span))
  const also = listed(
    faster.map(({ title, slowdown: [low, high] }) => `${spread(1 / high, 1 / low)} at ${title}`),
  )
  const addition = faster.length === 0 ? '' : `, but ${also}`.replace(' at ', ' faster at ')
  return [
    ...(rest.length > 0 ? [`${who} ${near ? share(rest, one) : factor(rest, one)}${addition}.`] : []),
    ...(rest.length === 0 && faster.length > 0
      ? [`${who} ${one ? 'is' : 'are'} ${also.replace(' at ', ' faster at ')}.`]
      : []),
    ...(alike.length > 0
      ? [`No difference from native is shown at ${listed(alike.map(({ title }) => title))}.`]
      : []),
  ].join(' ')
}

/** What must be known before the answer is believed: most of it was measured in company, or too seldom. Empty otherwise. */
export function doubt(comparisons: readonly Comparison[]): string {
  return [noise(comparisons), chance(comparisons)].filter(Boolean).join(' ')
}

function chance(comparisons: readonly Comparison[]): string {
  if (comparisons.length === 0 || comparisons.some(({ slowdown }) => slowdown.low !== undefined)) return ''
  const most = Math.max(...comparisons.map(({ blocks }) => blocks.length))
  return most === 1
    ? 'Each figure is of one block: nothing here says how far chance moved it.'
    : `Each figure is of ${most} blocks at most: too few to say how far chance moved it.`
}

function noise(comparisons: readonly Comparison[]): string {
  const blocks = comparisons.flatMap((comparison) => comparison.blocks)
  const noisy = blocks.filter((block) => block.noisy).length
  if (noisy <= blocks.length / 2) return ''
  return `The machine was not quiet: ${noisy} of ${counted(blocks.length, 'ratio')} are of trials that failed a gate on noise.`
}

interface Span {
  /** Written small: it stands within the sentence. */
  readonly title: string
  /** Lowest and highest over the guests. */
  readonly slowdown: readonly [low: number, high: number]
  /** The whole interval of every guest is. */
  readonly isFaster: boolean
  /** The interval of every guest holds 1, or all are below it, and their intervals do not say so. */
  readonly isAlike: boolean
}

function byWorkload(comparisons: readonly Comparison[]): Span[] {
  return [...new Set(comparisons.map(({ workload }) => workload.id))].map((id) => {
    const own = comparisons.filter(({ workload }) => workload.id === id)
    const slowdowns = own.map(({ slowdown }) => slowdown.centre)
    const isFaster = own.every(({ slowdown: { high } }) => high !== undefined && high < 1)
    const holdOne = own.every(
      ({ slowdown: { low, high } }) => low !== undefined && high !== undefined && low <= 1 && high >= 1,
    )
    return {
      title: lowerFirst(own[0]?.workload.title ?? id),
      slowdown: [Math.min(...slowdowns), Math.max(...slowdowns)],
      isFaster,
      isAlike: !isFaster && (holdOne || Math.max(...slowdowns) < 1),
    }
  })
}

function factor(spans: readonly Span[], one: boolean): string {
  const verb = one ? 'is' : 'are'
  if (spans.length > nameable) {
    const [least, most] = ends(spans)
    const all = spread(least.slowdown[0], most.slowdown[1])
    return `${verb} ${all} slower: most at ${most.title} (${spread(...most.slowdown)}), least at ${least.title} (${spread(...least.slowdown)})`
  }
  const parts = spans.map(({ title, slowdown }) => `${spread(...slowdown)} at ${title}`)
  return `${verb} ${listed(parts).replace(' at ', ' slower at ')}`
}

function share(spans: readonly Span[], one: boolean): string {
  const verb = one ? 'reaches' : 'reach'
  const text = ([low, high]: Span['slowdown']): string => spread(100 / high, 100 / low, percent)
  if (spans.length > nameable) {
    const [most, least] = ends(spans)
    const all = text([most.slowdown[0], least.slowdown[1]])
    return `${verb} ${all} of native speed: most at ${most.title} (${text(most.slowdown)}), least at ${least.title} (${text(least.slowdown)})`
  }
  const parts = spans.map(({ title, slowdown }) => `${text(slowdown)} at ${title}`)
  return `${verb} ${listed(parts).replace(' at ', ' of native speed at ')}`
}

/** Where virtualisation costs least, and where most. */
function ends(spans: readonly Span[]): [least: Span, most: Span] {
  const sorted = [...spans].sort((left, right) => left.slowdown[1] - right.slowdown[1])
  const [least, most] = [sorted[0], sorted.at(-1)]
  if (least === undefined || most === undefined) throw new Error('no workload')
  const low = spans.reduce((best, span) => (span.slowdown[0] < best.slowdown[0] ? span : best), least)
  return [low, most]
}

function spread(low: number, high: number, write: (value: number) => string = times): string {
  return write(low) === write(high) ? write(high) : `${write(low).replace(/ .*/, '')}–${write(high)}`
}
