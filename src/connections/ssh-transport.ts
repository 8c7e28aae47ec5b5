import type { Duplex } from 'node:stream'
import type { Client, ClientChannel } from 'ssh2'
import { type Failure, FailureError } from '../model/failure.ts'
import { type Channel, ChannelRefused, type Transport } from './transport.ts'

/** OpenSSH allows ten sessions on a connection by default (MaxSessions); more are refused at once, not queued. */
const maxChannels = 8

/** Dresses a logged-in client as a transport. */
export class SshTransport implements Transport {
  readonly description: string
  readonly user: string
  readonly maxChannels = maxChannels
  readonly closed: Promise<void>
  readonly #client: Client
  readonly #socket: Duplex
  #lost: Failure | undefined
  #closing = false

  /** @param about.release Closes what the connection stands on (jump hosts), after it. */
  constructor(
    client: Client,
    socket: Duplex,
    about: { readonly description: string; readonly user: string; release(): Promise<void> },
  ) {
    this.#client = client
    this.#socket = socket
    this.description = about.description
    this.user = about.user
    // The listener stays for the client's whole life: an error without one would end the process.
    client.on('error', (error) => this.#lose(error.message))
    this.closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#lose('the host closed it')
        void about.release().then(resolve, () => resolve())
      })
    })
  }

  get lost(): Failure | undefined {
    return this.#lost
  }

  async open(line: string): Promise<Channel> {
    const stream = await this.#ask<ClientChannel>((done) => this.#client.exec(line, done))
    // Writing to a process that went away is noticed by its end.
    stream.on('error', () => {})
    stream.stderr.on('error', () => {})
    let exitCode: number | null = null
    stream.once('exit', (code: number | null) => {
      exitCode = code
    })
    return {
      stdin: stream,
      stdout: stream,
      stderr: stream.stderr,
      closed: new Promise((resolve) => stream.once('close', () => resolve(exitCode))),
      destroy: () => stream.destroy(),
    }
  }

  async forward(address: string, port: number): Promise<Duplex> {
    try {
      const stream = await this.#ask<ClientChannel>((done) =>
        this.#client.forwardOut('127.0.0.1', 0, address, port, done),
      )
      // Errors are followed by `close`; without a listener they would end the process.
      stream.on('error', () => {})
      return stream
    } catch (error) {
      if (!(error instanceof ChannelRefused)) throw error
      throw new FailureError(
        {
          reason: 'unreachable',
          code: 'forward-failed',
          message: `No connection from ${this.description} to ${address} port ${port}: ${error.message}`,
          hint: 'The port is closed there, or AllowTcpForwarding is off in its sshd.',
        },
        { cause: error },
      )
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#lost !== undefined) return
    this.#client.end()
    // A frozen host never answers the goodbye.
    const timer = setTimeout(() => this.#socket.destroy(), 1000)
    await this.closed
    clearTimeout(timer)
  }

  async #ask<T>(ask: (done: (error: Error | undefined, value: T) => void) => void): Promise<T> {
    if (this.#lost !== undefined) throw new FailureError(this.#lost)
    try {
      return await new Promise<T>((resolve, reject) => {
        // ssh2 says null, undefined or an error; a closed client throws at once.
        ask((error, value) => (error ? reject(error) : resolve(value)))
      })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (this.#lost === undefined && !/^(Not connected|No response from server)$/.test(why)) {
        throw new ChannelRefused(why.replace(/^\(SSH\) Channel open failure: /, ''), { cause: error })
      }
      this.#lose(why)
      throw new FailureError(this.#lost ?? lostFailure(this.description, why), { cause: error })
    }
  }

  #lose(why: string): void {
    if (this.#lost !== undefined) return
    const keepalive = why === 'Keepalive timeout'
    this.#lost = lostFailure(
      this.description,
      this.#closing ? 'it was closed' : keepalive ? 'the host stopped answering' : why,
    )
    if (!this.#closing) this.#socket.destroy()
  }
}

function lostFailure(description: string, why: string): Failure {
  return {
    reason: 'unreachable',
    code: 'connection-lost',
    message: `The connection ${description} was lost: ${why}`,
    hint: 'Check the network and the host, then run again with --resume.',
  }
}
