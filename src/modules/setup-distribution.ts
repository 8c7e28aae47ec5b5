import type { OsRelease } from '../facts/os-release.ts'
import type { Vars } from '../model/value.ts'

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
  fedora: ['Fedora', 'RedHat', 'dnf'],
  amzn: ['Amazon', 'RedHat', 'dnf'],
  opensuse: ['openSUSE', 'Suse', 'zypper'],
  'opensuse-leap': ['openSUSE Leap', 'Suse', 'zypper'],
  sles: ['SLES', 'Suse', 'zypper'],
  arch: ['Archlinux', 'Archlinux', 'pacman'],
  alpine: ['Alpine', 'Alpine', 'apk'],
}

export function distributionVars(os: OsRelease): Vars {
  const [name, family, packages] = known[os.id] ??
    os.idLike.flatMap((like) =>
      known[like] ? [[os.name, known[like][1], known[like][2]] as const] : [],
    )[0] ?? [os.name, os.name, 'unknown']
  // Debian's os-release has only the major version; /etc/debian_version has the point release.
  const exact = os.id === 'debian' && /^\d+(\.\d+)*$/.test(os.debianVersion) ? os.debianVersion : os.versionId
  const [major = '', minor] = exact.split('.')
  return {
    distribution: name,
    distribution_version: exact,
    distribution_major_version: major,
    ...(minor === undefined ? {} : { distribution_minor_version: minor }),
    distribution_release: os.codename || 'NA',
    os_family: family,
    pkg_mgr: packages,
    lsb: {
      id: name,
      release: os.versionId,
      codename: os.codename,
      description: os.prettyName,
      major_release: major,
    },
  }
}
