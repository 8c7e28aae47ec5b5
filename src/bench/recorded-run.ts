import { basename, dirname, join } from 'node:path'
import { z } from 'zod'
import { firstMistake } from '../config/zod-diagnostics.ts'
import { FailureError } from '../model/failure.ts'
import { hasJournal, journalOf, readJournalLines } from '../util/journal-lines.ts'
import { crowdSchema, skippedSchema } from './crowd-record.ts'
import {
  type Benchmark,
  designSchema,
  environmentSchema,
  nothingRecorded,
  sampleSchema,
  stopSchema,
} from './record.ts'

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
  /** The run that this one resumed: its trials are in this one too. */
  readonly resumes?: string
  /** What was typed; null when an older hvlab did not write it down. */
  readonly command: string | null
  readonly inventory: z.output<typeof inventorySchema> | null
  readonly benchmarks: readonly Benchmark[]
}

type Line = { readonly [name: string]: unknown }

/**
 * Reads `journal.jsonl` of a run's folder, and first the journals of the runs that it continued: a resumed run holds only
 * what was left to do. Records of unknown channels are passed over, and a last line that a killed run cut. Throws `journal-damaged`
 * for any other line that is not JSON, `record-unreadable` for a record of a benchmark that lacks what is needed: figures
 * without it would not be those of the run. Throws `report-no-samples` when no benchmark was recorded.
 */
export async function readRecordedRun(folder: string): Promise<RecordedRun> {
  const lines = await readChain(folder, new Set())
  const started = lines.findLast((line) => line['kind'] === 'run.started')
  const inventory = inventorySchema.safeParse(started?.['inventory']).data ?? null
  const benchmarks = collect(lines, folder, inventory?.hosts ?? []).filter(({ samples }) =>
    samples.some((sample) => !sample.warm_up),
  )
  if (lines.length === 0 && hasJournal(folder))
    throw new FailureError({
      reason: 'config',
      code: 'journal-empty',
      message: `The run ${basename(folder)} was ended before it began: its journal holds no event.`,
      hint: 'There is nothing to report; the folder can be removed.',
    })
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
    ...(text('resumes') === '' ? {} : { resumes: text('resumes') }),
    command: text('command') || null,
    inventory,
    benchmarks,
  }
}

/** What inventories the run read and which hosts they gave it. */
export const inventorySchema = z.object({ sources: z.array(z.string()), hosts: z.array(z.string()) })

async function readChain(folder: string, seen: Set<string>): Promise<Line[]> {
  if (seen.has(folder) || !hasJournal(folder)) return []
  seen.add(folder)
  const own = (await readJournalLines(journalOf(folder), (value) => value)).events.filter(isObject)
  const earlier = own.find((line) => line['kind'] === 'run.started')?.['resumes']
  if (typeof earlier !== 'string' || earlier !== basename(earlier)) return own
  const before = join(dirname(folder), earlier)
  if (!hasJournal(before) && own.some(tookMeasurement)) throw forerunnerMissing(folder, before)
  return [...(await readChain(before, seen)), ...own]
}

/** A benchmark that was done already: its trials are in the journal of the run that did it. */
function tookMeasurement(line: Line): boolean {
  return line['kind'] === 'task.finished' && line['module'] === 'benchmark' && line['resumed'] === true
}

function forerunnerMissing(folder: string, before: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'journal-missing',
    message: `The run ${basename(folder)} continued ${basename(before)}, which measured for it, and there is no journal.jsonl in ${before}.`,
    hint: `Bring that folder back. Reports and results.json that were written before have all figures.`,
  })
}

function isObject(value: unknown): value is Line {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * One benchmark per stage and host, in the inventory's order: which host began first is chance. A repeated one (a retry, a resume)
 * replaces what an earlier attempt left.
 */
function collect(lines: readonly Line[], folder: string, hosts: readonly string[]): Benchmark[] {
  const found = new Map<string, Benchmark>()
  const stages = [...new Set(lines.map((line) => line['stage']))]
  const ranks = new Map(hosts.map((host, rank) => [host, rank]))
  const place = (line: Line): number =>
    stages.indexOf(line['stage']) * (hosts.length + 1) + (ranks.get(String(line['host'])) ?? hosts.length)
  const recorded = lines.filter((line) => line['kind'] === 'recorded')
  for (const line of recorded.toSorted((one, other) => place(one) - place(other))) {
    const key = `${line['stage']} ${line['host']}`
    // Another's record may have that name; without a design there is no benchmark.
    const design = line['channel'] === 'benchmark' ? designSchema.safeParse(line['data']).data : undefined
    if (design !== undefined) found.set(key, { design, ...nothingRecorded })
    const current = found.get(key)
    if (current === undefined) continue
    const read = <T extends z.ZodType>(schema: T, channel: string): z.output<T> | undefined =>
      line['channel'] === channel ? readRecord(schema, line, folder) : undefined
    const environment = read(environmentSchema, 'environment')
    const sample = read(sampleSchema, 'sample')
    const stop = read(stopSchema, 'stop')
    const crowd = read(crowdSchema, 'crowd')
    const skipped = read(skippedSchema, 'skipped')
    if (crowd !== undefined) found.set(key, { ...current, crowds: [...current.crowds, crowd] })
    if (skipped !== undefined) found.set(key, { ...current, skipped: [...current.skipped, skipped] })
    if (stop !== undefined) found.set(key, { ...current, stops: [...current.stops, stop] })
    if (environment !== undefined)
      found.set(key, { ...current, environments: [...current.environments, environment] })
    if (sample !== undefined) found.set(key, { ...current, samples: [...current.samples, sample] })
  }
  return [...found.values()]
}

function readRecord<T extends z.ZodType>(schema: T, line: Line, folder: string): z.output<T> {
  const record = schema.safeParse(line['data'])
  if (record.success) return record.data
  throw new FailureError({
    reason: 'config',
    code: 'record-unreadable',
    message: `The run ${basename(folder)} has a record of ${line['host']} that cannot be read (${line['channel']}): ${firstMistake(record.error, line['data'], schema)}.`,
    hint: 'Another version of hvlab recorded it, or the journal was changed: read it with that version, or measure again.',
  })
}
