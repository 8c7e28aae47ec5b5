import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from '../util/journal-lines.ts'
import { crowdSchema, skippedSchema } from './crowd-record.ts'
import { designSchema, environmentSchema, sampleSchema, stopSchema } from './record.ts'
import { inventorySchema, type RecordedRun } from './recorded-run.ts'

/**
 * What results.json holds of a run as it was recorded; a report's figures stand beside it and are computed again. Grows by
 * additions, which have defaults here for files of older versions; a change of meaning gets a new number.
 */
const resultsSchema = z.object({
  format: z.literal('hvlab-results'),
  format_version: z.literal(1),
  run: z.object({
    id: z.string(),
    pipeline: z.string(),
    file: z.string(),
    hvlab_version: z.string(),
    started_at: z.string(),
    resumes: z.string().nullable().default(null),
    command: z.string().nullable().default(null),
    inventory: inventorySchema.nullable().default(null),
  }),
  hosts: z
    .array(
      z.object({
        design: designSchema,
        skipped: z.array(skippedSchema).default([]),
        crowds: z.array(crowdSchema).default([]),
        environments: z.array(environmentSchema),
        stops: z.array(stopSchema).default([]),
        samples: z.array(sampleSchema),
      }),
    )
    .min(1),
})

type ResultsFile = z.output<typeof resultsSchema>

/** The head of results.json; its `hosts` are benchmarks as they are, with figures beside them. */
export function resultsHead(run: Omit<RecordedRun, 'benchmarks'>): Omit<ResultsFile, 'hosts'> {
  return {
    format: 'hvlab-results',
    format_version: 1,
    run: {
      id: run.runId,
      pipeline: run.pipeline,
      file: run.file,
      hvlab_version: run.version,
      started_at: run.startedAt,
      resumes: run.resumes ?? null,
      command: run.command,
      inventory: run.inventory,
    },
  }
}

/** Reads a results.json, also one that was copied away from its run: it holds all that was measured. */
export async function readResultsFile(file: string): Promise<RecordedRun> {
  const content = parsedJson(await readFile(file, 'utf8'))
  const results = resultsSchema.safeParse(content)
  if (!results.success) {
    const [issue] = results.error.issues
    const why =
      content === undefined ? 'not JSON' : [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')
    throw new FailureError({
      reason: 'config',
      code: 'results-invalid',
      message: `${file} is not a results.json of hvlab: ${why}.`,
      hint: 'Name a run, or the results.json in its folder.',
    })
  }
  const { run, hosts } = results.data
  return {
    runId: run.id,
    pipeline: run.pipeline,
    file: run.file,
    version: run.hvlab_version,
    startedAt: run.started_at,
    ...(run.resumes === null ? {} : { resumes: run.resumes }),
    command: run.command,
    inventory: run.inventory,
    benchmarks: hosts,
  }
}
