import { z } from 'zod'
import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import { figure, jsonOutput } from './json-output.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { Refusal } from './refusal.ts'
import { checkLength, sameWithin } from './self-check.ts'
import { inconsistent, reading, unreadable } from './tool-output.ts'

/*
 * `fio --output-format=json`, 3.x. Times are nanoseconds since fio 3.0. Percentiles stand at `clat_ns`, or with
 * --lat_percentiles=1 at `lat_ns`. A job's runtime is whole milliseconds, without the ramp time.
 */

const mebibyte = 1024 * 1024
/** Half of the last digit of the runtime, which fio rounds, and one operation in flight at the end. */
const runtimeSlackMs = 1

const latencySchema = z.object({
  min: figure,
  max: figure,
  mean: figure,
  N: figure.optional(),
  percentile: z.record(z.string(), figure).optional(),
})
const directionSchema = z.object({
  io_bytes: figure,
  bw_bytes: figure,
  iops: figure,
  runtime: figure,
  total_ios: figure,
  clat_ns: latencySchema,
  lat_ns: latencySchema,
})
const optionsSchema = z.record(z.string(), z.string())
const documentSchema = z.object({
  'fio version': z.string(),
  'global options': optionsSchema.optional(),
  jobs: z.array(
    z.object({
      jobname: z.string(),
      error: z.number(),
      'job options': optionsSchema.optional(),
      read: directionSchema,
      write: directionSchema,
      sync: z.object({ lat_ns: latencySchema }).optional(),
      usr_cpu: figure,
      sys_cpu: figure,
      ctx: figure,
    }),
  ),
})
type Job = z.output<typeof documentSchema>['jobs'][number]
type Direction = z.output<typeof directionSchema>

/**
 * Metrics: for what was read and written `read_iops`, `read_mib_per_s`, `read_latency_avg_us`, `…_p50_us`, `…_p99_us`,
 * `…_max_us`; with fsync `sync_latency_avg_us` and its percentiles; `runtime_s`, `cpu_percent`, `context_switches`.
 */
export function parseFio(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const document = jsonOutput('fio', stdout, documentSchema)
    const [job, ...others] = document.jobs
    if (job === undefined || others.length > 0) {
      throw unreadable(
        `fio reports ${document.jobs.length} jobs, and one is read`,
        'give one job, and --group_reporting when it has --numjobs',
      )
    }
    if (job.error !== 0) throw failed(job.error, stdout)
    const directions = (['read', 'write'] as const).filter((name) => job[name].total_ios > 0)
    if (directions.length === 0) throw inconsistent('fio did no input or output', 'run longer')
    for (const name of directions) checkDirection(name, job[name], asked)
    checkLatencySum(job, { ...document['global options'], ...job['job options'] })
    return {
      version: document['fio version'].replace(/^fio-/, ''),
      metrics: {
        ...Object.assign({}, ...directions.map((name) => directionMetrics(name, job[name]))),
        ...(wasMeasured(job.sync?.lat_ns) && latencyMetrics('sync', job.sync?.lat_ns)),
        runtime_s: Math.max(...directions.map((name) => job[name].runtime)) / 1000,
        cpu_percent: round(job.usr_cpu + job.sys_cpu),
        context_switches: job.ctx,
      },
    }
  })
}

/** fio writes what went wrong in front of the JSON, and may end with exit code 0. */
function failed(error: number, stdout: string): Refusal {
  const said = stdout.match(/^fio: .*\berror=([^\n]+)$/m)?.[1]
  return new Refusal(
    'benchmark-tool-failed',
    `fio reports error ${error}${said === undefined ? '' : ` (${said.trim()})`}`,
    'where the file system has no direct input and output (tmpfs, some overlays), choose another folder',
  )
}

function checkDirection(name: string, figures: Direction, asked: Asked): void {
  const { io_bytes, bw_bytes, iops, runtime, total_ios } = figures
  if (runtime === 0) throw inconsistent(`fio says that it took 0 ms to ${name}`, 'run longer')
  const seconds = runtime / 1000
  const slack = runtimeSlackMs / runtime
  sameWithin(
    `${name} operations ÷ runtime`,
    total_ios / seconds,
    'IOPS',
    iops,
    (total_ios / seconds) * slack + 1,
  )
  sameWithin(
    `${name} bytes ÷ runtime`,
    io_bytes / seconds,
    'bandwidth',
    bw_bytes,
    (io_bytes / seconds) * slack + 1,
  )
  if (asked.blockBytes !== undefined) {
    sameWithin(
      `${name} operations × block size`,
      total_ios * asked.blockBytes,
      'bytes',
      io_bytes,
      asked.blockBytes,
    )
  }
  if (asked.durationS !== undefined) {
    checkLength('fio', seconds, asked.durationS, 'give --time_based; a file that is small ends the run early')
  }
  const { min, mean, max } = figures.lat_ns
  if (!(min <= mean && mean <= max)) {
    throw inconsistent(`fio's mean ${name} latency (${mean} ns) is not between ${min} and ${max} ns`)
  }
}

/** All operations in flight together cannot have waited longer than the run × the queue. */
function checkLatencySum(job: Job, options: Readonly<Record<string, string>>): void {
  const depth = Number(options['iodepth'] ?? 1) * Number(options['numjobs'] ?? 1)
  const waitedS = (['read', 'write'] as const).reduce(
    (sum, name) => sum + (job[name].lat_ns.mean * job[name].total_ios) / 1e9,
    0,
  )
  const availableS =
    (depth * Math.max(job.read.runtime, job.write.runtime)) / 1000 +
    (depth * Math.max(job.read.lat_ns.max, job.write.lat_ns.max)) / 1e9
  if (Number.isNaN(depth) || waitedS <= availableS * 1.01) return
  throw inconsistent(
    `the sum of fio's latencies (${waitedS.toFixed(2)} s) is more than queue depth × runtime (${availableS.toFixed(2)} s)`,
  )
}

function directionMetrics(name: string, figures: Direction): Record<string, number> {
  const latency = hasPercentiles(figures.lat_ns)
    ? figures.lat_ns
    : { ...figures.lat_ns, percentile: figures.clat_ns.percentile }
  return {
    [`${name}_iops`]: round(figures.iops),
    [`${name}_mib_per_s`]: round(figures.bw_bytes / mebibyte),
    ...latencyMetrics(name, latency),
  }
}

function latencyMetrics(
  name: string,
  latency: z.output<typeof latencySchema> | undefined,
): Record<string, number> {
  if (latency === undefined) return {}
  const percentile = (key: string, suffix: string): Record<string, number> => {
    const value = latency.percentile?.[key]
    return value === undefined ? {} : { [`${name}_latency_${suffix}_us`]: round(value / 1000) }
  }
  return {
    [`${name}_latency_avg_us`]: round(latency.mean / 1000),
    [`${name}_latency_max_us`]: round(latency.max / 1000),
    ...percentile('50.000000', 'p50'),
    ...percentile('99.000000', 'p99'),
  }
}

function hasPercentiles(latency: z.output<typeof latencySchema> | undefined): boolean {
  return latency?.percentile !== undefined
}

/** fio 3.16 writes percentiles of 0 ns, and no count, where there was nothing to measure. */
function wasMeasured(latency: z.output<typeof latencySchema> | undefined): boolean {
  return hasPercentiles(latency) && latency !== undefined && (latency.N ?? latency.max) > 0
}

const round = (value: number): number => Number(value.toFixed(3))
