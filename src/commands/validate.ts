import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { parseExtraVars } from '../config/extra-vars.ts'
import { printDiagnostics } from '../config/print-diagnostics.ts'
import { ExitCode } from '../model/exit-code.ts'
import { pipelineFiles, searchPathOf } from '../plan/search-path.ts'
import { kindOfFile, validateFile } from '../plan/validate-file.ts'
import type { PlanInputs } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import type { RunOptions } from './run-options.ts'
import { imageFileOf, validateImage } from './validate-image.ts'

interface Checked {
  readonly file: string
  readonly kind: string
  readonly summary: string
  readonly diagnostics: readonly Diagnostic[]
}

/** Checks pipelines, playbooks, inventories, task files and images; without arguments every pipeline of the lab. */
export async function validateCommand(
  files: readonly string[],
  options: PlanInputs & Pick<RunOptions, 'format'>,
  env: CommandEnvironment,
): Promise<number> {
  const extraVars = parseExtraVars(options.extraVars, env.cwd)
  const checked: Checked[] = []
  for (const file of files.length > 0 ? files : everyPipeline(env.cwd)) {
    const path = resolve(env.cwd, file)
    const imageFile = imageFileOf(path)
    if (imageFile !== undefined) {
      checked.push({ file: relative(env.cwd, path), kind: 'image', ...validateImage(imageFile) })
      continue
    }
    const kind = kindOfFile(path)
    const vars = extraVars.ok ? extraVars.value : undefined
    const { summary, diagnostics } = await validateFile(path, kind, {
      ...options,
      labDirectory: env.cwd,
      extraVars: vars,
    })
    checked.push({ file: relative(env.cwd, path), kind, summary, diagnostics })
  }
  const diagnostics = [...(extraVars.ok ? [] : extraVars.error), ...checked.flatMap((one) => one.diagnostics)]
  const isValid = diagnostics.every((diagnostic) => diagnostic.severity !== 'error')
  if (options.format.startsWith('json'))
    env.stdout(`${JSON.stringify({ valid: isValid, files: checked, diagnostics }, null, 2)}\n`)
  else {
    env.stderr(printDiagnostics(diagnostics, env))
    for (const { file, kind, summary, diagnostics: found } of checked) {
      if (found.every(({ severity }) => severity !== 'error'))
        env.stdout(`${file}: ${kind} is valid, ${summary}\n`)
    }
    if (checked.length === 0)
      env.stderr('error: there is no pipeline to check\n  hint: name a file, or run hvlab init mylab\n')
  }
  return isValid && checked.length > 0 ? ExitCode.ok : ExitCode.usage
}

/** Pipelines of the lab, else of the package. */
function everyPipeline(cwd: string): string[] {
  const folder = searchPathOf(cwd)
    .map((path) => join(path, 'pipelines'))
    .find((path) => existsSync(path) && pipelineFiles(path).length > 0)
  return folder === undefined ? [] : pipelineFiles(folder)
}
