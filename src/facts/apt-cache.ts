import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { count } from './text.ts'

export interface AptCache {
  /** `apt-get` is there. */
  readonly apt: boolean
  /** Seconds since the package lists were last fetched; null when there are none. */
  readonly ageSeconds: number | null
  /** Seconds since the epoch of that moment, 0 when never. */
  readonly updatedAt: number
}

// `update-success-stamp` is Ubuntu's; elsewhere the time of the lists' folder tells, as Ansible takes it.
export const aptCache = defineFact<[], AptCache>({
  name: 'apt-cache',
  command: () =>
    sections({
      apt: sh`command -v apt-get`,
      now: sh`date +%s`,
      stamp: sh`stat -c %Y /var/lib/apt/periodic/update-success-stamp`,
      lists: sh`stat -c %Y /var/lib/apt/lists`,
      files: sh`ls /var/lib/apt/lists | grep -c _Packages`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const now = count(section('now'))
    const updatedAt = Math.max(count(section('stamp')) ?? 0, count(section('lists')) ?? 0)
    const empty = section('files') === '0' || section('files') === ''
    return {
      apt: section('apt') !== '',
      ageSeconds: now === null || updatedAt === 0 || empty ? null : Math.max(now - updatedAt, 0),
      updatedAt: empty ? 0 : updatedAt,
    }
  },
})
