import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { count, lines } from './text.ts'

export interface Identity {
  /** The kernel's host name, as it is. */
  readonly nodename: string
  /** With the domain when the resolver knows it, else the same as `nodename`. */
  readonly fqdn: string
  /** Who the commands run as. */
  readonly user: {
    readonly name: string
    readonly uid: number
    readonly gid: number
    readonly home: string
    readonly shell: string
  }
  readonly environment: Readonly<Record<string, string>>
  readonly machineId: string
}

export const identity = defineFact<[], Identity>({
  name: 'identity',
  command: () =>
    sections({
      nodename: sh`uname -n`,
      fqdn: sh`timeout 2 hostname -f`,
      ids: sh`id -un; id -u; id -g`,
      passwd: sh`getent passwd "$(id -un)"`,
      machine: sh`cat /etc/machine-id`,
      // NUL-separated, since values may hold newlines; octal escapes keep each on its line.
      env: sh`env -0 | tr '\\n\\0' ' \\n'`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const [name = '', uid, gid] = lines(section('ids'))
    const passwd = section('passwd').split(':')
    const nodename = section('nodename')
    return {
      nodename,
      fqdn: section('fqdn') || nodename,
      user: {
        name,
        uid: count(uid) ?? 0,
        gid: count(gid) ?? 0,
        home: passwd[5] ?? '',
        shell: passwd[6] ?? '',
      },
      environment: Object.fromEntries(
        lines(section('env')).flatMap((line): [string, string][] => {
          const at = line.indexOf('=')
          return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : []
        }),
      ),
      machineId: section('machine'),
    }
  },
})
