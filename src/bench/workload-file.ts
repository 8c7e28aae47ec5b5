import { z } from 'zod'
import { parserNames } from './parser.ts'

/** Placeholders of an argv; the rest of a workload is fixed data. */
const placeholders = ['{threads}', '{duration_s}'] as const

const metricSchema = z.strictObject({
  field: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .describe('Name among the values that the parser returns'),
  title: z.string().min(1).describe('What people read, e.g. `bandwidth`'),
  unit: z.string().min(1).describe('E.g. `MiB/s`'),
  better: z.enum(['higher', 'lower']).describe('`higher` for rates, `lower` for times'),
})

/** One file of roles/benchmark/workloads. */
export const workloadSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case words joined by hyphens')
    .describe('Stable name; reports and gates refer to it'),
  title: z.string().min(1).describe('A short noun phrase for charts and tables'),
  about: z.string().optional().describe('What one operation is and what the figure says'),
  tool: z
    .string()
    .regex(/^[a-z0-9_.-]+$/)
    .describe('Program that must be installed on every subject'),
  tool_at_least: z
    .string()
    .regex(/^\d+(\.\d+)*$/, 'numbers with dots between, e.g. 1.0.8')
    .optional()
    .describe('Oldest version of the tool whose figures can be compared'),
  parser: z.enum(parserNames).describe('Which output format to read'),
  argv: z
    .array(z.string())
    .min(1)
    .refine((words) => words.every((word) => unknownPlaceholder(word) === undefined), {
      error: `placeholders are ${placeholders.join(' and ')}`,
    })
    .describe('The command, word by word; `{threads}` and `{duration_s}` are filled in'),
  block_bytes: z.int().positive().optional().describe('Bytes that one operation moves'),
  clock_reads_per_operation: z
    .int()
    .nonnegative()
    .optional()
    .describe('How often the tool itself reads the clock around one operation'),
  metrics: z.array(metricSchema).min(1).describe('The first one is the headline'),
})

export type Workload = z.output<typeof workloadSchema>
export type Metric = Workload['metrics'][number]

function unknownPlaceholder(word: string): string | undefined {
  return word.match(/\{[^}]*\}/g)?.find((found) => !(placeholders as readonly string[]).includes(found))
}

/** The metric that charts and tables show. The schema asks for at least one. */
export function headline(workload: Workload): Metric {
  const [first] = workload.metrics
  if (first === undefined) throw new Error(`workload ${workload.id} has no metric`)
  return first
}

/** The command of one trial. */
export function workloadArgv(workload: Workload, asked: { threads: number; durationS: number }): string[] {
  return workload.argv.map((word) =>
    word.replaceAll('{threads}', String(asked.threads)).replaceAll('{duration_s}', String(asked.durationS)),
  )
}
