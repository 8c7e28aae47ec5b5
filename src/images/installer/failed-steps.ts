import type { InstallerEvent } from './installer-event.ts'
import type { FailureCause } from './outcome.ts'
import { type EvidenceCause, findingOf } from './serial-finding.ts'

/** Steps whose failure ends the installation; others may fail and be caught, such as the search for a mirror. */
const fatal = /^(subiquity\/(Install\/install|Late\/run|Early\/run)$|hvlab\/Layer\/)/

/** Collects what failed, and the evidence around it, until the cause is asked for. */
export class FailedSteps {
  readonly #open: string[] = []
  readonly #failed: { readonly step: string; readonly message: string }[] = []
  readonly #evidence = new Map<EvidenceCause, string>()

  /** Returns whether the event means that the installer gives up. */
  add(event: InstallerEvent): boolean {
    // The error-commands run because of a failure; theirs do not count.
    if (event.name.startsWith('subiquity/Error/')) return true
    if (event.type === 'start') {
      this.#open.push(event.name)
      return false
    }
    const at = this.#open.lastIndexOf(event.name)
    if (at >= 0) this.#open.splice(at, 1)
    if (event.result !== 'FAIL') return false
    this.#failed.push({ step: event.name, message: event.description })
    const finding = findingOf(event.description)
    if (finding?.kind === 'evidence') this.witness(finding.cause, finding.text)
    return fatal.test(event.name)
  }

  /** The first line of a cause is kept: what follows is its consequence. */
  witness(cause: EvidenceCause, text: string): void {
    if (!this.#evidence.has(cause)) this.#evidence.set(cause, text)
  }

  /** Evidence of an earlier phase explains nothing that fails later; a killed process may have been any. */
  enterPhase(): void {
    for (const cause of [...this.#evidence.keys()]) {
      if (cause !== 'out-of-memory') this.#evidence.delete(cause)
    }
  }

  get any(): boolean {
    return this.#failed.length > 0
  }

  /** The step that started last and has not ended. */
  get running(): string | undefined {
    return this.#open.at(-1)
  }

  /** The deepest step that failed, the first of them: its parents fail because of it. */
  get deepest(): { readonly step: string; readonly message: string } | undefined {
    const depth = (step: string) => step.split('/').length
    return this.#failed.reduce<{ step: string; message: string } | undefined>(
      (best, one) => (best === undefined || depth(one.step) > depth(best.step) ? one : best),
      undefined,
    )
  }

  /** A cause that was seen in passing and explains why the installation failed or stands still. */
  get explained(): FailureCause | undefined {
    const step = this.deepest?.step ?? this.running
    const of = step === undefined ? {} : { step }
    const text = (cause: EvidenceCause) => this.#evidence.get(cause)
    const memory = text('out-of-memory')
    if (memory !== undefined) return { kind: 'out-of-memory', text: memory, ...of }
    const space = text('no-space')
    if (space !== undefined) return { kind: 'no-space', where: 'guest', text: space, ...of }
    const disk = text('disk-unreadable')
    if (disk !== undefined) return { kind: 'disk-unreadable', text: disk, ...of }
    const mirror = text('mirror-unreachable')
    if (mirror !== undefined) return { kind: 'mirror-unreachable', text: mirror, ...of }
    const unknown = text('package-unknown')
    if (unknown !== undefined) return { kind: 'package-unknown', text: unknown, ...of }
    return undefined
  }

  /** Why the installer gave up. */
  get cause(): FailureCause {
    const failed = this.deepest
    return (
      this.explained ?? {
        kind: 'step-failed',
        step: failed?.step ?? this.running ?? 'unknown',
        message: failed?.message ?? 'the installer gave up without naming a step',
      }
    )
  }
}
