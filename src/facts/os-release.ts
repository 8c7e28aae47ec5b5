import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { firstLine, shortFile } from './sections.ts'
import { pairs } from './text.ts'

export interface OsRelease {
  /** `debian`, `ubuntu`, `fedora` …; `linux` when the host does not say. */
  readonly id: string
  readonly idLike: readonly string[]
  /** `Debian GNU/Linux`. */
  readonly name: string
  /** `12`, `20.04`; empty for rolling ones. */
  readonly versionId: string
  /** `bookworm`, `focal`; empty when not said. */
  readonly codename: string
  readonly prettyName: string
  /** /etc/debian_version: `12.11` on Debian, `bookworm/sid` on Ubuntu; empty elsewhere. */
  readonly debianVersion: string
}

/** Source: os-release(5). */
export const osRelease = defineFact<[], OsRelease>({
  name: 'os-release',
  command: () =>
    sh`{ ${shortFile('/etc/os-release')}; } 2>/dev/null || cat /usr/lib/os-release 2>/dev/null; printf '\\nDEBIAN_VERSION_FILE='; { ${firstLine('/etc/debian_version')}; } 2>/dev/null`,
  parse({ stdout }) {
    const found = pairs(stdout, '=')
    const value = (key: string): string => unquote(found.get(key) ?? '')
    return {
      id: value('ID') || 'linux',
      idLike: value('ID_LIKE').split(' ').filter(Boolean),
      name: value('NAME') || 'Linux',
      versionId: value('VERSION_ID'),
      codename: value('VERSION_CODENAME') || value('UBUNTU_CODENAME'),
      prettyName: value('PRETTY_NAME') || value('NAME') || 'Linux',
      debianVersion: value('DEBIAN_VERSION_FILE'),
    }
  },
})

/** Values may be in single or double quotes, with backslash escapes inside double ones. */
function unquote(value: string): string {
  const match = /^(["'])(.*)\1$/.exec(value)
  return match ? (match[2] ?? '').replace(/\\(.)/g, '$1') : value
}
