import { bool, choice, parameters, path, text } from '../params.ts'
import { attributeParams, defineFileModule, unsupportedAttributes } from './attributes.ts'
import { ensureBlock } from './block-edit.ts'
import { editFile } from './edited-file.ts'

/** Ansible's `blockinfile`. */
export const blockinfile = defineFileModule({
  name: 'blockinfile',
  doc: 'Keeps a block of lines between two marker lines in a file.',
  params: parameters(
    {
      path: path().describe('The file.'),
      block: text().default('').describe('The lines. Empty removes the block.'),
      state: choice(['present', 'absent']).default('present').describe('Whether the block is there.'),
      marker: text()
        .default('# {mark} ANSIBLE MANAGED BLOCK')
        .describe('The marker lines; {mark} is BEGIN or END.'),
      marker_begin: text().default('BEGIN').describe('What {mark} is before the block.'),
      marker_end: text().default('END').describe('What {mark} is after the block.'),
      insertafter: text()
        .optional()
        .describe('EOF, or a regular expression: a new block goes after the last match.'),
      insertbefore: text()
        .optional()
        .describe('BOF, or a regular expression: a new block goes before the last match.'),
      append_newline: bool().default(false).describe('An empty line after the block.'),
      prepend_newline: bool().default(false).describe('An empty line before the block.'),
      create: bool().default(false).describe('Make the file when it does not exist.'),
      backup: bool().default(false).describe('Keep the old content beside it.'),
      validate: text().optional().describe('Command that must accept the new file; %s is its path.'),
      ...attributeParams,
    },
    {
      aliases: { dest: 'path', destfile: 'path', name: 'path', content: 'block' },
      exclusive: [['insertafter', 'insertbefore']],
    },
  ),
  unsupported: [...unsupportedAttributes, 'encoding'],
  returns: { msg: 'Block inserted, or removed', backup: 'where the old content was kept' },
  async *run(context, params) {
    const removes = params.state === 'absent' || params.block === ''
    return yield* editFile(context, { ...params, absentIsFine: removes && !params.create }, (text) =>
      ensureBlock(text, params),
    )
  },
})
