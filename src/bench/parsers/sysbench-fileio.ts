import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkRun, type RunFigures, sameWithin } from './self-check.ts'
import { readRun, runMetrics, sysbenchOutput } from './sysbench-run.ts'
import { inconsistent, reading, type ToolOutput } from './tool-output.ts'

const mebibyte = 1024 * 1024

/**
 * `sysbench fileio`: metrics `reads_per_s`, `writes_per_s`, `fsyncs_per_s`, `read_mib_per_s`, `written_mib_per_s` and those
 * of a run. Format of 1.0; the rates are sysbench's own, because it does not print the three counts.
 */
export function parseSysbenchFileio(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const output = sysbenchOutput(stdout)
    const run = readRun(output)
    const rate = (what: string): number =>
      output.number(`${what}/s`, new RegExp(`^\\s*${what}/s:\\s+NUMBER\\s*$`, 'm'))
    const [reads, writes, fsyncs] = [rate('reads'), rate('writes'), rate('fsyncs')]
    const readMib = output.number('read, MiB/s', /^\s*read, MiB\/s:\s+NUMBER\s*$/m)
    const writtenMib = output.number('written, MiB/s', /^\s*written, MiB\/s:\s+NUMBER\s*$/m)
    checkRun(run, asked)
    const blockBytes = readBlockBytes(output)
    if (asked.blockBytes !== undefined && blockBytes !== asked.blockBytes) {
      throw inconsistent(`blocks of ${asked.blockBytes} bytes were asked for and sysbench used ${blockBytes}`)
    }
    checkEvents(run, reads + writes + fsyncs)
    sameWithin('reads × block size', (reads * blockBytes) / mebibyte, 'MiB read per second', readMib)
    sameWithin('writes × block size', (writes * blockBytes) / mebibyte, 'MiB written per second', writtenMib)
    return {
      version: run.version,
      metrics: {
        reads_per_s: reads,
        writes_per_s: writes,
        fsyncs_per_s: fsyncs,
        read_mib_per_s: readMib,
        written_mib_per_s: writtenMib,
        ...runMetrics(run),
      },
    }
  })
}

/**
 * Reads, writes and calls of fsync are events, all three. sysbench 1.0 takes the rates over the time in which it started
 * operations and then waits for a last round of fsync, so they may be some percent above events ÷ total time.
 */
function checkEvents(run: RunFigures, rate: number): void {
  const own = run.events / run.totalTimeS
  if (rate >= own * 0.95 - 1 && rate <= own * 1.05 + 1) return
  throw inconsistent(
    `events ÷ total time is ${own.toFixed(2)} and reads, writes and fsyncs per second are ${rate.toFixed(2)}: they should be nearly equal`,
  )
}

/** `Block size 16KiB`; whole mebibytes from 1 MiB on. */
function readBlockBytes(output: ToolOutput): number {
  const size = output.number('block size', /^Block size NUMBER[KM]iB\s*$/m)
  return size * (output.has(/^Block size \d+MiB/m) ? mebibyte : 1024)
}
