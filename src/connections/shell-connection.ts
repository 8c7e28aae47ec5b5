import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Become, Command, CommandResult } from '../model/command.ts'
import { type Failure, FailureError } from '../model/failure.ts'
import { CappedOutput } from '../util/capped-output.ts'
import { quote, renderCommand, renderMasked } from '../util/sh.ts'
import type { Connection, PutOptions, RunOptions } from './connection.ts'
import type { Request } from './executor.ts'
import { sendInput } from './input-file.ts'
import { killDeadlineMs, killGroup } from './kill-group.ts'
import { putFile } from './put-file.ts'
import { readWholeFile } from './read-file.ts'
import { type Execution, ShellEnded } from './shell.ts'
import { type Lease, ShellPool } from './shell-pool.ts'
import { frameLine, maxCommandBytes, maxInlineInputBytes } from './shell-protocol.ts'
import type { Transport } from './transport.ts'

/** Commands and files over the shells of one transport, which is opened again when it was lost. */
export class ShellConnection implements Connection {
  readonly description: string
  readonly #connect: () => Promise<Transport>
  readonly #shellPath: string
  #link: Promise<{ readonly transport: Transport; readonly pool: ShellPool }>
  #closed = false

  private constructor(transport: Transport, connect: () => Promise<Transport>, shellPath: string) {
    this.description = transport.description
    this.#connect = connect
    this.#shellPath = shellPath
    this.#link = Promise.resolve({ transport, pool: new ShellPool(transport, shellPath) })
  }

  /** @param connect Opens the transport; called again after a loss, by the next command. */
  static async open(connect: () => Promise<Transport>, shellPath: string): Promise<ShellConnection> {
    return new ShellConnection(await connect(), connect, shellPath)
  }

  async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    const startedAt = performance.now()
    const output = { stdout: new CappedOutput(), stderr: new CappedOutput() }
    const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
    const exitCode = await this.execute({
      command,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onChunk: (stream, chunk) => {
        output[stream].push(chunk)
        if (options.onOutput === undefined) return
        const text = decoders[stream].write(chunk)
        if (text !== '') options.onOutput(stream, text)
      },
    })
    for (const stream of ['stdout', 'stderr'] as const) {
      const rest = decoders[stream].end()
      if (rest !== '') options.onOutput?.(stream, rest)
    }
    return {
      exitCode,
      stdout: output.stdout.text(),
      stderr: output.stderr.text(),
      durationMs: performance.now() - startedAt,
      truncated: output.stdout.truncated || output.stderr.truncated,
    }
  }

  /** Resolves with the exit code; output goes to `onChunk` as raw bytes. Throws as `run` does. */
  async execute(request: Request): Promise<number> {
    const { command, signal } = request
    const text = scriptText(command)
    if (signal?.aborted) throw new FailureError(this.#cancelled(command))
    const link = await this.#current()
    const id = randomBytes(12).toString('hex')
    const inline = typeof command.stdin === 'string' ? Buffer.from(command.stdin) : command.stdin
    const streamed = request.inputFile ?? (inline && inline.length > maxInlineInputBytes ? inline : undefined)
    const stdin = streamed === undefined ? (inline ?? ('none' as const)) : ('channel' as const)
    const line = frameLine({ id, text, stdin, shell: this.#shellPath })
    const lease = await this.#lease(link.pool, command, signal, streamed === undefined ? undefined : line)
    const execution = lease.shell.execute(id, line, request.onChunk)
    if (streamed !== undefined) sendInput(streamed, lease.shell.stdin)
    return await this.#settle(execution, lease, request, link)
  }

  async put(
    content: Uint8Array | { readonly file: string },
    path: string,
    options: PutOptions = {},
  ): Promise<void> {
    await putFile(this, content, path, options)
  }

  async get(
    path: string,
    options: { readonly become?: Become; readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    return await readWholeFile(this, path, options)
  }

  async forward(address: string, port: number): Promise<Duplex> {
    return await (await this.#current()).transport.forward(address, port)
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const link = await this.#link.catch(() => undefined)
    await link?.pool.close()
    await link?.transport.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The open link; a lost one is replaced, once for all who ask at the same time. */
  async #current() {
    if (this.#closed) throw new FailureError(closedFailure(this.description))
    const waited = this.#link
    const link = await waited.catch(() => undefined)
    if (link !== undefined && link.transport.lost === undefined) return link
    if (this.#link === waited) {
      this.#link = this.#connect().then((transport) => ({
        transport,
        pool: new ShellPool(transport, this.#shellPath),
      }))
      this.#link.catch(() => {})
    }
    return await this.#link
  }

  async #lease(
    pool: ShellPool,
    command: Command,
    signal: AbortSignal | undefined,
    singleScript: string | undefined,
  ): Promise<Lease> {
    try {
      return await pool.lease({
        become: command.become,
        ...(signal === undefined ? {} : { signal }),
        ...(singleScript === undefined ? {} : { singleScriptBytes: Buffer.byteLength(singleScript) }),
      })
    } catch (error) {
      if (signal?.aborted) throw new FailureError(this.#cancelled(command), { cause: error })
      throw error
    }
  }

  /** Waits for the end, the deadline or the signal, and gives the shell back in the state that it is in. */
  async #settle(
    execution: Execution,
    lease: Lease,
    { command, signal }: Request,
    link: { readonly transport: Transport; readonly pool: ShellPool },
  ): Promise<number> {
    const interruption = new Interruption(command.timeoutMs, signal)
    try {
      const outcome = await Promise.race([execution.ended, interruption.promise])
      if (typeof outcome === 'number') {
        await lease.release()
        return outcome
      }
      const killed = await this.#kill(execution, command, link)
      await lease.release(killed ? undefined : 'broken')
      throw new FailureError(
        outcome === 'timeout' ? this.#timedOut(command, killed) : this.#cancelled(command, killed),
      )
    } catch (error) {
      if (!(error instanceof ShellEnded)) throw error
      await lease.release('broken')
      throw new FailureError(await this.#lost(command, link.transport), { cause: error })
    } finally {
      interruption.dispose()
    }
  }

  /** Ends the command's process group from a second shell. True when it is gone and the first shell is free again. */
  async #kill(
    execution: Execution,
    command: Command,
    link: { readonly transport: Transport; readonly pool: ShellPool },
  ): Promise<boolean> {
    const processGroup = await within(execution.started, 2_000)
    if (processGroup === undefined || link.transport.lost !== undefined) return false
    const killed =
      (await this.#killIn(link.pool, processGroup, command.become)) ||
      (await this.#killAnew(processGroup, command.become))
    return killed && (await within(execution.ended, 2_000)) !== undefined
  }

  async #killIn(pool: ShellPool, processGroup: number, become: Become | undefined): Promise<boolean> {
    try {
      const lease = await pool.lease({
        become,
        urgent: true,
        signal: AbortSignal.timeout(killDeadlineMs),
      })
      const id = randomBytes(12).toString('hex')
      const line = frameLine({
        id,
        text: renderCommand(killGroup(processGroup)),
        stdin: 'none',
        shell: this.#shellPath,
      })
      const exitCode = await within(lease.shell.execute(id, line, () => {}).ended, killDeadlineMs)
      await lease.release(exitCode === undefined ? 'broken' : undefined)
      return exitCode === 0
    } catch {
      // No channel left, or the connection died meanwhile: the caller tries a connection of its own.
      return false
    }
  }

  /** For hosts that allow one channel only, and when many commands are ended at once. */
  async #killAnew(processGroup: number, become: Become | undefined): Promise<boolean> {
    try {
      const transport = await this.#connect()
      const pool = new ShellPool(transport, this.#shellPath)
      try {
        return await this.#killIn(pool, processGroup, become)
      } finally {
        await pool.close()
        await transport.close()
      }
    } catch {
      // The host is not reachable any more; the failure that is reported says that the end was not confirmed.
      return false
    }
  }

  async #lost(command: Command, transport: Transport): Promise<Failure> {
    // The shell's channel often closes a moment before the connection is known to be lost.
    await within(transport.closed, 200)
    return {
      reason: 'unreachable',
      code: 'connection-lost',
      message: `${this.description} was lost while this ran: ${shown(command)}`,
      hint: 'Whether the command finished is not known. Run again when the host answers.',
      ...(transport.lost === undefined ? {} : { details: transport.lost.message }),
    }
  }

  #timedOut(command: Command, killed: boolean): Failure {
    return {
      reason: 'timeout',
      code: 'command-timeout',
      message: `Not finished after ${(command.timeoutMs ?? 0) / 1000} s on ${this.description}: ${shown(command)}`,
      hint: killed
        ? 'Its processes were ended. Give the task a longer timeout if it needs one.'
        : 'Whether its processes ended could not be confirmed.',
    }
  }

  #cancelled(command: Command, killed = true): Failure {
    return {
      reason: 'cancelled',
      code: 'command-cancelled',
      message: `Interrupted on ${this.description}: ${shown(command)}`,
      ...(killed ? {} : { hint: 'Whether its processes ended could not be confirmed.' }),
    }
  }
}

/** The first of deadline and signal. */
class Interruption {
  readonly promise: Promise<'timeout' | 'cancelled'>
  dispose: () => void = () => {}

  constructor(timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    this.promise = new Promise((resolve) => {
      const onAbort = () => resolve('cancelled')
      signal?.addEventListener('abort', onAbort, { once: true })
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve('timeout'), timeoutMs)
      this.dispose = () => {
        signal?.removeEventListener('abort', onAbort)
        clearTimeout(timer)
      }
    })
  }
}

/** The value, or undefined when it does not come in time or fails. */
async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([promise.catch(() => undefined), late])
  } finally {
    clearTimeout(timer)
  }
}

/** Environment and folder become part of the text, because they have to survive sudo. */
function scriptText(command: Command): string {
  const exports = Object.entries(command.env ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new FailureError(badVariable(name))
    return `export ${name}=${quote(value)}\n`
  })
  const folder = command.cwd === undefined ? '' : `cd -- ${quote(command.cwd)} || exit 1\n`
  const text = `${exports.join('')}${folder}${renderCommand(command)}`
  if (Buffer.byteLength(text) > maxCommandBytes) throw new FailureError(tooLong(command, text))
  return text
}

function badVariable(name: string): Failure {
  return {
    reason: 'module',
    code: 'environment-name-invalid',
    message: `${JSON.stringify(name)} cannot be the name of an environment variable`,
    hint: 'Letters, digits and _ are allowed, and the first may not be a digit.',
  }
}

function tooLong(command: Command, text: string): Failure {
  return {
    reason: 'module',
    code: 'command-too-long',
    message: `A command may have ${maxCommandBytes / 1024} KiB and this has ${Math.ceil(Buffer.byteLength(text) / 1024)}: ${shown(command)}`,
    hint: 'Copy large data to the host as a file, or give it as standard input.',
  }
}

function closedFailure(description: string): Failure {
  return {
    reason: 'unexpected',
    code: 'connection-closed',
    message: `${description} was used after it was closed`,
  }
}

/** First line of the command, secrets masked, at most 120 characters. */
function shown(command: Command): string {
  const [first = '', ...rest] = renderMasked(command).trim().split('\n')
  return first.length > 120 || rest.length > 0 ? `${first.slice(0, 119)}…` : first
}
