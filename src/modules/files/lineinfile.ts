import { moduleFailure } from '../failure.ts'
import { bool, choice, parameters, path, text } from '../params.ts'
import { attributeParams, defineFileModule, unsupportedAttributes } from './attributes.ts'
import { editFile } from './edited-file.ts'
import { ensureLine, removeLines } from './line-edit.ts'

/** Ansible's `lineinfile`. */
export const lineinfile = defineFileModule({
  name: 'lineinfile',
  doc: 'Makes sure that a line is in a file, or is not. A line that matches regexp is replaced; otherwise the line is added.',
  params: parameters(
    {
      path: path().describe('The file.'),
      line: text().optional().describe('The line. Needed for state present.'),
      regexp: text()
        .optional()
        .describe('Python regular expression of the line to replace or remove; the last match counts.'),
      search_string: text().optional().describe('Text that the line to replace or remove has in it.'),
      state: choice(['present', 'absent']).default('present').describe('Whether the line is there.'),
      insertafter: text()
        .optional()
        .describe('EOF, or a regular expression: a new line goes after the last match.'),
      insertbefore: text()
        .optional()
        .describe('BOF, or a regular expression: a new line goes before the last match.'),
      firstmatch: bool().default(false).describe('The first match counts, not the last.'),
      backrefs: bool()
        .default(false)
        .describe('line may refer to groups of regexp, and nothing is added when it finds none.'),
      create: bool().default(false).describe('Make the file when it does not exist.'),
      backup: bool().default(false).describe('Keep the old content beside it.'),
      validate: text().optional().describe('Command that must accept the new file; %s is its path.'),
      ...attributeParams,
    },
    {
      aliases: { dest: 'path', destfile: 'path', name: 'path', regex: 'regexp', value: 'line' },
      oneOf: [['line', 'regexp', 'search_string']],
      exclusive: [
        ['insertafter', 'insertbefore'],
        ['regexp', 'search_string'],
        ['backrefs', 'search_string'],
      ],
    },
  ),
  unsupported: [...unsupportedAttributes, 'others', 'encoding'],
  returns: {
    msg: 'line added, line replaced, or how many were removed',
    found: 'with absent: how many lines matched',
    backup: 'where the old content was kept',
  },
  async *run(context, params) {
    if (params.state === 'absent') {
      return yield* editFile(context, { ...params, create: false, absentIsFine: true }, (text) =>
        removeLines(text, params),
      )
    }
    if (params.line === undefined)
      throw moduleFailure('line-without-regexp', 'line is missing: state present needs it')
    if (params.backrefs && params.regexp === undefined) {
      throw moduleFailure('line-without-regexp', 'backrefs needs a regexp')
    }
    const after = params.insertbefore === undefined ? (params.insertafter ?? 'EOF') : undefined
    return yield* editFile(context, params, (text) => ensureLine(text, { ...params, insertafter: after }))
  },
})
