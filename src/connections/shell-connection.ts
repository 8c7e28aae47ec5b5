import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Become, Command, CommandResult } from '../model/command.ts'
import type { Connection, PutOptions, RunOptions } from '../model/connection.ts'
import { FailureError } from '../model/failure.ts'
import { CappedOutput } from '../util/capped-output.ts'
import { defined } from '../util/defined.ts'
import { renderCommand } from '../util/sh.ts'
import { commandCancelled, commandLost, commandTimedOut, usedAfterClose } from './command-failures.ts'
import { commandText } from './command-text.ts'
import { EarlyEnd, within } from './early-end.ts'
import type { Request } from './executor.ts'
import { sendInput } from './input-file.ts'
import { killDeadlineMs, killGroup } from './kill-group.ts'
import { putFile } from './put-file.ts'
import { readWholeFile } from './read-file.ts'
import { type Execution, ShellEnded } from './shell.ts'
import { type Lease, ShellPool } from './shell-pool.ts'
import { frameLine, maxInlineInputBytes } from './shell-protocol.ts'
import type { Transport } from './transport.ts'

/** Opens a transport; the signal replaces the one that ends attempts to connect otherwise. */
type Connect = (signal?: AbortSignal) => Promise<Transport>

/** Commands and files over the shells of one transport, which is opened again when it was lost. */
export class ShellConnection implements Connection {
  readonly description: string
  readonly #connect: Connect
  readonly #shellPath: string
  #link: Promise<{ readonly transport: Transport; readonly pool: ShellPool }>
  #closed = false

  private constructor(transport: Transport, connect: Connect, shellPath: string) {
    this.description = transport.description
    this.#connect = connect
    this.#shellPath = shellPath
    this.#link = Promise.resolve({ transport, pool: new ShellPool(transport, shellPath) })
  }

  /** @param connect Called again after a loss, by the next command. */
  static async open(connect: Connect, shellPath: string): Promise<ShellConnection> {
    return new ShellConnection(await connect(), connect, shellPath)
  }

  async run(command: Command, options: RunOptions = {}): Promise<CommandResult> {
    const startedAt = performance.now()
    const output = { stdout: new CappedOutput(), stderr: new CappedOutput() }
    const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
    const exitCode = await this.execute({
      command,
      ...defined({ signal: options.signal, onSent: options.onSent }),
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
    const text = commandText(command)
    if (signal?.aborted) throw new FailureError(commandCancelled(this.description, command))
    const link = await this.#current()
    const id = randomBytes(12).toString('hex')
    const inline = typeof command.stdin === 'string' ? Buffer.from(command.stdin) : command.stdin
    const streamed = request.inputFile ?? (inline && inline.length > maxInlineInputBytes ? inline : undefined)
    const stdin = streamed === undefined ? (inline ?? ('none' as const)) : ('channel' as const)
    const line = frameLine({ id, text, stdin, shell: this.#shellPath })
    const lease = await this.#lease(link.pool, command, signal, streamed === undefined ? undefined : line)
    const execution = lease.shell.execute(id, line, request.onChunk)
    if (streamed !== undefined) sendInput(streamed, lease.shell.stdin, request.onSent)
    else if (inline !== undefined) request.onSent?.(inline.length)
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

  async renew(): Promise<void> {
    if (this.#closed) throw new FailureError(usedAfterClose(this.description))
    const old = this.#link
    this.#link = Promise.reject(new Error('the login was ended'))
    this.#link.catch(() => {})
    const link = await old.catch(() => undefined)
    // A host that is gone does not answer; its sockets close by themselves.
    if (link !== undefined)
      await within(
        link.pool.close().then(() => link.transport.close()),
        1_000,
      )
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
    if (this.#closed) throw new FailureError(usedAfterClose(this.description))
    const waited = this.#link
    const link = await waited.catch(() => undefined)
    if (this.#closed) throw new FailureError(usedAfterClose(this.description))
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
      if (signal?.aborted)
        throw new FailureError(commandCancelled(this.description, command), { cause: error })
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
    const early = new EarlyEnd(command.timeoutMs, signal)
    try {
      const outcome = await Promise.race([execution.ended, early.promise])
      if (typeof outcome === 'number') {
        await lease.release()
        return outcome
      }
      const killed = await this.#kill(execution, command, link)
      await lease.release(killed ? undefined : 'broken')
      throw new FailureError(
        outcome === 'timeout'
          ? commandTimedOut(this.description, command, killed)
          : commandCancelled(this.description, command, killed),
      )
    } catch (error) {
      if (!(error instanceof ShellEnded)) throw error
      await lease.release('broken')
      // The shell's channel often closes a moment before the connection is known to be lost.
      await within(link.transport.closed, 200)
      const why = link.transport.lost?.message
      throw new FailureError(commandLost(this.description, command, why), { cause: error })
    } finally {
      early.dispose()
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
      const transport = await this.#connect(AbortSignal.timeout(killDeadlineMs))
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
}
