import { resolve } from 'node:path'
import { imageFolder } from '../../images/image-folder.ts'
import { searchPathOf } from '../../plan/search-path.ts'
import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'

export interface ImageBuildOptions extends RunOptions {
  /** A store of the user's own; the usual one belongs to root. */
  readonly store?: string
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
  imageFolder(name, searchPathOf(env.cwd))
  const { iso, rebuild, keepOnError, stallSeconds, store } = options
  const params = defined({
    name,
    rebuild,
    keep_on_error: keepOnError,
    iso: iso === undefined ? undefined : resolve(env.cwd, iso),
    stall_seconds: stallSeconds,
    deadline_seconds: options.deadline,
  })
  const { deadline: _installation, ...run } = options
  const own = store === undefined ? [] : [JSON.stringify({ hvlab_store: resolve(env.cwd, store) })]
  return exitCodeOf(
    await runAdHoc(
      {
        pattern: 'localhost',
        module: 'image',
        params,
        become: store === undefined,
        name: 'image build',
        format: options.format,
      },
      { ...run, extraVars: [...run.extraVars, ...own] },
      env,
    ),
  )
}
