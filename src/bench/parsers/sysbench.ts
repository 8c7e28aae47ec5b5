import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkRun, rateFits, sameWithin } from './self-check.ts'
import { perSecond, readRun, runMetrics, sysbenchOutput } from './sysbench-run.ts'
import { inconsistent, reading, type ToolOutput } from './tool-output.ts'

/*
 * Formats read: sysbench 1.0 (1.0.8 and later print `events per second`) and 0.4.12, which prints no event rate,
 * calls mebibytes `MB` and gives the time inside events in seconds instead of the latency sum in milliseconds. Without an event 0.4.12 prints
 * a shortest latency of 2⁶⁴ ns and no percentile.
 *
 * Rates are counts ÷ total time. The rates that sysbench prints divide by the time until it prints them, so a machine that
 * stalls between the last event and the report looks slower than it was (seen in a guest: 51 ms of 3 s).
 */

const mebibyte = 1024 * 1024

/** `sysbench cpu`: metrics `events_per_s`, `events`, `total_time_s`, `latency_*_ms`. */
export function parseSysbenchCpu(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const output = sysbenchOutput(stdout)
    const run = readRun(output)
    const rate = output.optional('events per second', /^\s*events per second:\s+NUMBER\s*$/m)
    checkRun(run, asked)
    // 0.4 has no rate line.
    if (rate !== undefined) rateFits('events', run.events, rate, run)
    return { version: run.version, metrics: { events_per_s: perSecond(run.events, run), ...runMetrics(run) } }
  })
}

/** `sysbench memory`: metrics `mib_per_s`, `operations_per_s`, `operations`, `transferred_mib` and those of a run. */
export function parseSysbenchMemory(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const output = sysbenchOutput(stdout)
    const run = readRun(output)
    const [operations, rate] = output.pair(
      'operations',
      /^(?:Total operations|Operations performed):\s+(\d+)\s+\(\s*NUMBER (?:per second|ops\/sec)\)\s*$/m,
    )
    const [mib, bandwidth] = output.pair(
      'MiB transferred',
      /^(\d+\.\d+) Mi?B transferred \(\s*NUMBER Mi?B\/sec\)\s*$/m,
    )
    const blockBytes = readBlockBytes(output, asked.blockBytes)
    // With a total size the run may end before its time, and then all of it was transferred.
    const complete = asked.totalBytes !== undefined && (operations + 1) * blockBytes > asked.totalBytes
    checkRun(run, complete ? { threads: asked.threads } : asked)
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
        ...runMetrics(run),
      },
    }
  })
}

/**
 * 1.0 prints `block size: 1KiB`, 0.4 prints `Memory block size: 1K`. Both divide by 1024 and drop the rest, so blocks
 * below 1 KiB show as 0: then what was asked for is checked through the bytes that were transferred.
 */
function readBlockBytes(output: ToolOutput, askedBytes: number | undefined): number {
  const kibibytes = output.number('block size', /^\s*(?:Memory )?block size:\s+NUMBERK(?:iB)?\s*$/m)
  if (askedBytes === undefined) return kibibytes * 1024
  if (Math.floor(askedBytes / 1024) === kibibytes) return askedBytes
  throw inconsistent(`blocks of ${askedBytes} bytes were asked for and sysbench used ${kibibytes * 1024}`)
}

/**
 * `sysbench threads` and `sysbench mutex`, which count events and print no rate of their own. Metrics `events_per_s` and
 * those of a run. `mutex` ends when its work is done: one event a thread, and `latency_avg_ms` is the figure.
 */
export function parseSysbenchEvents(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const run = readRun(sysbenchOutput(stdout))
    checkRun(run, asked)
    return { version: run.version, metrics: { events_per_s: perSecond(run.events, run), ...runMetrics(run) } }
  })
}
