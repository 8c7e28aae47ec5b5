import { setMaxListeners } from 'node:events'
import { ExitCode } from '../model/exit-code.ts'

export type InterruptionCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT' | 'deadline'

/**
 * A person's or machine's wish that the run ends. The first one stops it cleanly: what runs on hosts is cancelled, no
 * further task starts, the recap is still printed. The second one ends it at once. Whoever owns the process calls
 * `interrupt`; the engine only listens.
 */
export class Interruption {
  readonly #clean = new AbortController()
  readonly #atOnce = new AbortController()
  readonly #listeners: ((cause: InterruptionCause, times: number) => void)[] = []
  #cause: InterruptionCause | undefined
  #times = 0
  #leavesWork = false

  constructor() {
    // Every running command listens.
    setMaxListeners(0, this.#clean.signal, this.#atOnce.signal)
  }

  interrupt(cause: InterruptionCause): void {
    this.#times += 1
    this.#cause ??= cause
    for (const listener of this.#listeners) listener(cause, this.#times)
    this.#clean.abort()
    if (this.#times > 1) this.#atOnce.abort()
  }

  /** Calls back for every interruption, before anything is cancelled. */
  onInterrupt(listener: (cause: InterruptionCause, times: number) => void): void {
    this.#listeners.push(listener)
  }

  /** Fires at the first interruption. */
  get signal(): AbortSignal {
    return this.#clean.signal
  }

  /** Fires at the second. */
  get atOnce(): AbortSignal {
    return this.#atOnce.signal
  }

  /** Asked before each further piece of work: true when it must not begin. Then something is left to do. */
  stopsWork(): boolean {
    if (this.isInterrupted) this.#leavesWork = true
    return this.isInterrupted
  }

  /** Whether it stopped anything: what ends by itself before anything else was to begin leaves nothing. */
  get leavesWork(): boolean {
    return this.#leavesWork
  }

  get isInterrupted(): boolean {
    return this.#cause !== undefined
  }

  get cause(): InterruptionCause | undefined {
    return this.#cause
  }

  /** Undefined while nothing interrupted. */
  get exitCode(): ExitCode | undefined {
    switch (this.#cause) {
      case undefined:
        return undefined
      case 'deadline':
        return ExitCode.deadline
      case 'SIGTERM':
      case 'SIGHUP':
      case 'SIGQUIT':
        return ExitCode.terminated
      default:
        return ExitCode.interrupted
    }
  }
}
