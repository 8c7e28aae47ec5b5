import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { z } from 'zod'
import { type Benchmark, designSchema, environmentSchema, sampleSchema, stopSchema } from '../bench/record.ts'
import { FailureError } from '../model/failure.ts'

/** What a report needs of a run, read from its journal. */
export interface RecordedRun {
  readonly runId: string
  readonly pipeline: string
  /** Pipeline file as the run named it. */
  readonly file: string
  /** hvlab's version that ran it. */
  readonly version: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly benchmarks: readonly Benchmark[]
}

type Line = { readonly [name: string]: unknown }

/**
 * Reads `journal.jsonl` of a run's folder, and first the journals of the runs that it continued: a resumed run holds only
 * what was left to do. Lines that are cut, unknown or of another version are passed over; a report needs none of them.
 * Throws `report-no-samples` when no benchmark was recorded.
 */
export async function readRecordedRun(folder: string): Promise<RecordedRun> {
  const lines = await readChain(folder, new Set())
  const started = lines.findLast((line) => line['kind'] === 'run.started')
  const benchmarks = collect(lines).filter(({ samples }) => samples.some((sample) => !sample.warm_up))
  if (started === undefined || benchmarks.length === 0) {
    throw new FailureError({
      reason: 'module',
      code: 'report-no-samples',
      message: `The run ${basename(folder)} has no benchmark to report.`,
      hint: 'Run a pipeline with a benchmark stage, e.g. `hvlab up quick`.',
    })
  }
  const text = (name: string): string => (typeof started[name] === 'string' ? started[name] : '')
  return {
    runId: text('runId'),
    pipeline: text('pipeline'),
    file: text('file'),
    version: text('version'),
    startedAt: text('time'),
    benchmarks,
  }
}

async function readChain(folder: string, seen: Set<string>): Promise<Line[]> {
  const file = join(folder, 'journal.jsonl')
  if (seen.has(folder) || !existsSync(file)) return []
  seen.add(folder)
  const own = (await readFile(file, 'utf8')).split('\n').flatMap(parseLine)
  const earlier = own.find((line) => line['kind'] === 'run.started')?.['resumes']
  if (typeof earlier !== 'string' || earlier !== basename(earlier)) return own
  return [...(await readChain(join(dirname(folder), earlier), seen)), ...own]
}

/** The last line of a killed run may be cut: it is no event. */
function parseLine(text: string): Line[] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [value as Line] : []
  } catch {
    return []
  }
}

/** One benchmark per stage and host; a repeated one (a retry, a resume) replaces what an earlier attempt left. */
function collect(lines: readonly Line[]): Benchmark[] {
  const found = new Map<string, Benchmark>()
  for (const line of lines) {
    if (line['kind'] !== 'recorded') continue
    const key = `${line['stage']} ${line['host']}`
    const design = read(designSchema, line, 'benchmark')
    if (design !== undefined) found.set(key, { design, environments: [], samples: [], stops: [] })
    const current = found.get(key)
    if (current === undefined) continue
    const environment = read(environmentSchema, line, 'environment')
    const sample = read(sampleSchema, line, 'sample')
    const stop = read(stopSchema, line, 'stop')
    if (stop !== undefined) found.set(key, { ...current, stops: [...current.stops, stop] })
    if (environment !== undefined)
      found.set(key, { ...current, environments: [...current.environments, environment] })
    if (sample !== undefined) found.set(key, { ...current, samples: [...current.samples, sample] })
  }
  return [...found.values()]
}

function read<T extends z.ZodType>(schema: T, line: Line, channel: string): z.output<T> | undefined {
  if (line['channel'] !== channel) return undefined
  const parsed = schema.safeParse(line['data'])
  return parsed.success ? parsed.data : undefined
}
