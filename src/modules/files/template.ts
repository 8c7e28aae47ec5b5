import { readFile, stat } from 'node:fs/promises'
import { hostname, userInfo } from 'node:os'
import { basename } from 'node:path'
import type { Vars } from '../../model/value.ts'
import { moduleFailure } from '../failure.ts'
import { bool, choice, parameters, path, text } from '../params.ts'
import { attributeParams, defineFileModule, unsupportedAttributes } from './attributes.ts'
import { fileTarget } from './file-target.ts'
import { hostPath } from './host-path.ts'
import { writeFile } from './written-file.ts'

const newlines = {
  '\\n': '\n',
  '\\r': '\r',
  '\\r\\n': '\r\n',
  '\n': '\n',
  '\r': '\r',
  '\r\n': '\r\n',
} as const

/** Ansible's `template`. */
export const template = defineFileModule({
  name: 'template',
  doc: 'Fills a Jinja template of the controller and writes the result to the host, whole or not at all.',
  params: parameters({
    src: path().describe('Template, looked for in the role’s templates folder, then beside the play.'),
    dest: path().describe('File on the host; a folder gets it under the template’s name.'),
    backup: bool().default(false).describe('Keep the old content beside it.'),
    force: bool()
      .default(true)
      .describe('Replace a file whose content differs; no = only when nothing is there.'),
    follow: bool().default(false).describe('Write to where a link at dest leads.'),
    validate: text().optional().describe('Command that must accept the new file; %s is its path.'),
    trim_blocks: bool().default(true).describe('The first newline after a block goes.'),
    lstrip_blocks: bool().default(false).describe('Blanks before a block at the start of a line go.'),
    newline_sequence: choice(['\\n', '\\r', '\\r\\n', '\n', '\r', '\r\n'])
      .default('\n')
      .describe('How lines end in the result.'),
    ...attributeParams,
  }),
  unsupported: [
    ...unsupportedAttributes,
    'block_start_string',
    'block_end_string',
    'variable_start_string',
    'variable_end_string',
    'comment_start_string',
    'comment_end_string',
    'output_encoding',
  ],
  returns: {
    dest: 'path of the file on the host',
    src: 'the template',
    checksum: 'SHA-1 of the result',
    backup_file: 'where the old content was kept',
    mode: 'permissions, as 0644',
    size: 'bytes',
  },
  async *run(context, params) {
    const src = context.locate('templates', params.src)
    const { source, header } = withoutHeader(await readFile(src, 'utf8'), src)
    const options = {
      trimBlocks: params.trim_blocks,
      lstripBlocks: params.lstrip_blocks,
      ...header,
      file: src,
    }
    const rendered = context.render(source, await templateVars(src, params.src, params.dest), options)
    const content = Buffer.from(rendered.replaceAll('\n', newlines[params.newline_sequence]))
    const name = basename(src).replace(/\.j2$/, '')
    const dest = await hostPath(context, params.dest)
    const target = await fileTarget(context, dest, name, params.follow)
    if (!params.force && target.current !== null) {
      return { data: { src, dest: target.path }, why: `${target.path} exists and force is off` }
    }
    const { changed, data } = yield* writeFile(
      context,
      { path: target.path, content, attributes: params, backup: params.backup, validate: params.validate },
      target.current,
    )
    const result = { data: { ...data, src } }
    return changed ? result : { ...result, why: `${target.path} has this content, mode and owner` }
  },
})

/** `#jinja2: trim_blocks: False, lstrip_blocks: True` in the first line wins over the parameters, and is no part of the text. */
function withoutHeader(text: string, file: string) {
  const match = /^#jinja2:(.*)(?:\n|$)/.exec(text)
  if (match === null) return { source: text, header: {} }
  const header: { trimBlocks?: boolean; lstripBlocks?: boolean } = {}
  for (const pair of (match[1] ?? '').split(',')) {
    const [key = '', value = ''] = pair.split(':').map((part) => part.trim())
    const isOn = /^true$/i.test(value)
    if (!isOn && !/^false$/i.test(value)) throw badHeader(file, pair)
    if (key === 'trim_blocks') header.trimBlocks = isOn
    else if (key === 'lstrip_blocks') header.lstripBlocks = isOn
    else throw badHeader(file, pair)
  }
  return { source: text.slice(match[0].length), header }
}

function badHeader(file: string, pair: string) {
  const hint = 'it may have trim_blocks and lstrip_blocks, each True or False'
  return moduleFailure('template-error', `${file}: the line #jinja2: has "${pair.trim()}"`, hint)
}

/** The extra variables that Ansible gives to templates. `ansible_managed` is the same in every run. */
async function templateVars(file: string, given: string, dest: string): Promise<Vars> {
  const { mtime } = await stat(file)
  return {
    ansible_managed: 'Ansible managed',
    template_host: hostname(),
    template_uid: userInfo().username,
    template_path: given,
    template_fullpath: file,
    template_destpath: dest,
    template_mtime: mtime.toISOString(),
    template_run_date: new Date().toISOString(),
  }
}
