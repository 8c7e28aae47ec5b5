import { counted } from '../../util/words.ts'
import type { Benchmark } from '../record.ts'
import {
  diskCaches,
  type Setting,
  type SettingComparison,
  settingComparisons,
  settings,
} from '../setting-comparison.ts'
import { nominalLevel } from '../statistics.ts'
import { listed, lowerFirst, range, times } from '../words.ts'
import type { Finding, Rule } from './finding.ts'

/** What a setting of a guest costs beside another guest that differs in nothing else. */
export const settingFindings: Rule = (benchmark, comparisons) => {
  const all = settingComparisons(benchmark, comparisons)
  const sure = all.filter(({ slowdown: { level } }) => level !== undefined && level >= nominalLevel)
  return [
    ...unsafeCaches(benchmark),
    ...settings.flatMap((setting) => {
      const own = sure.filter((one) => one.setting === setting)
      return [...new Set(own.map(({ guest }) => guest))].flatMap((guest) =>
        costs(own.filter((one) => one.guest === guest)),
      )
    }),
    ...byChance(sure),
  ]
}

/** 1 is not in the interval. */
function differs({ slowdown: { low, high } }: SettingComparison): boolean {
  return low !== undefined && high !== undefined && (low > 1 || high < 1)
}

/** In what the two guests of a sentence differ. */
const only: Readonly<Record<Setting, string>> = {
  placement: 'which has other CPUs or memory of the host and',
  'disk-cache': 'whose disk has another cache and which',
  clock: 'which reads another clock and',
}

function costs(comparisons: readonly SettingComparison[]): Finding[] {
  const clear = comparisons.filter(differs)
  const [first] = clear
  if (first === undefined) return []
  const what = clear.map(
    ({ workload, slowdown: { centre, low, high } }) =>
      `${times(centre)} as long at ${lowerFirst(workload.title)} (${range(low, high, times)})`,
  )
  return [
    {
      rule: 'setting-cost',
      level: 'fact',
      about: first.guest,
      text: `Beside ${first.reference}, ${only[first.setting]} differs in nothing else on record, ${first.guest} takes ${listed(what)}.`,
    },
  ]
}

/** Of many intervals some miss by chance: how many were looked at belongs to what was found. */
function byChance(comparisons: readonly SettingComparison[]): Finding[] {
  const [first] = comparisons
  if (first === undefined) return []
  const clear = comparisons.filter(differs).length
  const chance = comparisons.length * (1 - nominalLevel)
  return [
    {
      rule: 'setting-chance',
      level: clear > 0 && clear <= 2 * chance ? 'caution' : 'fact',
      about: first.hypervisor,
      text: `${clear} of ${counted(comparisons.length, 'interval')} between guests that differ in one setting do not hold 1; if no setting cost anything, chance would make it about ${Number(chance.toPrecision(2))}.`,
    },
  ]
}

/** QEMU's cache mode `unsafe` drops every flush (qemu-options: `cache.no-flush=on`). */
function unsafeCaches({ environments }: Benchmark): Finding[] {
  return environments.flatMap(({ subject, domain }): Finding[] =>
    domain === null || !diskCaches(domain).includes('unsafe')
      ? []
      : [
          {
            rule: 'unsafe-cache',
            level: 'caution',
            about: subject,
            text: `A disk of ${subject} has the cache unsafe: QEMU drops every flush, so what the guest takes for written may be lost with the host.`,
          },
        ],
  )
}
