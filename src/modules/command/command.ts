import { z } from 'zod'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, parameters, path, text } from '../params.ts'
import { expandedCommand, expandedWords, splitWords } from './command-line.ts'
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
    { oneOf: [['cmd', 'argv', '_raw_params']], exclusive: [['_raw_params', 'cmd', 'argv']] },
  ),
  freeForm: '_raw_params',
  unsupported: ['warn', 'executable'],
  returns: runReturns,
  async *run(context, params) {
    // `plan` took options such as `chdir=` out of free-form text before anything was filled in: what a variable brings
    // is never read as an option.
    const words = params.argv ?? splitWords(params._raw_params ?? params.cmd ?? '')
    if (words.length === 0)
      throw moduleFailure(
        'command-missing',
        'command does not say what to run',
        'give cmd, argv or free-form text',
      )
    const { expand_argument_vars: expand } = params
    const program = expandedWords(words.slice(0, 1), expand)
    return yield* runCommand(context, expandedCommand(words, expand), words, params, program)
  },
})
