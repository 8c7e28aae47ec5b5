import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readJournal } from '../engine/journal.ts'
import { isRunning, startOf } from '../engine/run-lock.ts'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { defined } from '../util/defined.ts'
import { commandLine, type PipelineChoice, withoutSecrets } from './command-line.ts'
import { compilePlan } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import { dropEmptyFolder, listRuns, newRunFolder, runFolder } from './run-folder.ts'
import type { RunOptions } from './run-options.ts'
import { runPlanHere } from './run-plan.ts'

/** How a run ended; no id when nothing was started. */
export interface EndedRun {
  readonly exitCode: number
  readonly runId?: string
}

/** Compiles a pipeline and runs it; the way of `up` and `run`. */
export async function runPipeline(
  pipeline: PipelineChoice,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<EndedRun> {
  const compiled = await compilePlan(pipeline, options, env)
  if (!compiled) return { exitCode: ExitCode.usage }
  const { plan } = compiled
  const resumeFrom =
    options.resume === undefined ? undefined : await runToResume(options.resume, plan.name, env)
  const { runId, folder } = newRunFolder(env.cwd, fileNameOf(basename(plan.file)), new Date())
  // As it may be seen: in the journal, in reports, and in logs of whoever runs hvlab.
  const command = commandLine(pipeline, { ...options, extraVars: options.extraVars.map(withoutSecrets) })
  const outcome = await runPlanHere(
    defined({
      plan,
      runId,
      folder,
      format: options.format,
      resumeFrom,
      command,
    }),
    options,
    env,
  ).catch((error: unknown) => {
    dropEmptyFolder(folder)
    throw error
  })
  const endings: readonly number[] = [ExitCode.interrupted, ExitCode.terminated, ExitCode.deadline]
  if (endings.includes(outcome.exitCode) && !outcome.isWhole && !options.check)
    env.stderr(`Continue it with: ${command} --resume ${runId}\n`)
  if (existsSync(join(folder, 'report.html'))) await inLanguage(folder, options, env)
  return { exitCode: outcome.exitCode, runId }
}

/** The report in another language beside the one that the run has written. */
async function inLanguage(folder: string, { lang }: RunOptions, env: CommandEnvironment): Promise<void> {
  if (lang === undefined || lang === 'en') return
  const { writeReports } = await import('../reports/write-reports.ts')
  const { files } = await writeReports(folder, lang)
  env.stderr(`${files.slice(0, 2).join('\n')}\n`)
}

/** `--resume` alone means the newest run of the same pipeline that was not in check mode. It must have left something to do. */
async function runToResume(
  wanted: string | true,
  pipeline: string,
  env: CommandEnvironment,
): Promise<string> {
  if (wanted !== true) return runFolder(env.cwd, wanted)
  for (const run of listRuns(env.cwd)) {
    const folder = runFolder(env.cwd, run)
    const started = startOf(folder)
    if (started?.pipeline !== pipeline || started.check) continue
    if (isRunning(folder)) return folder
    const { events } = await readJournal(folder)
    const finished = events.findLast((event) => event.kind === 'run.finished')
    if (finished?.exitCode !== ExitCode.ok && finished?.isWhole !== true) return folder
    throw new FailureError({
      reason: 'config',
      code: 'nothing-to-resume',
      message: `The newest run of ${pipeline}, ${basename(folder)}, is complete: there is nothing to resume.`,
      hint: 'Leave --resume out to run the pipeline again.',
    })
  }
  throw new FailureError({
    reason: 'config',
    code: 'nothing-to-resume',
    message: `There is no earlier run of ${pipeline} in results/.`,
    hint: 'Leave --resume out.',
  })
}

/** `pipelines/quick.yml` → `quick`. */
function fileNameOf(file: string): string {
  return (
    file
      .replace(/\.[^.]*$/, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 40) || 'run'
  )
}
