import type { Steps } from '../../model/change.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import type { Failure } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { defined } from '../../util/defined.ts'
import { sh } from '../../util/sh.ts'
import { withoutAtEnd } from '../../util/words.ts'
import { lastLines } from '../failure.ts'
import { hostPath } from '../files/host-path.ts'

/** What `command` and `shell` have in common. */
export interface RunOptions {
  readonly chdir?: string | undefined
  readonly creates?: string | undefined
  readonly removes?: string | undefined
  readonly stdin?: string | undefined
  readonly stdin_add_newline: boolean
  readonly strip_empty_ends: boolean
}

/**
 * Runs a command unless `creates` is there or `removes` is not. What it does cannot be known, so it counts as a change.
 *
 * @param program What runs, where it is not a shell.
 */
export async function* runCommand(
  context: ModuleContext,
  command: Command,
  shown: string | readonly string[],
  options: RunOptions,
  program?: Command,
): Steps {
  const cmd = typeof shown === 'string' ? shown : [...shown]
  const skipped = await skipReason(context, options)
  if (skipped !== null) {
    return {
      changed: false,
      why: skipped,
      data: {
        ...emptyResult(cmd),
        stdout: `skipped, since ${skipped}`,
        msg: `Did not run command since ${skipped}`,
      },
    }
  }
  const started = new Date()
  const { command: result } = yield {
    summary: `run ${summarised(cmd)}`,
    action: { ...command, ...(await surroundings(context, options)) },
    allowFailure: true,
  }
  if (result === undefined)
    return {
      changed: true,
      data: { ...emptyResult(cmd), msg: 'Command would have run if not in check mode' },
    }
  const data = resultData(cmd, result, started, options.strip_empty_ends)
  if (result.exitCode === 0) return { changed: true, data }
  return {
    changed: await hasStarted(context, result, program, options),
    data: { ...data, msg: 'non-zero return code' },
    failed: failure(cmd, result),
  }
}

/** What never ran changed nothing: a folder that is not there, or a program (exit codes of POSIX shells: 126 and 127). */
async function hasStarted(
  context: ModuleContext,
  { exitCode }: CommandResult,
  program: Command | undefined,
  options: RunOptions,
): Promise<boolean> {
  const mayBeMissing = program !== undefined && (exitCode === 126 || exitCode === 127)
  if (!mayBeMissing && options.chdir === undefined) return true
  const { cwd } = await surroundings(context, options)
  const query = mayBeMissing ? sh`p=$(command -v ${program}) && [ -f "$p" ] && [ -x "$p" ]` : sh`:`
  return (await context.run({ ...query, ...defined({ cwd }) })).exitCode === 0
}

async function surroundings(
  context: ModuleContext,
  options: RunOptions,
): Promise<Pick<Command, 'cwd' | 'stdin'>> {
  const stdin =
    options.stdin === undefined ? undefined : `${options.stdin}${options.stdin_add_newline ? '\n' : ''}`
  return {
    ...(options.chdir === undefined ? {} : { cwd: await hostPath(context, options.chdir) }),
    ...(stdin === undefined ? {} : { stdin }),
  }
}

/** Both take shell patterns, as in Ansible, and are looked up in `chdir`. */
export async function skipReason(
  context: ModuleContext,
  options: Pick<RunOptions, 'chdir' | 'creates' | 'removes'>,
): Promise<string | null> {
  const cwd = options.chdir === undefined ? {} : { cwd: await hostPath(context, options.chdir) }
  const { creates, removes } = options
  if (creates !== undefined && (await exists(context, await hostPath(context, creates), cwd)))
    return `${creates} exists`
  if (removes !== undefined && !(await exists(context, await hostPath(context, removes), cwd)))
    return `${removes} does not exist`
  return null
}

async function exists(context: ModuleContext, pattern: string, cwd: Pick<Command, 'cwd'>): Promise<boolean> {
  // Only *, ? and [ are special: the words between them are quoted.
  const glob = pattern.split(/([*?[\]])/).reduce((built, part, index) => {
    if (part === '') return built
    return index % 2 === 1
      ? { parts: [...built.parts, { kind: 'shell' as const, text: part }] }
      : sh`${built}${part}`
  }, sh``)
  const found = await context.run({
    ...sh`for f in ${glob}; do [ -e "$f" ] || [ -L "$f" ] && exit 0; done; exit 1`,
    ...cwd,
  })
  return found.exitCode === 0
}

function summarised(cmd: string | readonly string[]): string {
  const line = (typeof cmd === 'string' ? cmd : cmd.join(' ')).trim()
  const first = line.split('\n')[0] ?? ''
  return first.length > 100 || first !== line ? `${first.slice(0, 100)} …` : first
}

function emptyResult(cmd: Vars[string]): Vars {
  return {
    cmd,
    stdout: '',
    stderr: '',
    stdout_lines: [],
    stderr_lines: [],
    rc: 0,
    start: null,
    end: null,
    delta: null,
  }
}

function resultData(cmd: Vars[string], result: CommandResult, started: Date, strip: boolean): Vars {
  const ended = new Date(started.getTime() + result.durationMs)
  const stdout = strip ? withoutAtEnd(result.stdout, '\r\n') : result.stdout
  const stderr = strip ? withoutAtEnd(result.stderr, '\r\n') : result.stderr
  return {
    cmd,
    rc: result.exitCode,
    stdout,
    stderr,
    stdout_lines: splitLines(stdout),
    stderr_lines: splitLines(stderr),
    start: timestamp(started),
    end: timestamp(ended),
    delta: delta(result.durationMs),
    msg: '',
  }
}

/** Python's `splitlines`: no empty line for a final newline. */
function splitLines(text: string): string[] {
  return text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n|\r/)
}

/** Ansible's form of times: `2026-11-23 10:00:00.000000`. */
function timestamp(date: Date): string {
  return `${date.toISOString().replace('T', ' ').replace('Z', '')}000`
}

/** `0:00:01.250000`. */
function delta(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const two = (value: number): string => String(value).padStart(2, '0')
  const micro = String(Math.floor((ms % 1000) * 1000)).padStart(6, '0')
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${micro}`
}

function failure(cmd: string | readonly string[], result: CommandResult): Failure {
  const said = lastLines(result.stderr.trim() || result.stdout.trim())
  return {
    reason: 'exit-code',
    code: 'command-failed',
    message: `${summarised(cmd)}: exit code ${result.exitCode}`,
    ...(result.exitCode === 127 ? { hint: 'the command was not found on the host' } : {}),
    ...(said === '' ? {} : { details: said }),
  }
}
