import { defineFact } from '../../facts/fact.ts'
import { readSections, sections } from '../../facts/sections.ts'
import { sh } from '../../util/sh.ts'

/** What the user that commands run as may do. */
export interface Privileges {
  readonly user: string
  readonly root: boolean
  /** `free`: sudo asks for no password; `password`: it asks for one; `none`: no sudo, or not for this user. */
  readonly sudo: 'free' | 'password' | 'none'
  /** Bridges and network namespaces can be made (CAP_NET_ADMIN and CAP_SYS_ADMIN); null when not root. */
  readonly canMakeNetworks: boolean | null
  /** /dev/net/tun is there, which guests' network cards need. */
  readonly tun: boolean
}

/** Bits of capabilities(7). */
const netAdmin = 1n << 12n
const sysAdmin = 1n << 21n

export const privileges = defineFact<[], Privileges>({
  name: 'privileges',
  command: () =>
    sections({
      user: sh`id -un`,
      uid: sh`id -u`,
      sudo: sh`command -v sudo >/dev/null || exit 0; LC_ALL=C sudo -n true </dev/null 2>&1 && echo FREE`,
      capabilities: sh`sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status`,
      tun: sh`[ -c /dev/net/tun ] && echo yes`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const root = section('uid').trim() === '0'
    const mask = /^[0-9a-f]{1,16}$/.test(section('capabilities'))
      ? BigInt(`0x${section('capabilities')}`)
      : 0n
    return {
      user: section('user').trim(),
      root,
      sudo: sudoOf(section('sudo')),
      canMakeNetworks: root ? (mask & netAdmin) !== 0n && (mask & sysAdmin) !== 0n : null,
      tun: section('tun') === 'yes',
    }
  },
})

function sudoOf(output: string): Privileges['sudo'] {
  if (/^FREE$/m.test(output)) return 'free'
  return /password is required|terminal is required/.test(output) ? 'password' : 'none'
}
