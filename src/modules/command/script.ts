import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from '../../model/command.ts'
import { renderCommand, sh, script as shellText } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { parameters, path, text } from '../params.ts'
import { runParams, runReturns } from './command.ts'
import { splitWords } from './command-line.ts'
import { runCommand, skipReason } from './run-command.ts'

/** Ansible's `script`. */
export const script = defineModule({
  name: 'script',
  doc: 'Runs a script or program of the controller on the host, and takes it away again. What follows its name is read by the shell of the host. Counts as a change unless creates or removes say that it was not needed.',
  params: parameters(
    {
      _raw_params: text().optional().describe('The script and its arguments, as free-form text.'),
      cmd: text().optional().describe('The script and its arguments.'),
      chdir: path()
        .refine((folder) => /^[/~]/.test(folder), { error: 'must be an absolute path' })
        .optional()
        .describe('Folder to run in, absolute.'),
      creates: runParams.creates,
      removes: runParams.removes,
      executable: text()
        .optional()
        .describe('What runs the script: a program, with options. Default: its first line says it.'),
    },
    { oneOf: [['cmd', '_raw_params']], exclusive: [['_raw_params', 'cmd']] },
  ),
  freeForm: '_raw_params',
  unsupported: ['decrypt'],
  returns: runReturns,
  async *run(context, params) {
    const line = (params._raw_params ?? params.cmd ?? '').trim()
    const [first = ''] = /^(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/s.exec(line) ?? []
    const [name = ''] = splitWords(first)
    if (name === '')
      throw moduleFailure(
        'command-missing',
        'script does not say what to run',
        'name a file of the controller',
      )
    const skipped = await skipReason(context, params)
    if (skipped !== null) return { skipped, data: { msg: skipped } }
    const file = context.locate('files', name)
    const folder = `/tmp/hvlab-${randomBytes(12).toString('hex')}`
    const run = sh`${splitWords(params.executable ?? '')} ${`${folder}/${basename(file)}`}${shellText(line.slice(first.length))}`
    const command = { ...sent(folder, basename(file), run), stdin: await readFile(file) }
    const options = { chdir: params.chdir, stdin_add_newline: false, strip_empty_ends: false }
    try {
      const result = yield* runCommand(context, command, line, options)
      if (result.failed === undefined || result.data?.['rc'] !== 126) return result
      const hint = 'if the host runs nothing in /tmp (mount option noexec), name what runs it with executable'
      return { ...result, failed: { ...result.failed, hint } }
    } catch (error) {
      // The host takes it away itself, unless the command was killed.
      await context.run(sh`rm -rf -- ${folder}`, { cleanUp: true })
      throw error
    }
  },
})

/** A folder that nobody else can enter, for as long as the command runs; a shell of its own for what the task says. */
function sent(folder: string, name: string, run: Command): Command {
  return sh`u=$(umask); umask 077; mkdir -- ${folder} || exit
trap 'rm -rf -- '${folder} EXIT
trap 'exit 143' HUP INT TERM
cat >${`${folder}/${name}`} && chmod 700 ${`${folder}/${name}`} || exit
umask "$u"; /bin/sh -c ${renderCommand(run)} </dev/null`
}
