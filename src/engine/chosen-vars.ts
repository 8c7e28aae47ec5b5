import { FailureError } from '../model/failure.ts'
import type { VarsFile } from '../model/plan.ts'
import type { Vars } from '../model/value.ts'
import { chosenVarsFile } from '../modules/included-vars.ts'
import { renderValue } from '../template/jinja.ts'
import { TemplateError } from '../template/template.ts'
import type { Layer, VariableScope } from './vars.ts'

export interface Chooser {
  /** Variables that the names of files may use: those below, and `-e`. */
  readonly scope: VariableScope
  /** Ansible passes over a file whose name cannot be filled in before the host's facts are known. */
  readonly hasFacts: boolean
  /** For a host that a task is delegated to a file may be missing. */
  readonly isDelegate: boolean
}

/** Variables of the file that a host chooses, read when one is asked for. */
export function chosenVars(file: VarsFile, chooser: Chooser): Layer {
  let known: Vars | undefined
  return {
    isData: false,
    get vars() {
      known ??= read(file, chooser)
      return known
    },
  }
}

function read(file: VarsFile, { scope, hasFacts, isDelegate }: Chooser): Vars {
  try {
    const names = file.names.map((name) => nameOf(name, scope))
    const found = chosenVarsFile(names, file.folders)
    if (found !== undefined) return found
    if (isDelegate) return {}
    throw new FailureError({
      reason: 'config',
      code: 'vars-file-missing',
      message: `There is no file ${names.join(' or ')}.`,
      hint: `\`vars_files\` looked in ${file.folders.join(', ')}. A list within the list may end with a file that is always there.`,
      location: file.location,
    })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    if (error.undefinedName !== undefined && !hasFacts) return {}
    throw new TemplateError(`${error.message}, in vars_files: ${file.names.join(', ')}`, {
      ...(error.undefinedName === undefined ? {} : { undefinedName: error.undefinedName }),
    })
  }
}

function nameOf(template: string, scope: VariableScope): string {
  const name = renderValue(template, scope)
  if (typeof name === 'string') return name
  throw new TemplateError(`a file's name must be text, not ${JSON.stringify(name)}`)
}
