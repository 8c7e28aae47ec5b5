import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { parameters, path } from '../params.ts'
import { runParams, runReturns } from './command.ts'
import { runCommand } from './run-command.ts'

/** Ansible's `shell`. */
export const shell = defineModule({
  name: 'shell',
  doc: 'Runs a command line with a shell on the host. Counts as a change unless creates or removes say that it was not needed.',
  params: parameters(
    { ...runParams, executable: path().optional().describe('The shell. Default: /bin/sh.') },
    { oneOf: [['cmd', '_raw_params']], exclusive: [['_raw_params', 'cmd']] },
  ),
  freeForm: '_raw_params',
  unsupported: ['warn'],
  returns: runReturns,
  async *run(context, params) {
    const line = params._raw_params ?? params.cmd
    if (line === undefined || line.trim() === '') {
      throw moduleFailure('command-missing', 'shell does not say what to run', 'give cmd or free-form text')
    }
    // A shell of its own: an unclosed quotation mark or an `exit` ends that one.
    return yield* runCommand(context, sh`${params.executable ?? '/bin/sh'} -c ${line}`, line, params)
  },
})
