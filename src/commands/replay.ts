import { readJournal } from '../engine/journal.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { CommandEnvironment } from './environment.ts'
import { runFolder } from './run-folder.ts'
import type { RunOptions } from './run-options.ts'

/** `hvlab replay [RUN]`: draws a run's journal again, in any format. Returns the exit code that the run had. */
export async function replayCommand(
  run: string | undefined,
  options: Pick<RunOptions, 'format' | 'verbosity' | 'diff'>,
  env: CommandEnvironment,
): Promise<number> {
  const { events, isTorn } = await readJournal(runFolder(env.cwd, run))
  const renderer = await env.renderer(options)
  for (const event of events) renderer.handle(event)
  await renderer.close()
  const finished = events.findLast((event) => event.kind === 'run.finished')
  if (!finished) env.stderr(`The run did not end${isTorn ? '; its last line is cut' : ''}.\n`)
  return finished ? finished.exitCode : ExitCode.taskFailed
}
