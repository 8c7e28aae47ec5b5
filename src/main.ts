import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandEnvironment } from './commands/environment.ts'
import { ExitCode } from './model/exit-code.ts'
import { createRenderer, wantsColor } from './renderers/create.ts'
import { ignoresHangUp } from './util/hang-up.ts'
import { packageRoot } from './util/package-root.ts'

/** argv → command → exit code. The only place that ends the process, and the only one that knows the renderers. */
const version = (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string })
  .version

const cwd = currentFolder()
const outlivesTerminal = ignoresHangUp(process.env)
if (outlivesTerminal) process.on('SIGHUP', () => {})

if (process.argv.length === 3 && (process.argv[2] === '--version' || process.argv[2] === '-V')) {
  // Before anything else is loaded: scripts ask for it often.
  process.stdout.write(`${version}\n`)
} else if (cwd === undefined) {
  process.stderr.write(
    'error: the folder in which hvlab was started does not exist any more\n  hint: go to one that does: `cd /the/lab`\n',
  )
  process.exitCode = ExitCode.usage
} else {
  let unwritten: Error | undefined
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that goes away (`hvlab … | head`) is no mistake, and a run goes on: what it changes must not stay half done.
    if (error.code !== 'EPIPE') unwritten = error
  })
  // Nobody could be told.
  process.stderr.on('error', () => {})
  const { runCli } = await import('./commands/cli.ts')
  process.exitCode = await runCli(process.argv.slice(2), environment(cwd)).catch(crash)
  // Connections are closed by now; a stray timer of a library must not keep a finished run alive.
  await Promise.all([drained(process.stdout), drained(process.stderr)])
  // Errors of writing are told one turn later.
  await new Promise((resolve) => setImmediate(resolve))
  if (unwritten !== undefined) {
    process.stderr.write(`error: the output could not be written: ${unwritten.message}\n`)
    process.exitCode ||= ExitCode.taskFailed
  }
  process.exit()
}

/** Undefined when it was removed. */
function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}

function environment(cwd: string): CommandEnvironment {
  const { stdout, stderr, env } = process
  return {
    cwd,
    env,
    version,
    color: wantsColor({ stdout, stderr, env }),
    stdout: (text) => void stdout.write(text),
    stderr: (text) => void stderr.write(text),
    renderer: (options) => createRenderer(options, { stdout, stderr, env }),
    onSignal(listener) {
      const signals = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).filter(
        (signal) => signal !== 'SIGHUP' || !outlivesTerminal,
      )
      for (const signal of signals) process.on(signal, listener)
      return {
        [Symbol.dispose]() {
          for (const signal of signals) process.off(signal, listener)
        },
      }
    },
  }
}

/** What no layer expected. The stack is for the bug report. */
function crash(error: unknown): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`error: hvlab itself failed; this is a bug.\n${text}\n`)
  return ExitCode.taskFailed
}

function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.writableLength === 0 || stream.destroyed) resolve()
    else stream.once('drain', resolve).once('close', resolve)
  })
}
