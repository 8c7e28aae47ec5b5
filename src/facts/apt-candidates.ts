import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { lines } from './text.ts'

export interface AptCandidate {
  readonly installed: string | null
  /** The version that apt would install; null for a package that is only provided by others. */
  readonly candidate: string | null
}

/**
 * What apt would install: name → versions; names that apt does not know are missing.
 * Source: `apt-cache policy`, whose lines are `name:`, `  Installed: …`, `  Candidate: …`.
 */
export const aptCandidates = defineFact<[names: readonly string[]], Readonly<Record<string, AptCandidate>>>({
  name: 'apt-candidates',
  command: (names) => sh`LC_ALL=C apt-cache policy -- ${names}`,
  parse({ stdout }) {
    const found: Record<string, { installed: string | null; candidate: string | null }> = {}
    let current: { installed: string | null; candidate: string | null } | undefined
    for (const line of lines(stdout)) {
      const name = /^(\S+):$/.exec(line)?.[1]
      const version = /^ {2}(Installed|Candidate): (.*)$/.exec(line)
      if (name !== undefined) {
        current = { installed: null, candidate: null }
        found[name] = current
      } else if (current && version) {
        const value = version[2] === '(none)' ? null : (version[2] ?? null)
        if (version[1] === 'Installed') current.installed = value
        else current.candidate = value
      }
    }
    return found
  },
})
