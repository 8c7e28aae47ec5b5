import { ExitCode } from '../model/exit-code.ts'
import { writeReports } from '../reports/write-reports.ts'
import { textTable } from '../util/text-table.ts'
import type { CommandEnvironment } from './environment.ts'
import { printData } from './print-data.ts'
import { runFolder } from './run-folder.ts'
import type { RunOptions } from './run-options.ts'

/** `hvlab report [RUN]`: writes a run's reports again from its journal and shows the result. */
export async function reportCommand(
  run: string | undefined,
  options: Pick<RunOptions, 'format' | 'lang'>,
  env: Pick<CommandEnvironment, 'cwd' | 'stdout'>,
): Promise<number> {
  const written = await writeReports(runFolder(env.cwd, run), options.lang)
  if (printData(written, options, env)) return ExitCode.ok
  const { title, columns, rows } = written.summary
  env.stdout(`${[title, '', ...textTable(columns, rows), '', ...written.files].join('\n')}\n`)
  return ExitCode.ok
}
