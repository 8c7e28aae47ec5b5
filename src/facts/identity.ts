import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'
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
      nodename: firstLine('/proc/sys/kernel/hostname'),
      fqdn: sh`timeout 2 hostname -f`,
      // The effective ones, as id(1) prints them.
      ids: sh`while read -r key _real effective _rest; do case $key in
Uid:) uid=$effective; printf '%s\\n' "$uid" ;;
Gid:) printf '%s\\n' "$effective"; break ;;
esac; done </proc/self/status`,
      passwd: sh`getent passwd "$uid"`,
      machine: firstLine('/etc/machine-id'),
      // NUL-separated, since values may hold newlines; octal escapes keep each on its line.
      env: sh`env -0 | tr '\\n\\0' ' \\n'`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const [uid, gid] = lines(section('ids'))
    const [name = '', , , , , home = '', shell = ''] = section('passwd').split(':')
    const nodename = section('nodename')
    return {
      nodename,
      fqdn: section('fqdn') || nodename,
      user: {
        name,
        uid: count(uid) ?? 0,
        gid: count(gid) ?? 0,
        home,
        shell,
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
