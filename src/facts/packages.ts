import type { CommandPart } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { lines } from './text.ts'

export interface InstalledPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** Fully installed (`ii`). False for half-configured, half-installed, unpacked. */
  readonly complete: boolean
  /** Held: apt does not touch it. */
  readonly held: boolean
}

/** Name asked for → the installed package of that name, or the installed packages that provide it. */
export type PackageStates = Readonly<
  Record<
    string,
    {
      readonly installed: InstalledPackage | null
      readonly providers: readonly InstalledPackage[]
      /** Removed, but its configuration files are still there. */
      readonly residual: boolean
    }
  >
>

// Prints the rows whose name, or one of whose provided names, was asked for. Names come as arguments.
const pick = String.raw`awk -F '\t' 'BEGIN { for (i = 1; i < ARGC; i++) want[ARGV[i]] = 1; ARGC = 1 }
{ hit = ($2 in want) || (($2 ":" $4) in want); n = split($5, offers, /, */); for (i = 1; i <= n; i++) { sub(/[ (].*/, "", offers[i]); if (offers[i] in want) hit = 1 } if (hit) print }' `
const awk: readonly CommandPart[] = [{ kind: 'shell', text: pick }]

/** Source: dpkg-query(1); `Status-Abbrev` is desired action, state, error: `ii `, `rc `, `hi `, `iU `. */
export const packages = defineFact<[names: readonly string[]], PackageStates>({
  name: 'packages',
  command: (names) =>
    sh`dpkg-query -W -f '\${db:Status-Abbrev}\\t\${Package}\\t\${Version}\\t\${Architecture}\\t\${Provides}\\n' | ${{ parts: awk }} ${names}`,
  parse({ stdout }, names) {
    const rows = lines(stdout).flatMap(row)
    const there = rows.filter(({ state }) => !'nc'.includes(state))
    const called = (name: string) => (found: Row) =>
      found.name === name || `${found.name}:${found.architecture}` === name
    return Object.fromEntries(
      names.map((name) => [
        name,
        {
          installed: there.filter(called(name)).map(installed)[0] ?? null,
          providers: there
            .filter((found) => found.provides.includes(name) && found.state === 'i')
            .map(installed),
          residual: rows.some((found) => called(name)(found) && found.state === 'c'),
        },
      ]),
    )
  },
})

interface Row {
  readonly desired: string
  /** n = not installed, c = only configuration files are left, i = installed, others = half-way. */
  readonly state: string
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly provides: readonly string[]
}

function row(line: string): Row[] {
  const [status = '', name, version, architecture, provides = ''] = line.split('\t')
  if (name === undefined || version === undefined || architecture === undefined) return []
  return [
    {
      desired: status.charAt(0),
      state: status.charAt(1),
      name,
      version,
      architecture,
      provides: provides.split(/, */).map((offer) => offer.replace(/[ (].*/, '')),
    },
  ]
}

function installed({ name, version, architecture, state, desired }: Row): InstalledPackage {
  return { name, version, architecture, complete: state === 'i', held: desired === 'h' }
}
