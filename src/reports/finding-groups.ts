import type { Finding } from '../bench/findings/finding.ts'
import { listed } from '../bench/words.ts'
import { literal } from '../util/words.ts'
import type { Language } from './language.ts'

/** What is true of several guests word for word is said once, of the first, and the others are named. */
export function grouped(findings: readonly Finding[], { say }: Language): Pick<Finding, 'level' | 'text'>[] {
  const groups = new Map<string, [first: Finding, ...others: Finding[]]>()
  for (const finding of findings) {
    const key = JSON.stringify([finding.rule, finding.level, finding.text.split(named(finding.about))])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [finding])
    else group.push(finding)
  }
  return [...groups.values()].map(([{ level, text }, ...others]) => ({
    level,
    text:
      others.length === 0
        ? text
        : `${text} ${say(`The same holds for ${listed(others.map(({ about }) => about))}.`)}`,
  }))
}

/** The name as a word: `guest1` is not in `guest10`. */
function named(name: string): RegExp {
  return new RegExp(`(?<![\\w-])${literal(name)}(?![\\w-])`)
}
