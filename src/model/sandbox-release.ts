/** What sandbox hosts can be, oldest first. */
export const releases = ['debian-11', 'debian-12', 'debian-13'] as const
export type Release = (typeof releases)[number]

export const usualRelease: Release = 'debian-12'

/** How Debian calls it. */
export const suites: Readonly<Record<Release, string>> = {
  'debian-11': 'bullseye',
  'debian-12': 'bookworm',
  'debian-13': 'trixie',
}

/** The hosts have the releases in turns: of two, node1 and node3 have the first. */
export function releaseOf(host: string, wanted: readonly Release[]): Release {
  return wanted[(Number(host.slice('node'.length)) - 1) % wanted.length] ?? usualRelease
}
