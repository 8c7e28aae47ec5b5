import { unreachable } from '../../util/unreachable.ts'
import { causeOf, type Ending, isProven, nothingSeen } from './ending.ts'
import { FailedSteps } from './failed-steps.ts'
import { eventFromLine, type InstallerEvent, stepText } from './installer-event.ts'
import type { InstallerLimits } from './limits.ts'
import { failureMarker, successMarker } from './marker.ts'
import type { Observation } from './observation.ts'
import type { FailureCause, InstallerOutcome, InstallerProgress } from './outcome.ts'
import { lastLine, packerError } from './packer-message.ts'
import { type Phase, phaseAfter, phases } from './phase.ts'
import { findingOf } from './serial-finding.ts'

/**
 * Follows one installation: observations in, one outcome out. It has no clock and does no I/O; every call brings the
 * time, milliseconds of any steady clock.
 *
 * Nothing ends at the first bad sign where a better one may follow: a failed step waits for the logs, a panic and
 * QEMU's end for the last lines of the console.
 */
export class InstallerWatch {
  readonly #limits: InstallerLimits
  readonly #marker: string
  readonly #failureMarker: string
  readonly #startedAt: number
  readonly #steps = new FailedSteps()
  readonly #seen = new Set<string>()
  readonly #durations: Partial<Record<Phase, number>> = {}
  readonly #tail: string[] = []
  #phase: Phase = 'start'
  #phaseSince: number
  #movedAt: number
  #progress: InstallerProgress
  readonly #ending: Ending = { ...nothingSeen }
  #logs: string | undefined
  /** The time at which what is known then decides. */
  #decideAt: number | undefined
  #outcome: InstallerOutcome | undefined

  constructor(options: { readonly nonce: string; readonly limits: InstallerLimits; readonly now: number }) {
    this.#limits = options.limits
    this.#marker = successMarker(options.nonce)
    this.#failureMarker = failureMarker(options.nonce)
    this.#startedAt = this.#phaseSince = this.#movedAt = options.now
    this.#progress = this.#progressNow('starting the machine')
  }

  get outcome(): InstallerOutcome | undefined {
    return this.#outcome
  }

  /** Another object whenever there is something new to show. */
  get progress(): InstallerProgress {
    return this.#progress
  }

  /** When the next observation is due at the latest, if only `time`. */
  get dueAt(): number {
    return Math.min(
      this.#startedAt + this.#limits.deadlineMs,
      this.#movedAt + this.#limits.stallMs[this.#phase],
      this.#decideAt ?? Number.POSITIVE_INFINITY,
    )
  }

  observe(observation: Observation, now: number): void {
    if (this.#outcome !== undefined) return
    this.#take(observation, now)
    if (this.#outcome === undefined) this.#checkTime(now)
  }

  /** The run was interrupted. */
  cancel(now: number): void {
    if (this.#outcome === undefined) this.#fail({ kind: 'cancelled' }, now)
  }

  #take(observation: Observation, now: number): void {
    switch (observation.kind) {
      case 'line':
        this.#line(observation.text, now)
        break
      case 'prompt':
        this.#prompt(observation.text, now)
        break
      case 'event':
        this.#event(observation.event, now)
        break
      case 'logs':
        this.#logs = observation.path
        this.#movedAt = now
        break
      case 'qemu-found':
        this.#enter('boot', now)
        break
      case 'panicked':
        this.#ending.panic ??= ''
        this.#decideWithin(this.#limits.settleMs, now)
        break
      case 'shutdown':
        this.#ending.shutdownReason = observation.reason
        this.#decideWithin(this.#limits.settleMs, now)
        break
      case 'disk-error':
        this.#diskError(observation, now)
        break
      case 'qemu-gone':
        this.#ending.qemuGone = true
        this.#decideWithin(this.#limits.settleMs, now)
        break
      case 'child-ended':
        this.#ending.child = { exitCode: observation.exitCode, output: observation.output }
        this.#decideWithin(isProven(this.#ending) ? 0 : this.#limits.settleMs, now)
        break
      case 'time':
        break
      default:
        unreachable(observation)
    }
  }

  #line(text: string, now: number): void {
    this.#movedAt = now
    this.#enter('boot', now)
    // The whole line: the installer also prints the text of the command that prints the marker.
    if (text === this.#marker) this.#ending.markerSeen = true
    if (text === this.#failureMarker) {
      this.#giveUp(now)
      this.#decideWithin(this.#limits.settleMs, now)
    }
    const event = eventFromLine(text)
    // What led to a failure says more than the commands that follow from it.
    if (event?.name.startsWith('subiquity/Error/') !== true) this.#tail.push(text)
    if (this.#tail.length > 20) this.#tail.shift()
    if (event === undefined) this.#classify(text, now)
    else this.#event(event, now)
  }

  #classify(text: string, now: number): void {
    const finding = findingOf(text)
    if (finding?.kind === 'panic') {
      this.#ending.panic ||= finding.message
      this.#decideWithin(this.#limits.settleMs, now)
    } else if (finding?.kind === 'no-medium') {
      this.#fail({ kind: 'medium-not-found' }, now)
    } else if (finding?.kind === 'evidence') {
      this.#steps.witness(finding.cause, finding.text)
      // A system from which the kernel took a process is not one to keep.
      if (finding.cause === 'out-of-memory') this.#decideWithin(0, now)
    } else {
      this.#prompt(text, now)
    }
  }

  /** What the installer asks or tells a person; such a text may have no line end. */
  #prompt(text: string, now: number): void {
    const kind = findingOf(text)?.kind
    if (kind === 'no-argument') this.#fail({ kind: 'no-autoinstall-argument' }, now)
    else if (kind === 'no-seed') this.#fail({ kind: 'seed-not-found' }, now)
    else if (kind === 'gave-up') this.#giveUp(now)
  }

  #diskError(error: Extract<Observation, { kind: 'disk-error' }>, now: number): void {
    const text = `${error.device}: ${error.reason}`
    if (error.noSpace) this.#fail({ kind: 'no-space', where: 'host', text }, now)
    else this.#steps.witness('disk-unreadable', text)
  }

  #event(event: InstallerEvent, now: number): void {
    this.#movedAt = now
    // The same event may come by webhook and on the console.
    const id = `${event.type} ${event.name}`
    if (this.#seen.has(id)) return
    this.#seen.add(id)
    this.#enter(phaseAfter(this.#phase, event), now)
    if (/^(subiquity\/(Shutdown\/shutdown|Reboot\/reboot)|hvlab\/Layer\/shutdown)$/.test(event.name))
      this.#ending.finalEvent = event.name
    if (this.#steps.add(event)) this.#giveUp(now)
    else if (!this.#ending.gaveUp && event.type === 'start')
      this.#progress = this.#progressNow(stepText(event))
  }

  #giveUp(now: number): void {
    if (this.#ending.gaveUp) return
    this.#ending.gaveUp = true
    this.#decideWithin(this.#limits.graceMs, now)
    const failed = this.#steps.deepest
    this.#progress = this.#progressNow(
      `${failed === undefined ? 'the installer failed' : `${failed.step} failed`}: collecting its logs`,
    )
  }

  #enter(phase: Phase, now: number): void {
    if (phases.indexOf(phase) <= phases.indexOf(this.#phase)) return
    this.#durations[this.#phase] = Math.round(now - this.#phaseSince) / 1000
    this.#phase = phase
    this.#phaseSince = this.#movedAt = now
    this.#steps.enterPhase()
    this.#progress = this.#progressNow()
  }

  #decideWithin(ms: number, now: number): void {
    this.#decideAt = Math.min(this.#decideAt ?? Number.POSITIVE_INFINITY, now + ms)
  }

  #checkTime(now: number): void {
    if (this.#decideAt !== undefined && now >= this.#decideAt) {
      this.#decideAt = undefined
      this.#decide(now)
    } else if (now >= this.#startedAt + this.#limits.deadlineMs) {
      this.#fail({ kind: 'deadline', afterMs: this.#limits.deadlineMs }, now)
    } else if (now >= this.#movedAt + this.#limits.stallMs[this.#phase]) {
      const step = this.#steps.running
      const silentMs = Math.round(now - this.#movedAt)
      this.#fail(
        this.#steps.explained ?? { kind: 'stalled', silentMs, ...(step === undefined ? {} : { step }) },
        now,
      )
    }
  }

  /** Everything that was to arrive has. */
  #decide(now: number): void {
    if (isProven(this.#ending)) this.#decideProven(now)
    else this.#fail(causeOf(this.#ending, this.#steps), now)
  }

  #decideProven(now: number): void {
    this.#enter('finishing', now)
    if (this.#ending.child === undefined) return
    const { exitCode, output } = this.#ending.child
    if (exitCode !== 0) {
      const message = packerError(output) ?? lastLine(output)
      this.#fail({ kind: 'packer-failed', exitCode, message }, now)
      return
    }
    this.#durations[this.#phase] = Math.round(now - this.#phaseSince) / 1000
    this.#outcome = {
      kind: 'success',
      proof: {
        finalEvent: this.#ending.finalEvent ?? '',
        marker: this.#marker,
        shutdownReason: this.#ending.shutdownReason ?? '',
      },
      ...this.#watched(),
    }
  }

  #fail(cause: FailureCause, now: number): void {
    this.#durations[this.#phase] = Math.round(now - this.#phaseSince) / 1000
    this.#outcome = {
      kind: 'failed',
      cause,
      phase: this.#phase,
      serialTail: [...this.#tail],
      ...this.#watched(),
    }
  }

  #watched() {
    return {
      durations: { ...this.#durations },
      events: this.#seen.size,
      ...(this.#logs === undefined ? {} : { logs: this.#logs }),
    }
  }

  #progressNow(step?: string): InstallerProgress {
    return {
      phase: this.#phase,
      text: step === undefined ? this.#phase : `${this.#phase}: ${step}`,
      done: phases.indexOf(this.#phase),
      total: phases.length,
    }
  }
}
