import type { OsRelease } from './os-release.ts'

/** A distribution as Ansible calls it. */
export interface Distribution {
  readonly name: string
  /** `Debian`, `RedHat` …; of one that nobody knows its own name. */
  readonly family: string
  readonly packageManager: string
  /** It is not known itself, only what it says that it is like. */
  readonly derived: boolean
}

/** Ansible's names of distributions, and of their families and package managers. */
const known: Readonly<Record<string, readonly [name: string, family: string, packages: string]>> = {
  debian: ['Debian', 'Debian', 'apt'],
  ubuntu: ['Ubuntu', 'Debian', 'apt'],
  raspbian: ['Debian', 'Debian', 'apt'],
  linuxmint: ['Linux Mint', 'Debian', 'apt'],
  pop: ['Pop!_OS', 'Debian', 'apt'],
  kali: ['Kali', 'Debian', 'apt'],
  rhel: ['RedHat', 'RedHat', 'dnf'],
  centos: ['CentOS', 'RedHat', 'dnf'],
  rocky: ['Rocky', 'RedHat', 'dnf'],
  almalinux: ['AlmaLinux', 'RedHat', 'dnf'],
  ol: ['OracleLinux', 'RedHat', 'dnf'],
  fedora: ['Fedora', 'RedHat', 'dnf'],
  amzn: ['Amazon', 'RedHat', 'dnf'],
  opensuse: ['openSUSE', 'Suse', 'zypper'],
  'opensuse-leap': ['openSUSE Leap', 'Suse', 'zypper'],
  sles: ['SLES', 'Suse', 'zypper'],
  arch: ['Archlinux', 'Archlinux', 'pacman'],
  alpine: ['Alpine', 'Alpine', 'apk'],
}

/** What os-release(5) says of itself, or of what it is like. */
export function distributionOf(os: OsRelease): Distribution {
  const own = known[os.id]
  if (own) return { name: own[0], family: own[1], packageManager: own[2], derived: false }
  const like = os.idLike.map((id) => known[id]).find((entry) => entry !== undefined)
  return {
    name: os.name,
    family: like?.[1] ?? os.name,
    packageManager: like?.[2] ?? 'unknown',
    derived: true,
  }
}
