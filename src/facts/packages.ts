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
    { readonly installed: InstalledPackage | null; readonly providers: readonly InstalledPackage[] }
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
    return Object.fromEntries(
      names.map((name) => [
        name,
        {
          installed:
            rows.find((found) => found.name === name || `${found.name}:${found.architecture}` === name) ??
            null,
          providers: rows.filter((found) => found.provides.includes(name) && found.complete),
        },
      ]),
    )
  },
})

function row(line: string): (InstalledPackage & { provides: string[] })[] {
  const [status = '', name, version, architecture, provides = ''] = line.split('\t')
  // The second letter is the state: n = not installed, c = only configuration files are left.
  if (name === undefined || version === undefined || architecture === undefined) return []
  if ('nc'.includes(status.charAt(1))) return []
  return [
    {
      name,
      version,
      architecture,
      complete: status.charAt(1) === 'i',
      held: status.startsWith('h'),
      provides: provides.split(/, */).map((offer) => offer.replace(/[ (].*/, '')),
    },
  ]
}
