import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import type { Judgement } from '../verdicts/judgement.ts'
import { writeJudgement } from '../verdicts/judgement-formats.ts'
import type { PipelineChoice } from './command-line.ts'
import type { CommandEnvironment } from './environment.ts'
import { judgeRuns } from './gate.ts'
import { sideNamed, tolerancesFor } from './measured.ts'
import { runFolder } from './run-folder.ts'
import type { RunOptions } from './run-options.ts'
import { runPipeline } from './run-pipeline.ts'
import type { VerdictOptions } from './verdict-options.ts'

export interface GatedRunOptions extends RunOptions, VerdictOptions {
  /** A run id, folder or results.json to hold the new run against; absent = no gate. */
  readonly gate?: string
}

/**
 * `hvlab up [NAME]`, `hvlab run FILE`: runs a pipeline, and with `--gate` judges what it measured. An inconclusive verdict gets one confirmation round: the
 * same pipeline again, which changes nothing and measures anew, and both runs pooled. The verdict is kept in the folder
 * of the last run.
 */
export async function gatedRun(
  pipeline: PipelineChoice,
  options: GatedRunOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { gate } = options
  if (gate === undefined) return (await runPipeline(pipeline, options, env)).exitCode
  await refuseEarly(gate, options, env)
  const judging = { ...options, baseline: gate, of: ['efficiency' as const] }
  const first = await runPipeline(pipeline, options, env)
  if (first.exitCode !== ExitCode.ok || first.runId === undefined) return first.exitCode
  const judged = await judgeRuns([first.runId], judging, env.cwd)
  if (judged.exitCode !== ExitCode.inconclusive)
    return conclude(judged.judgement, judged.exitCode, first.runId, options, env)
  env.stderr('inconclusive: measuring once more, and judging both runs together\n')
  const { resume: _, ...anew } = options
  const second = await runPipeline(pipeline, anew, env)
  if (second.exitCode !== ExitCode.ok || second.runId === undefined) return second.exitCode
  const confirmed = await judgeRuns([first.runId, second.runId], judging, env.cwd)
  return conclude(confirmed.judgement, confirmed.exitCode, second.runId, options, env)
}

/** A gate that cannot be decided is known before minutes of measuring. */
async function refuseEarly(gate: string, options: GatedRunOptions, env: CommandEnvironment): Promise<void> {
  const { given, calibration } = tolerancesFor(env.cwd, options, await sideNamed(env.cwd, gate))
  if (options.check) {
    throw new FailureError({
      reason: 'config',
      code: 'gate-in-check-mode',
      message: 'A gate needs figures, and --check measures nothing.',
      hint: 'Leave out --check or --gate.',
    })
  }
  if (given.size > 0 || calibration !== undefined) return
  throw new FailureError({
    reason: 'config',
    code: 'gate-no-tolerance',
    message: `No tolerance is known: there is no calibration.json in ${env.cwd}, and no --tolerance.`,
    hint: "Measure this host's own noise once with `hvlab calibrate`, or give --tolerance.",
  })
}

async function conclude(
  judgement: Judgement,
  exitCode: ExitCode,
  runId: string,
  { format }: GatedRunOptions,
  env: CommandEnvironment,
): Promise<ExitCode> {
  const folder = runFolder(env.cwd, runId)
  const files = { 'verdict.json': 'json', 'verdict.md': 'markdown', 'verdict.junit.xml': 'junit' } as const
  await Promise.all(
    Object.entries(files).map(([name, as]) =>
      writeFile(join(folder, name), writeJudgement(judgement, as, exitCode)),
    ),
  )
  // With a format for programs, stdout is the run's; the verdict is in the file and in the exit code.
  const show = format === 'json' || format === 'jsonl' ? env.stderr : env.stdout
  show(writeJudgement(judgement, 'text', exitCode))
  return exitCode
}
