import { resolve } from 'node:path'
import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'

export interface ImageBuildOptions extends RunOptions {
  readonly iso?: string
  readonly rebuild: boolean
  readonly keepOnError: boolean
  readonly stallSeconds?: number
}

/** `hvlab image build NAME`: the module `image` on this machine alone. */
export async function imageBuildCommand(
  name: string,
  options: ImageBuildOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { iso, rebuild, keepOnError, stallSeconds } = options
  const params = defined({
    name,
    rebuild,
    keep_on_error: keepOnError,
    iso: iso === undefined ? undefined : resolve(env.cwd, iso),
    stall_seconds: stallSeconds,
    deadline_seconds: options.deadline,
  })
  const { deadline: _installation, ...run } = options
  return exitCodeOf(
    await runAdHoc(
      {
        pattern: 'localhost',
        module: 'image',
        params,
        become: true,
        name: 'image build',
        format: options.format,
      },
      run,
      env,
    ),
  )
}
