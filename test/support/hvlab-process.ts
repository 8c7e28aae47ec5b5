import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Event } from '../../src/model/event.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { failuresIn } from './events.ts'

export const binary = join(packageRoot, 'bin', 'hvlab.mjs')

export interface HvlabOptions {
  /** The lab's folder. */
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Words before the command, e.g. to become another user. */
  readonly through?: readonly string[]
  /** A command that takes longer is killed and the test fails. */
  readonly timeoutMs?: number
  /** With `--format jsonl`: each event, as soon as it is printed. */
  readonly onEvent?: (event: Event) => void
}

export interface HvlabResult {
  readonly args: readonly string[]
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** With `--format jsonl`: what was printed, line by line. */
  readonly events: readonly Event[]
  readonly durationMs: number
}

/** The real command, as a user starts it, without a terminal. */
export class HvlabProcess {
  readonly #child: ChildProcess
  readonly #args: readonly string[]
  readonly #startedAt = performance.now()
  readonly #ended: Promise<HvlabResult>
  #stdout = ''
  #stderr = ''

  constructor(
    args: readonly string[],
    { cwd, env, through = [], timeoutMs = 60_000, onEvent }: HvlabOptions,
  ) {
    this.#args = args
    const [program = '', ...words] = [...through, process.execPath, binary, ...args]
    this.#child = spawn(program, words, {
      cwd,
      env: environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const line = this.#stdout.lastIndexOf('\n') + 1
      this.#stdout += text
      const end = this.#stdout.lastIndexOf('\n') + 1
      if (onEvent && end > line)
        for (const event of parseEvents(this.#stdout.slice(line, end))) onEvent(event)
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
    this.#ended = this.#end(timeoutMs)
  }

  /** As Ctrl-C in a terminal would, but to hvlab alone: its children must be ended by it. */
  interrupt(signal: NodeJS.Signals = 'SIGINT'): void {
    this.#child.kill(signal)
  }

  /** As Ctrl-C in a terminal does: to everything in the foreground. The command was started through `setsid`. */
  interruptGroup(): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGINT')
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Resolves when the text is on the stream, with all that is there; rejects when the command ends without it. */
  async until(text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<string> {
    const seen = () => (stream === 'stdout' ? this.#stdout : this.#stderr)
    while (!seen().includes(text)) {
      if (this.ended)
        throw new Error(`hvlab ${this.#args.join(' ')} ended without “${text}”\n${this.#stderr}`)
      await Promise.race([once(this.#child[stream] ?? this.#child, 'data'), once(this.#child, 'close')])
    }
    return seen()
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  result(): Promise<HvlabResult> {
    return this.#ended
  }

  async #end(timeoutMs: number): Promise<HvlabResult> {
    const [exitCode, signal] = (await once(this.#child, 'close')) as [number | null, string | null]
    const durationMs = performance.now() - this.#startedAt
    if (exitCode === null) {
      const why = durationMs >= timeoutMs ? `took longer than ${timeoutMs / 1000} s` : `ended by ${signal}`
      throw new Error(`hvlab ${this.#args.join(' ')} ${why}\n${this.#stdout.slice(-4000)}\n${this.#stderr}`)
    }
    const events = this.#args.includes('jsonl') ? parseEvents(this.#stdout) : []
    return { args: this.#args, exitCode, stdout: this.#stdout, stderr: this.#stderr, events, durationMs }
  }
}

/** Runs the command to its end. */
export function hvlab(args: readonly string[], options: HvlabOptions): Promise<HvlabResult> {
  return new HvlabProcess(args, options).result()
}

/** Asserts the exit code; on another one, what the command said to people is in the diagnosis. */
export function exits(t: Test, { args, exitCode, stderr }: HvlabResult, wanted: number): void {
  t.equal(exitCode, wanted, `hvlab ${args.join(' ')}: exit code ${wanted}`, { stderr })
}

/** Asserts that a run with `--format jsonl` ended well; on another end its failures are in the diagnosis. */
export function endsWell(t: Test, run: HvlabResult): void {
  exits(t, run, 0)
  t.same(failuresIn(run.events), [], `hvlab ${run.args.join(' ')}: no failures`)
}

/** For clean-up: waits without letting anything else happen. What went wrong is printed. */
export function hvlabSync(args: readonly string[], { cwd, env, timeoutMs = 60_000 }: HvlabOptions): void {
  const { status, stderr } = spawnSync(process.execPath, [binary, ...args], {
    cwd,
    env: environment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: timeoutMs,
  })
  if (status !== 0) throw new Error(`hvlab ${args.join(' ')}: exit code ${status}\n${stderr}`)
}

export function parseEvents(lines: string): Event[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event)
}

/** The caller's, less what tap sets for its own processes. */
function environment(own: HvlabOptions['env']): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _force, NO_COLOR: _no, TAP: _tap, NODE_OPTIONS: _options, ...rest } = process.env
  return { ...rest, ...own }
}
