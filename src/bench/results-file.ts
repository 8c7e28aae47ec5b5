import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { firstMistake } from '../config/zod-diagnostics.ts'
import { FailureError } from '../model/failure.ts'
import { parsedJson } from '../util/json.ts'
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
  /** How many fields this version of the format had: more are a newer hvlab's. They are passed over where the file is read. */
  format_fields: z.number().int().default(0),
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

const format = { version: 1, fields: fieldsIn(z.toJSONSchema(resultsSchema, { io: 'input' })) } as const

/** Names of properties in a JSON Schema, however deep. */
function fieldsIn(schema: unknown): number {
  if (typeof schema !== 'object' || schema === null) return 0
  const own = 'properties' in schema ? Object.keys(Object(schema.properties)).length : 0
  return Object.values(schema).reduce((sum: number, part: unknown) => sum + fieldsIn(part), own)
}

/** The head of results.json; its `hosts` are benchmarks as they are, with figures beside them. */
export function resultsHead(run: Omit<RecordedRun, 'benchmarks'>): Omit<ResultsFile, 'hosts'> {
  return {
    format: 'hvlab-results',
    format_version: format.version,
    format_fields: format.fields,
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
  const found = formatOf(content)
  if (found !== undefined && found.version > format.version)
    throw newer(file, found, 'Use the hvlab that wrote it, or a newer one.')
  const results = resultsSchema.safeParse(content)
  if (!results.success) {
    const why = content === undefined ? 'not JSON' : firstMistake(results.error, content, resultsSchema)
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

/**
 * Throws when a file that is to be written again has more than this hvlab knows, which would be lost. One that is missing or no
 * results.json is nobody's loss.
 */
export async function refuseNewerResults(file: string): Promise<void> {
  if (!existsSync(file)) return
  const found = formatOf(parsedJson(await readFile(file, 'utf8')))
  if (found === undefined || found.version < format.version) return
  if (found.version === format.version && found.fields <= format.fields) return
  throw newer(
    file,
    found,
    'Writing it again would lose what this hvlab does not know: use the newer one, or move the file away first.',
  )
}

interface Format {
  readonly version: number
  readonly fields: number
}

const headSchema = z.object({
  format: z.literal('hvlab-results'),
  format_version: z.number(),
  format_fields: z.number().default(0),
})

function formatOf(content: unknown): Format | undefined {
  const head = headSchema.safeParse(content).data
  return head && { version: head.format_version, fields: head.format_fields }
}

function newer(file: string, found: Format, hint: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'results-newer',
    message: `${file} was written by a newer hvlab: it has format ${words(found)}, and this one knows ${words(format)}.`,
    hint,
  })
}

function words({ version, fields }: Format): string {
  return `${version} with ${fields} fields`
}
