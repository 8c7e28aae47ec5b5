import type { Failure } from '../model/failure.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { Refusal } from './refusal.ts'
import { checkRun, type RunFigures, rateFits, sameWithin } from './self-check.ts'

/*
 * Formats read: sysbench 1.0 (1.0.8 and later print `events per second`) and 0.4.12, which prints no event rate,
 * calls mebibytes `MB` and gives the time inside events in seconds instead of the latency sum in milliseconds.
 *
 * Rates are counts ÷ total time. The rates that sysbench prints divide by the time until it prints them, so a machine that
 * stalls between the last event and the report looks slower than it was (seen in a guest: 51 ms of 3 s).
 */

const mebibyte = 1024 * 1024

/** `sysbench cpu`: metrics `events_per_s`, `events`, `total_time_s`, `latency_*_ms`. */
export function parseSysbenchCpu(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, (output) => {
    const run = readRun(output)
    const rate = output.optional('events per second', /^\s*events per second:\s+NUMBER\s*$/m)
    checkRun(run, asked)
    // 0.4 has no rate line.
    if (rate !== undefined) rateFits('events', run.events, rate, run)
    return { version: run.version, metrics: { events_per_s: perSecond(run.events, run), ...common(run) } }
  })
}

/** `sysbench memory`: metrics `mib_per_s`, `operations_per_s`, `operations`, `transferred_mib` and those of a run. */
export function parseSysbenchMemory(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, (output) => {
    const run = readRun(output)
    const [operations, rate] = output.pair(
      'operations',
      /^(?:Total operations|Operations performed):\s+(\d+)\s+\(\s*NUMBER (?:per second|ops\/sec)\)\s*$/m,
    )
    const [mib, bandwidth] = output.pair(
      'MiB transferred',
      /^(\d+\.\d+) Mi?B transferred \(\s*NUMBER Mi?B\/sec\)\s*$/m,
    )
    checkRun(run, asked)
    const blockBytes = readBlockBytes(output)
    if (asked.blockBytes !== undefined && blockBytes !== asked.blockBytes) {
      throw new Refusal(
        'benchmark-output-inconsistent',
        `blocks of ${asked.blockBytes} bytes were asked for and sysbench used ${blockBytes}`,
      )
    }
    rateFits('operations', operations, rate, run)
    sameWithin('operations × block size', (operations * blockBytes) / mebibyte, 'MiB transferred', mib)
    sameWithin('operation rate × block size', (rate * blockBytes) / mebibyte, 'bandwidth', bandwidth)
    return {
      version: run.version,
      metrics: {
        mib_per_s: perSecond(mib, run),
        operations_per_s: perSecond(operations, run),
        operations,
        transferred_mib: mib,
        ...common(run),
      },
    }
  })
}

/** Two decimals, as sysbench prints its own. */
function perSecond(count: number, run: RunFigures): number {
  return Number((count / run.totalTimeS).toFixed(2))
}

function common(run: RunFigures): Record<string, number> {
  return {
    events: run.events,
    total_time_s: run.totalTimeS,
    latency_min_ms: run.latencyMs.min,
    latency_avg_ms: run.latencyMs.avg,
    latency_max_ms: run.latencyMs.max,
    latency_p95_ms: run.latencyMs.p95,
    in_events_s: run.inEventsS,
  }
}

function readRun(output: Output): RunFigures {
  const version = output.text('version', /^sysbench (\d+\.\d+(?:\.\d+)?)[:\s]/m)
  const events = output.number('total number of events', /^\s*total number of events:\s+NUMBER\s*$/m)
  const sumMs = output.optional('latency sum', /^\s*sum:\s+NUMBER\s*$/m)
  return {
    version,
    threads: output.number('number of threads', /^Number of threads:\s+NUMBER\s*$/m),
    totalTimeS: output.number('total time', /^\s*total time:\s+NUMBERs\s*$/m),
    events,
    inEventsS:
      sumMs !== undefined
        ? Number((sumMs / 1000).toFixed(6))
        : output.number('time in events', /^\s*total time taken by event execution:\s+NUMBERs?\s*$/m),
    latencyMs: {
      min: output.number('latency min', /^\s*min:\s+NUMBER(?:ms)?\s*$/m),
      avg: output.number('latency avg', /^\s*avg:\s+NUMBER(?:ms)?\s*$/m),
      max: output.number('latency max', /^\s*max:\s+NUMBER(?:ms)?\s*$/m),
      p95: output.number(
        'latency 95th percentile',
        /^\s*(?:95th percentile|approx\.\s+95 percentile):\s+NUMBER(?:ms)?\s*$/m,
      ),
    },
  }
}

/** 1.0 prints `block size: 1KiB`, 0.4 prints `Memory block size: 1K`; both count in kibibytes. */
function readBlockBytes(output: Output): number {
  return output.number('block size', /^\s*(?:Memory )?block size:\s+NUMBERK(?:iB)?\s*$/m) * 1024
}

function reading(stdout: string, read: (output: Output) => ParsedOutput): Result<ParsedOutput, Failure> {
  try {
    return ok(read(new Output(stdout)))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return err({
      reason: 'module',
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      details: stdout.slice(0, 4000),
    })
  }
}

const unreadableHint = 'sysbench 1.0 is needed, run with LC_ALL=C; the output is in the details'

/** Lines are matched whole: a decimal comma or a cut line must not pass as a smaller number. */
class Output {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }

  optional(what: string, pattern: RegExp): number | undefined {
    const match = this.#match(pattern)
    return match === null ? undefined : numberOf(what, match[1])
  }

  number(what: string, pattern: RegExp): number {
    const found = this.optional(what, pattern)
    if (found === undefined) throw this.#missing(what)
    return found
  }

  pair(what: string, pattern: RegExp): [number, number] {
    const match = this.#match(pattern)
    if (match === null) throw this.#missing(what)
    return [numberOf(what, match[1]), numberOf(what, match[2])]
  }

  text(what: string, pattern: RegExp): string {
    const found = this.#text.match(pattern)?.[1]
    if (found === undefined) throw this.#missing(what)
    return found
  }

  #match(pattern: RegExp): RegExpMatchArray | null {
    return this.#text.match(
      new RegExp(pattern.source.replaceAll('NUMBER', '(\\d+(?:\\.\\d+)?)'), pattern.flags),
    )
  }

  #missing(what: string): Refusal {
    return new Refusal(
      'benchmark-output-unreadable',
      `the output of sysbench has no readable line for ${what}`,
      unreadableHint,
    )
  }
}

function numberOf(what: string, text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || !Number.isFinite(value)) {
    throw new Refusal(
      'benchmark-output-unreadable',
      `the output of sysbench has no number for ${what}`,
      unreadableHint,
    )
  }
  return value
}
