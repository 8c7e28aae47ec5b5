import { type SpawnOptions, spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { userInfo } from 'node:os'
import type { Duplex } from 'node:stream'
import { $, type ProcessOutput, type Shell } from 'zx/core'
import { FailureError } from '../model/failure.ts'
import { quote } from '../util/sh.ts'
import { type Channel, ChannelRefused, type Transport } from './transport.ts'

/** A stage's own place for processes; local channels are plain pipes and could be many more. */
const maxLocalChannels = 8

/**
 * zx for scripts on the controller: POSIX `sh` and POSIX quoting (zx's own quoting is bash's), values always quoted.
 * A non-zero exit code throws zx's ProcessOutput. When the signal fires, the process group gets TERM, and KILL three
 * seconds later if it is still there; zx alone would leave it at TERM.
 */
export function controllerShell(
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly signal?: AbortSignal } = {},
): Shell {
  const { signal } = options
  const spawnLeader: typeof spawn = ((file: string, words: string[], settings: SpawnOptions) => {
    const child = spawn(file, words, settings)
    const onAbort = () => {
      const timer = setTimeout(() => killProcessGroup(child.pid), 3000)
      child.once('exit', () => clearTimeout(timer))
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    child.once('exit', () => signal?.removeEventListener('abort', onAbort))
    return child
  }) as typeof spawn
  return $({ ...posix, ...options, detached: true, spawn: spawnLeader })
}

/** The group may have ended by itself in the meantime (ESRCH), or belong to root after sudo (EPERM). */
function killProcessGroup(leader: number | undefined): void {
  if (leader === undefined) return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')))
      throw error
  }
}

/** Runs a program on the controller with these words, no shell syntax involved. Any exit code resolves. */
export async function controllerRun(
  words: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
  const output: ProcessOutput = await $({
    ...posix,
    nothrow: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })`${words}`
  return { exitCode: output.exitCode ?? 1, stdout: output.stdout, stderr: output.stderr }
}

const posix = {
  shell: '/bin/sh',
  prefix: '',
  postfix: '',
  quote: (word: string) => (word === '' ? "''" : quote(word)),
  quiet: true,
  verbose: false,
} as const

/** The controller as a host. */
export async function openLocal(): Promise<Transport> {
  const channels = new Set<Channel>()
  let end: () => void = () => {}
  const closed = new Promise<void>((resolve) => {
    end = resolve
  })
  return {
    description: 'this machine',
    user: userInfo().username,
    maxChannels: maxLocalChannels,
    lost: undefined,
    closed,
    open: async (line) => {
      const channel = await openChannel(line)
      channels.add(channel)
      void channel.closed.then(() => channels.delete(channel))
      return channel
    },
    forward: connectTcp,
    close: async () => {
      for (const channel of channels) channel.destroy()
      end()
    },
  }
}

/** zx keeps all output of a process in memory; a shell that lives for the whole run must not. */
class Forgetful extends Array<string | Buffer> {
  override push(): number {
    return 0
  }
}

async function openChannel(line: string): Promise<Channel> {
  const pieces = Object.assign([line], { raw: [line] })
  const shell = $({
    ...posix,
    nothrow: true,
    // A session of its own: Ctrl-C on the terminal reaches hvlab alone, which then ends things in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    store: { stdout: new Forgetful(), stderr: new Forgetful(), stdall: new Forgetful() },
  })(pieces)
  const { child } = shell
  if (child === undefined || child.pid === undefined) {
    const output = await shell
    throw new ChannelRefused(output.message)
  }
  const { pid } = child
  // A process that no longer reads is seen by its end; the failed write itself says nothing more.
  shell.stdin.on('error', () => {})
  return {
    stdin: shell.stdin,
    stdout: shell.stdout,
    stderr: shell.stderr,
    closed: new Promise((resolve) => child.once('close', (code) => resolve(code))),
    destroy: () => {
      killProcessGroup(pid)
      shell.stdin.destroy()
      shell.stdout.destroy()
      shell.stderr.destroy()
    },
  }
}

/** A TCP stream from the controller. Throws a FailureError `forward-failed`. */
async function connectTcp(address: string, port: number): Promise<Duplex> {
  const socket: Socket = connect({ host: address, port, noDelay: true })
  try {
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new FailureError(
      {
        reason: 'unreachable',
        code: 'forward-failed',
        message: `No connection from here to ${address} port ${port}: ${why}`,
      },
      { cause: error },
    )
  }
  // Later errors are followed by `close`, which whoever uses the stream watches; without a listener they end the process.
  socket.on('error', () => {})
  return socket
}
