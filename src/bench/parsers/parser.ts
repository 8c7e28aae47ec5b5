import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import { parseRounds } from '../rounds.ts'
import { parseDd } from './dd.ts'
import { parseFio } from './fio.ts'
import { parseIperf3 } from './iperf3.ts'
import { parseOpensslSpeed } from './openssl-speed.ts'
import { parsePing } from './ping.ts'
import { parseStressNg } from './stress-ng.ts'
import { parseSysbenchCpu, parseSysbenchEvents, parseSysbenchMemory } from './sysbench.ts'
import { parseSysbenchFileio } from './sysbench-fileio.ts'

/** What a trial was asked to do: the parser checks the output against it. */
export interface Asked {
  readonly threads: number
  /** Seconds; absent when the tool was not given a time limit. */
  readonly durationS?: number
  /** Bytes per operation; absent when operations move no data. */
  readonly blockBytes?: number
  /** Bytes after which the tool may end before its time; absent when it has no such limit. */
  readonly totalBytes?: number
}

export interface ParsedOutput {
  /** As the tool prints it, e.g. `1.0.20`; absent when its output does not say. */
  readonly version?: string
  /** Values by name, units in the names: `events_per_s`, `mib_per_s`, `latency_avg_ms`. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Reads a tool's output. What does not add up is refused: a wrong figure is worse than none. */
export type Parser = (stdout: string, asked: Asked) => Result<ParsedOutput, Failure>

export const parsers = {
  'sysbench-cpu': parseSysbenchCpu,
  'sysbench-memory': parseSysbenchMemory,
  'sysbench-events': parseSysbenchEvents,
  'sysbench-fileio': parseSysbenchFileio,
  fio: parseFio,
  iperf3: parseIperf3,
  'stress-ng': parseStressNg,
  'openssl-speed': parseOpensslSpeed,
  ping: parsePing,
  dd: parseDd,
  rounds: parseRounds,
} as const satisfies Readonly<Record<string, Parser>>

export type ParserName = keyof typeof parsers
export const parserNames = Object.keys(parsers) as [ParserName, ...ParserName[]]
