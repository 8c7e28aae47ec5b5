import { distributionOf } from '../../facts/distribution.ts'
import type { OsRelease } from '../../facts/os-release.ts'
import type { Vars } from '../../model/value.ts'

export function distributionVars(os: OsRelease): Vars {
  const { name, family, packageManager } = distributionOf(os)
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
    pkg_mgr: packageManager,
    lsb: {
      id: name,
      release: os.versionId,
      codename: os.codename,
      description: os.prettyName,
      major_release: major,
    },
  }
}
