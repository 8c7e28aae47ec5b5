import { z } from 'zod'
import { parserNames } from './parsers/parser.ts'
import { longestTrialS } from './profile.ts'

/** Placeholders of a command; the rest of a workload is fixed data. */
export const placeholders = {
  '{threads}': 'threads, streams or processes',
  '{duration_s}': 'seconds of the trial',
  '{whole_s}': 'the same rounded up, for programs that take whole seconds only',
  '{scratch}': 'a folder of its own on the subject, empty before the first trial; needs `scratch_mib`',
  '{peer}': 'the address of the other end; needs `path`',
  '{port}': 'a port that is free on the other end; needs `server`',
  '{trial}': 'a number that no other trial of the benchmark has',
} as const
type Placeholder = keyof typeof placeholders
const placeholderNames = Object.keys(placeholders) as Placeholder[]

const metricSchema = z.strictObject({
  field: z
    .string()
    .regex(/^[a-z0-9_]+$/)
    .describe('Name among the values that the parser returns'),
  title: z.string().min(1).describe('What people read, e.g. `bandwidth`'),
  unit: z.string().min(1).describe('E.g. `MiB/s`'),
  better: z.enum(['higher', 'lower']).describe('`higher` for rates, `lower` for times'),
})

const commandSchema = z
  .array(z.string())
  .min(1)
  .refine((words) => words.every((word) => unknownPlaceholder(word) === undefined), {
    error: `takes the placeholders ${placeholderNames.join(', ')}`,
  })

/** The fields of a workload file; `designSchema` reads them back from journals. */
const fields = {
  id: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be lower-case words joined by hyphens')
    .describe('Stable name, lower-case words joined by hyphens; reports and gates refer to it'),
  title: z.string().min(1).describe('What people read in tables and charts: a short noun phrase'),
  about: z.string().optional().describe('What one operation is and what the figure says'),
  tool: z
    .string()
    .regex(/^[a-z0-9_.-]+$/)
    .describe('Program that is run on the hypervisor and in every guest'),
  package: z
    .string()
    .regex(/^[a-z0-9][a-z0-9+.-]*$/)
    .optional()
    .describe('Debian package that has the tool; named like the tool when absent'),
  tool_at_least: z
    .string(
      'must be a text such as 1.0.8; in quotes when it has one dot, because YAML reads 3.10 as the number 3.1',
    )
    .regex(/^\d+(\.\d+)*$/, 'must be numbers with dots between, e.g. 1.0.8')
    .optional()
    .describe('Oldest version of the tool whose figures can be compared; in quotes when it has one dot'),
  parser: z.enum(parserNames).describe('Which output format to read'),
  output: z
    .enum(['stdout', 'all'])
    .optional()
    .describe('`all` when figures stand on standard error, too; `stdout` when absent'),
  argv: commandSchema.describe('The command, word by word, with placeholders'),
  threads: z
    .int()
    .min(1)
    .max(64)
    .optional()
    .describe(
      'Always as many, whatever the benchmark was asked for; the default of a command that does not say',
    ),
  duration_s: z
    .number()
    .positive()
    .max(longestTrialS)
    .optional()
    .describe('The command always runs so long, whatever the benchmark was asked for, and has no warm-up'),
  until_done: z
    .boolean()
    .optional()
    .describe('The command ends when its work is done, or times itself: its length is not checked'),
  block_bytes: z
    .int()
    .positive()
    .optional()
    .describe('Bytes that one operation moves; checked against the output'),
  total_bytes: z
    .int()
    .positive()
    .optional()
    .describe('Bytes after which the command may end before its time'),
  scratch_mib: z
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'Room that the files of one subject take in `{scratch}`; refused where it is not free, and as much again, at most 1 GiB',
    ),
  waits_for_disk: z
    .boolean()
    .optional()
    .describe(
      'Its threads sleep and wake with the disk, so that they and the kernel’s own threads wait for each other’s CPU: CPU pressure is no gate then',
    ),
  prepare: commandSchema
    .optional()
    .describe(
      'Runs once on every subject before the first trial, e.g. to write the files that are read later',
    ),
  path: z
    .enum(['host', 'nat', 'guest', 'other-host'])
    .optional()
    .describe(
      'Whom a guest talks to: its hypervisor (`host`), a network behind it through NAT (`nat`), the next guest (`guest`), or another hypervisor of the play (`other-host`). Natively it is a network namespace of the hypervisor; with `other-host` it is the same hypervisor that the guest talks to',
    ),
  server: z
    .strictObject({
      argv: commandSchema.describe('The command, with placeholders'),
      ready: z.string().min(1).describe('What it prints when it can be talked to'),
    })
    .optional()
    .describe(
      '`argv` of a command that runs on the other end during each trial, and the words (`ready`) that it prints when it can be talked to',
    ),
  clock_reads_per_operation: z
    .int()
    .nonnegative()
    .optional()
    .describe(
      'How often the tool itself reads the clock around one operation; findings about the clock need it',
    ),
  explains: z
    .enum(['clock', 'syscall', 'trap'])
    .optional()
    .describe(
      'What one operation of it is, where findings use its cost: two readings of the `clock`, two calls (`syscall`), an instruction that leaves the guest (`trap`)',
    ),
  metrics: z
    .array(metricSchema)
    .min(1)
    .describe(
      '`field` of the parser, `title`, `unit`, `better: higher` or `lower`; the first is the headline',
    ),
}

/** One file of roles/benchmark/workloads. */
export const workloadSchema = z
  .strictObject(fields)
  .refine(scratchIsDeclared, { error: '{scratch} needs scratch_mib', path: ['argv'] })
  .refine(({ server, argv }) => server !== undefined || !argv.some((word) => word.includes('{port}')), {
    error: '{port} needs server',
    path: ['argv'],
  })
  .refine(({ path, argv }) => path !== undefined || !argv.some((word) => word.includes('{peer}')), {
    error: '{peer} needs path',
    path: ['argv'],
  })

/** The same as a journal holds it: a newer hvlab may have written more fields. */
export const recordedWorkloadSchema = z.object(fields)

export type Workload = z.output<typeof workloadSchema>
export type Metric = Workload['metrics'][number]

function unknownPlaceholder(word: string): string | undefined {
  // Scripts have braces, too: a placeholder is one word, or was meant as one.
  return word.match(/\{[\w -]*\}/g)?.find((found) => !(placeholderNames as string[]).includes(found))
}

function scratchIsDeclared({
  argv,
  prepare = [],
  scratch_mib,
}: {
  readonly argv: readonly string[]
  readonly prepare?: readonly string[] | undefined
  readonly scratch_mib?: number | undefined
}): boolean {
  return scratch_mib !== undefined || ![...argv, ...prepare].some((word) => word.includes('{scratch}'))
}

/** The metric that charts and tables show. The schema asks for at least one. */
export function headline(workload: Workload): Metric {
  const [first] = workload.metrics
  if (first === undefined) throw new Error(`workload ${workload.id} has no metric`)
  return first
}
