import type { Diagnostic } from '../config/diagnostic.ts'
import { printDiagnostics } from '../config/print-diagnostics.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { Failure } from '../model/failure.ts'
import { defined } from '../util/defined.ts'
import { printable } from '../util/printable.ts'
import type { CommandEnvironment } from './environment.ts'
import { printData } from './print-data.ts'
import type { RunOptions } from './run-options.ts'

type Output = Pick<CommandEnvironment, 'color' | 'cwd' | 'stdout' | 'stderr'>

/**
 * Shows why a command does nothing: for people on stderr, and for `--format json` and `jsonl` as the one document on
 * stdout, `{exit_code, diagnostics}`. Returns the exit code.
 */
export function refuse(
  diagnostics: readonly Diagnostic[],
  format: RunOptions['format'],
  env: Output,
): ExitCode {
  env.stderr(printDiagnostics(diagnostics, env))
  return document(diagnostics, ExitCode.usage, format, env)
}

/** Of what is no failed task. */
const exitCodes: Partial<Record<Failure['reason'], ExitCode>> = {
  config: ExitCode.usage,
  cancelled: ExitCode.interrupted,
}

/** The same for one failure that is not of a file's text. Returns its exit code. */
export function refuseFailure(failure: Failure, format: RunOptions['format'], env: Output): ExitCode {
  const { code, message, hint, location } = failure
  env.stderr(failureLines(failure))
  const exitCode = exitCodes[failure.reason] ?? ExitCode.taskFailed
  return document(
    [defined({ severity: 'error' as const, code, message, hint, location })],
    exitCode,
    format,
    env,
  )
}

/** `error: …` and the hint below it, for stderr. */
export function failureLines({ message, hint }: Pick<Failure, 'message' | 'hint'>, host?: string): string {
  const subject = host === undefined ? '' : `${host}: `
  return printable(`error: ${subject}${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`)
}

/** The document alone, where the words were printed already. */
export function document(
  diagnostics: readonly Diagnostic[],
  exitCode: ExitCode,
  format: RunOptions['format'],
  env: Pick<Output, 'stdout'>,
): ExitCode {
  printData({ exit_code: exitCode, diagnostics }, { format }, env)
  return exitCode
}

/** The format that a command line asks for, also one that cannot be parsed. */
export function formatOf(argv: readonly string[]): RunOptions['format'] {
  const end = argv.indexOf('--')
  const line = `${argv.slice(0, end < 0 ? argv.length : end).join('\n')}\n`
  const word = /^--format[=\n](json|jsonl)$/m.exec(line)?.[1]
  return word === 'json' || word === 'jsonl' ? word : 'auto'
}
