import type { Outcome, RecapCounts } from '../model/result.ts'
import { unreachable } from '../util/unreachable.ts'

/** Counts outcomes as Ansible does: `ok` includes `changed`, and what was ignored; a rescued failure is no failure. */
export class Recap {
  readonly #hosts = new Map<string, RecapCounts>()

  /** A host that takes part has a line, also when nothing happened on it. */
  of(host: string): RecapCounts {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const counts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 }
    this.#hosts.set(host, counts)
    return counts
  }

  count(host: string, outcome: Outcome, hasChanged: boolean): void {
    const counts = this.of(host)
    switch (outcome.kind) {
      case 'ok':
        counts.ok += 1
        return
      case 'changed':
        counts.ok += 1
        counts.changed += 1
        return
      case 'skipped':
        counts.skipped += 1
        return
      case 'unreachable':
        counts.unreachable += 1
        return
      case 'failed':
        if (outcome.ignored) {
          counts.ok += 1
          counts.ignored += 1
          if (hasChanged) counts.changed += 1
        } else if (outcome.rescued) {
          counts.rescued += 1
        } else {
          counts.failed += 1
        }
        return
      default:
        unreachable(outcome)
    }
  }

  all(): Record<string, RecapCounts> {
    const names = [...this.#hosts.keys()].sort((a, b) => (a < b ? -1 : 1))
    const recap: Record<string, RecapCounts> = Object.create(null)
    for (const name of names) recap[name] = { ...this.of(name) }
    return recap
  }
}
