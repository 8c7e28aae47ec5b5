import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { needProgram } from '../../connections/need-program.ts'
import { ExitCode } from '../../model/exit-code.ts'
import { FailureError } from '../../model/failure.ts'
import { printable } from '../../util/printable.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { sshFiles } from '../ssh-files.ts'
import { chosenGuest, mustRun } from './choose-guest.ts'
import { sshGuests } from './ssh-guests.ts'

export interface PortForwardOptions extends RunOptions {
  /** Address of this machine to listen on. */
  readonly address: string
}

/** A port of this machine and the guest's that it leads to. */
export interface PortPair {
  readonly local: number
  readonly remote: number
}

/**
 * `hvlab port-forward GUEST [LOCAL:]PORT …`: TCP ports of this machine lead to ports of the guest, as it sees itself,
 * until the command is interrupted.
 */
export async function portForwardCommand(
  name: string,
  ports: readonly string[],
  options: PortForwardOptions,
  env: CommandEnvironment,
): Promise<number> {
  const wanted = ports.map(readPorts)
  needProgram('ssh')
  const guest = await chosenGuest(name, 'port-forward', options, env)
  if (typeof guest === 'number') return guest
  const { host } = mustRun(guest)
  const pairs: PortPair[] = []
  for (const { local, remote } of wanted)
    pairs.push({ local: await freePort(options.address, local), remote })
  await using files = await sshFiles(sshGuests([guest]))
  const listen = options.address.includes(':') ? `[${options.address}]` : options.address
  const words = [
    ...['-F', files.configFile, '-o', 'ExitOnForwardFailure=yes', '-o', 'ServerAliveInterval=15'],
    ...pairs.flatMap(({ local, remote }) => ['-L', `${listen}:${local}:localhost:${remote}`]),
    // ssh listens before it runs a command. This one says so, and ends when the connection does.
    ...[host, '--', 'echo ready; exec cat'],
  ]
  // A group of its own: Ctrl-C is ours to handle.
  const child = spawn('ssh', words, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const shown = pairs.map(({ local, remote }) => `${listen}:${local} leads to port ${remote} of ${host}.\n`)
  child.stdout.once('data', () => env.stdout(printable(shown.join(''))))
  return await untilEnd(child, env)
}

/** The exit code: of ssh when it ends by itself, else of the interruption. */
async function untilEnd(child: ChildProcess, env: CommandEnvironment): Promise<number> {
  let interrupted: number | undefined
  using _signals = env.onSignal((signal) => {
    interrupted ??= signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.terminated
    child.kill('SIGTERM')
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  return interrupted ?? code ?? ExitCode.taskFailed
}

/** `8080:80`, `80` (the same on both sides) or `:80` (a free port here). */
export function readPorts(text: string): PortPair {
  const [, colon, local, remote] = /^((\d*):)?(\d+)$/.exec(text) ?? []
  const pair = { local: Number(colon === undefined ? remote : local), remote: Number(remote) }
  if (pair.remote >= 1 && pair.remote <= 65_535 && pair.local <= 65_535) return pair
  throw new FailureError({
    reason: 'config',
    code: 'usage',
    message: `${text} is not [LOCAL:]PORT with ports from 1 to 65535.`,
    hint: 'For example 8080:80; :80 takes any free port of this machine.',
  })
}

/** The port, or any free one for 0. Throws when it cannot be had, before anything else is asked of the guest. */
async function freePort(address: string, port: number): Promise<number> {
  const server = createServer()
  try {
    server.listen({ host: address, port, exclusive: true })
    await once(server, 'listening')
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : port
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? 'something listens there'
        : code === 'EACCES'
          ? 'only root may listen there'
          : code
    throw new FailureError(
      {
        reason: 'config',
        code: 'port-not-available',
        message: `Port ${port} of ${address} cannot be had: ${why ?? String(error)}.`,
        hint: 'Give another one in front: 8080:80, or :80 for any free one.',
      },
      { cause: error },
    )
  } finally {
    server.close()
  }
}
