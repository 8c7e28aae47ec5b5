import { StringDecoder } from 'node:string_decoder'
import type { Become } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { type Deferred, deferred } from '../util/deferred.ts'
import { explainBecomeFailure, type Launch, wrongPassword } from './become.ts'
import { FrameScanner } from './shell-protocol.ts'
import type { Channel, Transport } from './transport.ts'

export type StreamName = 'stdout' | 'stderr'

/** A command that runs in a shell. */
export interface Execution {
  /** The command's process group on the host. */
  readonly started: Promise<number>
  /** The exit code, after all output was delivered. Rejects with ShellEnded when the shell dies first. */
  readonly ended: Promise<number>
}

/** The shell or its channel went away while it was needed; the caller knows whether the whole host is lost. */
export class ShellEnded extends Error {}

/** One shell process on a host that runs commands one after the other. */
export class Shell {
  readonly #channel: Channel
  #open = true
  #current: CurrentCommand | undefined

  private constructor(channel: Channel) {
    this.#channel = channel
    for (const name of ['stdout', 'stderr'] as const) {
      channel[name].on('data', (chunk: Buffer) => this.#current?.scanners[name].feed(chunk))
    }
    void channel.closed.then(() => {
      this.#open = false
      const reason = new ShellEnded('the shell ended')
      this.#current?.started.reject(reason)
      this.#current?.ended.reject(reason)
    })
  }

  /**
   * Starts a shell and waits until it has said so on both streams.
   * Throws a FailureError (`become-*`, `shell-not-usable`), or ChannelRefused.
   */
  static async open(
    transport: Transport,
    start: Launch,
    options: {
      readonly become: Become | undefined
      readonly timeoutMs: number
      readonly signal?: AbortSignal
    },
  ): Promise<Shell> {
    const channel = await transport.open(start.line)
    try {
      await waitUntilReady(channel, start, transport, options)
    } catch (error) {
      channel.destroy()
      throw error
    }
    return new Shell(channel)
  }

  get open(): boolean {
    return this.#open
  }

  /** Input of the process, for data that follows a command on a channel of its own. */
  get stdin(): Channel['stdin'] {
    return this.#channel.stdin
  }

  execute(id: string, line: string, onOutput: (stream: StreamName, chunk: Buffer) => void): Execution {
    const started = deferred<number>()
    const ended = deferred<number>()
    const streamsEnded: Record<StreamName, boolean> = { stdout: false, stderr: false }
    const scanner = (name: StreamName) =>
      new FrameScanner(id, {
        started: (processGroup) => started.resolve(processGroup),
        output: (chunk) => onOutput(name, chunk),
        ended: (exitCode) => {
          streamsEnded[name] = true
          if (!streamsEnded.stdout || !streamsEnded.stderr) return
          this.#current = undefined
          ended.resolve(exitCode)
        },
      })
    this.#current = { started, ended, scanners: { stdout: scanner('stdout'), stderr: scanner('stderr') } }
    if (this.#open) this.#channel.stdin.write(line)
    else ended.reject(new ShellEnded('the shell ended'))
    return { started: started.promise, ended: ended.promise }
  }

  /** Asks the shell to end and waits for it; lets go of it after a second. */
  async close(): Promise<void> {
    if (!this.#open) return
    this.#channel.stdin.end()
    const timer = setTimeout(() => this.#channel.destroy(), 1000)
    await this.#channel.closed
    clearTimeout(timer)
  }

  /** Lets go of a shell that does not answer. */
  destroy(): void {
    this.#channel.destroy()
  }
}

interface CurrentCommand {
  readonly started: Deferred<number>
  readonly ended: Deferred<number>
  readonly scanners: Record<StreamName, FrameScanner>
}

/** Keeps the last 16 KiB of a noisy login, for the error text. */
const loginOutputLimit = 16 * 1024

async function waitUntilReady(
  channel: Channel,
  start: Launch,
  transport: Transport,
  options: { readonly become: Become | undefined; readonly timeoutMs: number; readonly signal?: AbortSignal },
): Promise<void> {
  const ready = deferred<void>()
  const said: Record<StreamName, string> = { stdout: '', stderr: '' }
  /** Whether the login and its noise are over: a line of it that ends like a prompt gets no password. */
  const isPast: Record<StreamName, boolean> = {
    stdout: start.mark === undefined,
    stderr: start.mark === undefined,
  }
  const passMark = (stream: StreamName) => {
    const at = start.mark === undefined ? -1 : said[stream].indexOf(start.mark)
    if (isPast[stream] || start.mark === undefined || at < 0) return
    isPast[stream] = true
    said[stream] = said[stream].slice(at + start.mark.length)
  }
  let asked = 0
  const answer = (stream: StreamName) => {
    if (!isPast[stream] || options.become === undefined) return
    if (start.prompt === undefined || !start.prompt.test(said[stream])) return
    asked++
    said[stream] = ''
    if (start.password === undefined) channel.stdin.end()
    else if (asked === 1) channel.stdin.write(`${start.password}\n`)
    else ready.reject(new FailureError(wrongPassword(options.become, transport.description)))
  }
  const listen = (stream: StreamName) => {
    const decoder = new StringDecoder('utf8')
    const onData = (chunk: Buffer) => {
      said[stream] = (said[stream] + decoder.write(chunk)).slice(-loginOutputLimit)
      passMark(stream)
      const isReady = (name: StreamName) => said[name].includes(start.token)
      if (isReady('stdout') && isReady('stderr')) ready.resolve()
      else if (!isReady('stdout') && !isReady('stderr')) answer(stream)
    }
    channel[stream].on('data', onData)
    return () => channel[stream].off('data', onData)
  }
  const stopListening = [listen('stdout'), listen('stderr')]
  const onAbort = () => ready.reject(options.signal?.reason)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(
    () =>
      ready.reject(
        new FailureError(notUsable(transport, `did not start within ${options.timeoutMs / 1000} s`, said)),
      ),
    options.timeoutMs,
  )
  void channel.closed.then(() => {
    const output = `${said.stdout}\n${said.stderr}`
    if (transport.lost !== undefined) ready.reject(new FailureError(transport.lost))
    else if (options.become !== undefined && isPast.stderr) {
      ready.reject(
        new FailureError(explainBecomeFailure(options.become, output, transport.description, asked)),
      )
    } else ready.reject(new FailureError(notUsable(transport, 'ended at once', said)))
  })
  try {
    await ready.promise
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
    for (const stop of stopListening) stop()
  }
}

function notUsable(transport: Transport, what: string, said: Record<StreamName, string>) {
  const output = `${said.stdout}\n${said.stderr}`.trim()
  return {
    reason: 'unreachable' as const,
    code: 'shell-not-usable',
    message: `The shell on ${transport.description} ${what}`,
    hint: 'Check that the login shell of the user runs commands and that its start-up files do not wait or exit.',
    ...(output === '' ? {} : { details: output }),
  }
}
