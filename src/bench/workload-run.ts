import type { Asked } from './parsers/parser.ts'
import type { Workload } from './workload-file.ts'

/** What a benchmark asks of one trial. */
export interface TrialRequest {
  readonly threads: number
  readonly durationS: number
  /** See `{scratch}`; any text when the workload has none. */
  readonly scratch: string
  /** See `{peer}`; only for workloads with a path. */
  readonly peer?: string
  /** See `{port}`; only for workloads whose server has one. */
  readonly port?: number
  /** See `{trial}`. */
  readonly trial: number
}

/** A workload's command with everything filled in, and what its output is checked against. */
export interface WorkloadRun {
  readonly argv: readonly string[]
  readonly threads: number
  /** Seconds that it should take. */
  readonly durationS: number
  readonly asked: Asked
}

export function workloadRun(workload: Workload, request: TrialRequest): WorkloadRun {
  const threads = workload.threads ?? request.threads
  const durationS = trialSeconds(workload, request.durationS)
  return {
    argv: filledIn(workload.argv, { ...request, threads, durationS }),
    threads,
    durationS,
    asked: {
      threads,
      ...(workload.until_done !== true && { durationS }),
      ...(workload.block_bytes !== undefined && { blockBytes: workload.block_bytes }),
      ...(workload.total_bytes !== undefined && { totalBytes: workload.total_bytes }),
    },
  }
}

/** How long a trial of this workload takes when the benchmark asks for `askedS`. */
export function trialSeconds(workload: Workload, askedS: number): number {
  if (workload.duration_s !== undefined) return workload.duration_s
  return workload.argv.some((word) => word.includes('{whole_s}')) ? Math.ceil(askedS) : askedS
}

/** The command of `prepare`, or undefined when the workload has none. */
export function preparation(workload: Workload, request: TrialRequest): string[] | undefined {
  return workload.prepare === undefined ? undefined : filledIn(workload.prepare, request)
}

function filledIn(
  words: readonly string[],
  { threads, durationS, scratch, peer, port, trial }: TrialRequest,
): string[] {
  return words.map((word) =>
    word
      .replaceAll('{threads}', String(threads))
      .replaceAll('{duration_s}', String(durationS))
      .replaceAll('{whole_s}', String(Math.ceil(durationS)))
      .replaceAll('{trial}', String(trial))
      .replaceAll('{peer}', peer ?? '{peer}')
      .replaceAll('{port}', port === undefined ? '{port}' : String(port))
      .replaceAll('{scratch}', scratch),
  )
}
