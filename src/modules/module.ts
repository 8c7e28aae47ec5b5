import type { ZodType, z } from 'zod'
import type { Steps } from '../model/change.ts'
import type { ModuleContext } from '../model/module-context.ts'

/**
 * A module declares what should be true on a host. `run` reads facts when it runs, yields each change it wants and
 * returns; the engine shows changes in check mode and executes them as they are yielded otherwise. Yielding nothing
 * means that nothing had to be done, and then `why` says so.
 */
export interface Module<Schema extends ZodType = ZodType> {
  readonly name: string
  /** Ansible's other names for it, e.g. `package` for `apt`; `ansible.builtin.` is stripped before look-up. */
  readonly aliases?: readonly string[]
  /** First sentence is the summary in docs/modules.md. */
  readonly doc: string
  /** A strict object; unknown parameters are errors. Descriptions of the fields go to the docs. */
  readonly params: Schema
  /** Parameters of Ansible's module that hvlab lacks: naming one is an error that says so. */
  readonly unsupported?: readonly string[]
  /** Parameter that takes free-form text (`command: ls -l` → `_raw_params`), when the module allows it. */
  readonly freeForm?: string
  /** Parameters whose text must reach the module untemplated, e.g. expressions. */
  readonly rawParams?: readonly string[]
  /** `data` keys that the result has, for docs. */
  readonly returns?: Readonly<Record<string, string>>
  run(context: ModuleContext, params: z.output<Schema>): Steps
}

/** Keeps the schema's type inside `run`. */
export function defineModule<Schema extends ZodType>(module: Module<Schema>): Module<Schema> {
  return module
}
