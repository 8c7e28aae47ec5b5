import { statSync } from 'node:fs'
import type { Vars } from '../model/value.ts'
import { moduleFailure } from './failure.ts'
import { varsFilesIn, varsOfFile } from './included-vars.ts'
import { bool, int, list, parameters, path, text } from './params.ts'
import { defineQuery } from './query.ts'
import { variableName } from './set_fact.ts'

/** Ansible's `include_vars`. */
export const includeVars = defineQuery({
  name: 'include_vars',
  doc: 'Reads variables of the host from files on the controller. Their templates are filled in when they are used.',
  params: parameters(
    {
      _raw_params: path().optional().describe('The file, as free-form text.'),
      file: path()
        .optional()
        .describe('The file, looked for in the role’s vars folder, then beside the play.'),
      dir: path().optional().describe('A folder: all its files, in the order of their names.'),
      name: text().optional().describe('Keep the variables in a dictionary of this name.'),
      depth: int().default(0).describe('Levels of folders below dir; 0 for all.'),
      files_matching: text().optional().describe('Regular expression that names of files must match.'),
      ignore_files: list().default([]).describe('Regular expressions of names of files to leave out.'),
      extensions: list().default(['yaml', 'yml', 'json']).describe('How names of files in dir may end.'),
      ignore_unknown_extensions: bool().default(false).describe('Leave out files that end in anything else.'),
    },
    { oneOf: [['_raw_params', 'file', 'dir']], exclusive: [['_raw_params', 'file', 'dir']] },
  ),
  freeForm: '_raw_params',
  unsupported: ['hash_behaviour'],
  returns: {
    ansible_facts: 'the variables as the files have them',
    ansible_included_var_files: 'the files that were read',
  },
  answer(context, params) {
    const path = context.locate('vars', params.dir ?? params.file ?? params._raw_params ?? '')
    if (params.dir !== undefined && !statSync(path).isDirectory()) {
      throw moduleFailure('file-not-readable', `include_vars: ${path} is no folder`, 'name a file with file')
    }
    const files = params.dir === undefined ? [path] : varsFilesIn(path, params)
    const found: Vars = Object.assign(Object.create(null), ...files.map(varsOfFile))
    for (const name of Object.keys(found)) variableName(name)
    const vars: Vars = params.name === undefined ? found : { [variableName(params.name)]: found }
    return {
      changed: false,
      data: { ansible_facts: vars, ansible_included_var_files: files },
      effects: { included: vars },
      why: 'variables are no change to the host',
    }
  },
})
