import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileStat } from '../../facts/file-stat.ts'
import { identity } from '../../facts/identity.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { choice, parameters, path, text } from '../params.ts'
import { statResult } from './attributes.ts'
import { hostPath } from './host-path.ts'

const partOfName = () => text().refine((part) => !/[/\0]/.test(part), { error: 'must not have a slash' })

/** Ansible's `tempfile`. */
export const tempfile = defineModule({
  name: 'tempfile',
  doc: 'Makes a file or folder with a name that nothing has yet, for its user alone. Every run makes another one; the task that needs it no more removes it. A check run names one that is not made, where Ansible skips it.',
  params: parameters({
    state: choice(['file', 'directory']).default('file').describe('What to make.'),
    path: path().optional().describe('Where. Default: TMPDIR of the host’s environment, or /tmp.'),
    prefix: partOfName().default('ansible.').describe('How its name begins.'),
    suffix: partOfName().default('').describe('How its name ends.'),
  }),
  returns: {
    path: 'the file or folder',
    mode: 'permissions',
    owner: 'whose it is',
    state: 'file or directory',
  },
  async *run(context, params) {
    const { state, prefix, suffix } = params
    const folder =
      params.path === undefined
        ? (await context.fact(identity)).environment['TMPDIR'] || '/tmp'
        : await hostPath(context, params.path)
    const made = join(folder, `${prefix}${randomBytes(6).toString('hex')}${suffix}`)
    // Neither goes through a link that somebody put there.
    const result = yield {
      summary: `create the ${state === 'file' ? 'file' : 'folder'} ${made}`,
      action: state === 'directory' ? sh`mkdir -m 700 -- ${made}` : sh`umask 077; set -C; : >${made}`,
      allowFailure: true,
    }
    const { command } = result
    if (command !== undefined && command.exitCode !== 0)
      throw moduleFailure(
        'file-not-written',
        `${made} could not be made: ${printable(lastLines(command.stderr, 1))}`,
      )
    const there = command === undefined ? null : await context.freshFact(fileStat, made)
    return { data: { path: made, ...(there === null ? { state } : statResult(there)) } }
  },
})
