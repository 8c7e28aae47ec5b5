import { readableJournal } from '../engine/journal.ts'
import { isRunning } from '../engine/run-lock.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { CommandEnvironment } from './environment.ts'
import { runFolder } from './run-folder.ts'
import type { RunOptions } from './run-options.ts'

/** `hvlab replay [RUN]`: draws a run's journal again, in any format; of a damaged one what can be read. Returns the exit code that the run had. */
export async function replayCommand(
  run: string | undefined,
  options: Pick<RunOptions, 'format' | 'verbosity' | 'diff'>,
  env: CommandEnvironment,
): Promise<number> {
  const folder = runFolder(env.cwd, run)
  const { events, isTorn, damage } = await readableJournal(folder)
  const renderer = await env.renderer(options)
  for (const event of events) renderer.handle(event)
  await renderer.close()
  if (damage !== undefined) throw damage
  const finished = events.findLast((event) => event.kind === 'run.finished')
  if (!finished && isRunning(folder)) env.stderr('The run has not ended yet: a process works on it.\n')
  else if (!finished) env.stderr(`The run did not end${isTorn ? '; its last line is cut' : ''}.\n`)
  return finished ? finished.exitCode : ExitCode.taskFailed
}
