import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { ReadStream, WriteStream } from 'node:tty'
import { FailureError } from '../model/failure.ts'
import { needProgram } from './need-program.ts'

/** The person's terminal. */
interface PersonTerminal {
  readonly input: ReadStream
  readonly output: WriteStream
}

export interface TerminalOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** For one command instead of a conversation: the program gets the streams themselves, so nothing is lost at its end. */
  readonly shareStreams?: boolean
}

/** Whether a person sits here: both standard input and output are a terminal. */
export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true
}

/**
 * Runs a program that talks to a person: an SSH login, the console of a guest. Keys go to it as they are (Ctrl-C too),
 * it learns the size of the window, and the terminal is sane again afterwards. Without a terminal it simply shares the
 * standard streams. Resolves with the exit code, 128 + n after signal n.
 *
 * Output is never captured here: a pseudo-terminal loses the end of what short-lived programs print (node-pty issue 85).
 *
 * @param words Program and arguments; no shell sees them.
 */
export async function runInTerminal(
  words: readonly string[],
  options: TerminalOptions = {},
): Promise<number> {
  needProgram(words[0] ?? '')
  const person = { input: process.stdin, output: process.stdout }
  return hasTerminal() && options.shareStreams !== true
    ? await runInPseudoTerminal(words, person, options)
    : await runWithSharedStreams(words, options)
}

async function runInPseudoTerminal(
  words: readonly string[],
  { input, output }: PersonTerminal,
  options: TerminalOptions,
): Promise<number> {
  const { spawn: spawnInTerminal } = await loadPty()
  const [program = '', ...rest] = words
  const child = spawnInTerminal(program, rest, {
    name: process.env['TERM'] ?? 'xterm-256color',
    cols: output.columns,
    rows: output.rows,
    cwd: options.cwd ?? process.cwd(),
    env: definedOnly(options.env ?? process.env),
    // Bytes, so that a character cut by a chunk border and other encodings pass unchanged.
    encoding: null,
  })
  const onKeys = (keys: Buffer) => child.write(keys as unknown as string)
  const onResize = () => child.resize(output.columns, output.rows)
  input.setRawMode(true)
  input.on('data', onKeys)
  input.resume()
  output.on('resize', onResize)
  child.onData((data) => output.write(data))
  try {
    return await new Promise<number>((resolve) => {
      child.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode))
    })
  } finally {
    output.off('resize', onResize)
    input.off('data', onKeys)
    input.pause()
    input.setRawMode(false)
  }
}

async function runWithSharedStreams(words: readonly string[], options: TerminalOptions): Promise<number> {
  const [program = '', ...rest] = words
  const { shareStreams: _shared, ...place } = options
  return await new Promise<number>((resolve, reject) => {
    const child = spawn(program, rest, { ...place, stdio: 'inherit' })
    child.once('error', reject)
    child.once('exit', (code, signal) =>
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]),
    )
  })
}

/** Loaded on demand: the package is native code and everything but terminals works without it. */
async function loadPty(): Promise<typeof import('node-pty')> {
  try {
    return await import('node-pty')
  } catch (error) {
    throw new FailureError(
      {
        reason: 'module',
        code: 'terminal-not-available',
        message: 'The terminal package node-pty has no build for this machine',
        hint: 'Use ssh directly, or give a command: hvlab ssh GUEST -- COMMAND.',
      },
      { cause: error },
    )
  }
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}
