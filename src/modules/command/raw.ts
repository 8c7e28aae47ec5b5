import { script, sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { parameters, path, text } from '../params.ts'
import { runCommand } from './run-command.ts'

/** Ansible's `raw`: for hosts on which nothing else works yet. hvlab needs nothing on hosts, so `shell` does as well. */
export const raw = defineModule({
  name: 'raw',
  doc: 'Runs a command line with the login shell of the host’s user. Counts as a change.',
  params: parameters(
    {
      _raw_params: text().optional().describe('The command line, as free-form text.'),
      executable: path().optional().describe('Another shell, absolute path.'),
    },
    { oneOf: [['_raw_params']] },
  ),
  freeForm: '_raw_params',
  returns: {
    rc: 'exit code',
    stdout: 'what it printed',
    stderr: 'what it complained about',
    stdout_lines: 'stdout as a list of lines',
    stderr_lines: 'stderr as a list of lines',
  },
  async *run(context, params) {
    const line = params._raw_params ?? ''
    if (line.trim() === '') {
      throw moduleFailure('command-missing', 'raw does not say what to run', 'give free-form text')
    }
    const command = params.executable === undefined ? script(line) : sh`${params.executable} -c ${line}`
    const options = { stdin_add_newline: true, strip_empty_ends: false }
    return yield* runCommand(context, command, line, options)
  },
})
