import { type FileStat, fileStat } from '../../facts/file-stat.ts'
import type { Vars } from '../../model/value.ts'
import { bool, choice, parameters, path } from '../params.ts'
import { defineQuery } from '../query.ts'
import { hostPath } from './host-path.ts'
import { statVars } from './stat-vars.ts'

/** Ansible gives these by default; a task that asks for them must know that they are not there. */
const notSupported = (name: string) =>
  bool()
    .default(false)
    .refine((value) => !value, { error: `must be no: hvlab does not have ${name}` })
    .describe('Only no is supported, and it is the default (Ansible: yes).')

/** Ansible's `stat`. */
export const stat = defineQuery({
  name: 'stat',
  doc: 'Says what is at a path: kind, mode, owner, size, times, checksum. Changes nothing.',
  params: parameters(
    {
      path: path().describe('The path.'),
      follow: bool().default(false).describe('Look at what a link leads to.'),
      get_checksum: bool().default(true).describe('Give the checksum of a file.'),
      checksum_algorithm: choice(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'])
        .default('sha1')
        .describe('Which checksum.'),
      get_mime: notSupported('get_mime'),
      get_attributes: notSupported('get_attributes'),
    },
    {
      aliases: {
        dest: 'path',
        name: 'path',
        checksum: 'checksum_algorithm',
        checksum_algo: 'checksum_algorithm',
        mime: 'get_mime',
        mime_type: 'get_mime',
        'mime-type': 'get_mime',
        attr: 'get_attributes',
        attributes: 'get_attributes',
      },
    },
  ),
  returns: {
    stat: 'exists, path, mode, isdir, isreg, islnk, size, uid, gid, pw_name, gr_name, mtime, checksum, lnk_source …',
  },
  async answer(context, params) {
    const asked = await hostPath(context, params.path)
    const options = params.get_checksum ? { checksum: params.checksum_algorithm } : {}
    const found = await context.freshFact(fileStat, asked, { follow: params.follow, ...options })
    const stat = found === null ? { exists: false } : allVars(asked, found)
    return { data: { stat }, why: 'stat changes nothing' }
  },
})

function allVars(path: string, stat: FileStat): Vars {
  return {
    exists: true,
    ...statVars(path, stat),
    readable: stat.readable,
    writeable: stat.writable,
    executable: stat.executable,
    ...(stat.linkTarget === null ? {} : { lnk_target: stat.linkTarget, lnk_source: stat.realPath }),
  }
}
