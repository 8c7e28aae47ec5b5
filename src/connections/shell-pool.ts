import type { Become } from '../model/command.ts'
import { type Failure, FailureError } from '../model/failure.ts'
import { sleep } from '../util/sleep.ts'
import { launch } from './become.ts'
import { Shell } from './shell.ts'
import { ChannelRefused, type Transport } from './transport.ts'

/** Starting a shell includes the login files of the user and sudo, which may ask a slow directory service. */
const shellStartMs = 30_000

/** How often a host may refuse the only shell before it counts as a host without one. */
const maxRefusals = 20

/** What a lease is for. */
export interface LeaseRequest {
  readonly become: Become | undefined
  readonly signal?: AbortSignal
  /** Set for a shell that runs one script of so many bytes and leaves the rest of its input to that script. */
  readonly singleScriptBytes?: number
  /** May use the channel that is kept free for killing; ChannelRefused instead of waiting when that is taken, too. */
  readonly urgent?: boolean
}

export interface Lease {
  readonly shell: Shell
  /** Gives the shell back; `broken` when it may still be busy or is out of step. */
  release(broken?: 'broken'): Promise<void>
}

/**
 * The shells of one transport: one per user to become, more while those are busy, never more channels than the host
 * allows. A host that allows fewer than expected is noticed when it refuses one, and the limit shrinks.
 */
export class ShellPool {
  readonly #transport: Transport
  readonly #shellPath: string
  readonly #idle: { readonly key: string; readonly shell: Shell }[] = []
  readonly #waiting: (() => void)[] = []
  #limit: number
  #channels = 0

  constructor(transport: Transport, shellPath: string) {
    this.#transport = transport
    this.#shellPath = shellPath
    this.#limit = transport.maxChannels
  }

  /** Throws a FailureError, or the reason of the signal. */
  async lease(request: LeaseRequest): Promise<Lease> {
    try {
      return await this.#take(request)
    } catch (error) {
      // Who was woken for what came free, and gives up, would leave those behind it waiting.
      this.#wakeOne()
      throw error
    }
  }

  async #take(request: LeaseRequest): Promise<Lease> {
    const become = this.#needed(request.become)
    const key = JSON.stringify(become ?? null)
    let refusals = 0
    for (;;) {
      request.signal?.throwIfAborted()
      if (this.#transport.lost !== undefined) throw new FailureError(this.#transport.lost)
      const idle = request.singleScriptBytes === undefined ? this.#takeIdle(key) : undefined
      if (idle !== undefined) return this.#lease(key, idle, false)
      if (this.#hasRoom(request)) {
        const shell = await this.#openShell(become, request, refusals++)
        if (shell !== undefined) return this.#lease(key, shell, request.singleScriptBytes !== undefined)
      } else if (this.#idle.length > 0) {
        await this.#closeOneIdle()
      } else {
        if (request.urgent === true) throw new ChannelRefused('all channels are busy')
        // At once: what is given back while nobody waits yet would wake nobody.
        await this.#change(request.signal)
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map(({ shell }) => shell.close()))
  }

  /** Nobody becomes the user that they are. */
  #needed(become: Become | undefined): Become | undefined {
    return become !== undefined && become.user === this.#transport.user ? undefined : become
  }

  /** One channel stays free for killing, unless the host allows a single one. */
  #hasRoom(request: LeaseRequest): boolean {
    const reserved = request.urgent === true || this.#limit === 1 ? 0 : 1
    return this.#channels < this.#limit - reserved
  }

  #takeIdle(key: string): Shell | undefined {
    for (let index = this.#idle.length - 1; index >= 0; index--) {
      const entry = this.#idle[index]
      if (entry?.key !== key) continue
      this.#idle.splice(index, 1)
      if (entry.shell.open) return entry.shell
      this.#channels--
    }
    return undefined
  }

  async #openShell(
    become: Become | undefined,
    request: LeaseRequest,
    refusals: number,
  ): Promise<Shell | undefined> {
    const { singleScriptBytes, signal } = request
    // dd reads single bytes, so that what follows the script is left for the script's own command.
    const rest =
      singleScriptBytes === undefined
        ? `exec ${this.#shellPath}`
        : `eval "$(dd bs=1 count=${singleScriptBytes} 2>/dev/null)"`
    this.#channels++
    try {
      return await Shell.open(this.#transport, launch(become, this.#shellPath, rest), {
        become,
        timeoutMs: shellStartMs,
        ...(signal === undefined ? {} : { signal }),
      })
    } catch (error) {
      this.#freeChannel()
      if (!(error instanceof ChannelRefused)) throw error
      if (this.#channels > 0) this.#limit = this.#channels
      else if (refusals >= maxRefusals)
        throw new FailureError(refused(this.#transport, error), { cause: error })
      // sshd counts a session until it has collected the process, a moment after its channel closed.
      else await sleep(50, signal)
      return undefined
    }
  }

  #lease(key: string, shell: Shell, single: boolean): Lease {
    return {
      shell,
      release: async (broken) => {
        if (broken !== 'broken' && !single && shell.open) {
          this.#idle.push({ key, shell })
          this.#wakeOne()
          return
        }
        if (broken === 'broken') shell.destroy()
        await shell.close()
        this.#freeChannel()
      },
    }
  }

  /** Makes room for a shell of another user. */
  async #closeOneIdle(): Promise<void> {
    await this.#idle.shift()?.shell.close()
    this.#freeChannel()
  }

  #freeChannel(): void {
    this.#channels--
    this.#wakeOne()
  }

  #wakeOne(): void {
    this.#waiting.shift()?.()
  }

  /** Waits until a shell or a channel is given back. */
  async #change(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(wake), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(wake)
    })
  }
}

function refused({ description }: Transport, error: ChannelRefused): Failure {
  return {
    reason: 'unreachable',
    code: 'shell-not-usable',
    message: `${description} accepts the login but refuses to start a shell: ${error.message}`,
    hint: 'Check MaxSessions, ForceCommand and the login shell of the user on the host.',
  }
}
