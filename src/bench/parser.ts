import type { Failure } from '../model/failure.ts'
import type { Result } from '../util/result.ts'
import { parseSysbenchCpu, parseSysbenchMemory } from './sysbench.ts'

/** What a trial was asked to do: the parser checks the output against it. */
export interface Asked {
  readonly threads: number
  /** Seconds; absent when the tool was not given a time limit. */
  readonly durationS?: number
  /** Bytes per operation; absent when operations move no data. */
  readonly blockBytes?: number
}

export interface ParsedOutput {
  /** As the tool prints it, e.g. `1.0.20`. */
  readonly version: string
  /** Values by name, units in the names: `events_per_s`, `mib_per_s`, `latency_avg_ms`. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Reads a tool's output. What does not add up is refused: a wrong figure is worse than none. */
export type Parser = (stdout: string, asked: Asked) => Result<ParsedOutput, Failure>

export const parserNames = ['sysbench-cpu', 'sysbench-memory'] as const
export type ParserName = (typeof parserNames)[number]

export const parsers: Readonly<Record<ParserName, Parser>> = {
  'sysbench-cpu': parseSysbenchCpu,
  'sysbench-memory': parseSysbenchMemory,
}
