import { z } from 'zod'
import { expandedCommand, freeForm, splitWords } from './command-line.ts'
import { moduleFailure } from './failure.ts'
import { defineModule } from './module.ts'
import { bool, parameters, path, text } from './params.ts'
import { runCommand } from './run-command.ts'

/** Parameters of `command` and `shell` alike. */
export const runParams = {
  _raw_params: text().optional().describe('The command line, as free-form text.'),
  cmd: text().optional().describe('The command line.'),
  chdir: path().optional().describe('Folder to run in.'),
  creates: text().optional().describe('A path or pattern: when it exists, nothing is run.'),
  removes: text().optional().describe('A path or pattern: when it does not exist, nothing is run.'),
  stdin: text().optional().describe('What the command reads.'),
  stdin_add_newline: bool().default(true).describe('End stdin with a newline.'),
  strip_empty_ends: bool()
    .default(true)
    .describe('Drop newlines at the end of stdout and stderr in the result.'),
}

export const runReturns = {
  rc: 'exit code',
  stdout: 'what it printed',
  stderr: 'what it complained about',
  stdout_lines: 'stdout as a list of lines',
  stderr_lines: 'stderr as a list of lines',
  cmd: 'what was run',
  start: 'when it started',
  end: 'when it ended',
  delta: 'how long it took',
}

/** Options inside free-form text count like parameters; a parameter wins. */
export function withFreeForm<Params extends { _raw_params?: string | undefined; cmd?: string | undefined }>(
  params: Params,
): { line: string | undefined; params: Params } {
  if (params._raw_params === undefined) return { line: params.cmd, params }
  const { rest, options } = freeForm(params._raw_params)
  const switches = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [
      name,
      name === 'stdin_add_newline' || name === 'strip_empty_ends'
        ? /^(yes|on|true|y|t|1)$/i.test(value)
        : value,
    ]),
  )
  const given = Object.fromEntries(
    Object.entries(params).filter(([name, value]) => value !== undefined && !(name in switches)),
  )
  return { line: rest, params: { ...params, ...given, ...switches } }
}

/** Ansible's `command`: no shell, so no pipes, no redirection, no globs. */
export const command = defineModule({
  name: 'command',
  doc: 'Runs a program on the host, without a shell. Counts as a change unless creates or removes say that it was not needed.',
  params: parameters(
    {
      ...runParams,
      argv: z
        .array(text(), { error: 'must be a list of words' })
        .optional()
        .describe('The program and its arguments, nothing to be split.'),
      expand_argument_vars: bool().default(true).describe('Replace $NAME and ~ in words.'),
    },
    { exclusive: [['_raw_params', 'cmd', 'argv']] },
  ),
  freeForm: '_raw_params',
  unsupported: ['warn', 'executable'],
  returns: runReturns,
  async *run(context, given) {
    const { line, params } = withFreeForm(given)
    const words = params.argv ?? splitWords(line ?? '')
    if (words.length === 0)
      throw moduleFailure(
        'command-missing',
        'command does not say what to run',
        'give cmd, argv or free-form text',
      )
    return yield* runCommand(context, expandedCommand(words, params.expand_argument_vars), words, params)
  },
})
