/** What a line of the serial console, or the message of an event, says about the installation. */
export type SerialFinding =
  | { readonly kind: 'no-argument' }
  | { readonly kind: 'no-seed' }
  | { readonly kind: 'no-medium' }
  | { readonly kind: 'panic'; readonly message: string }
  /** The installer gave up; nothing comes after it but its error-commands. */
  | { readonly kind: 'gave-up' }
  | { readonly kind: 'evidence'; readonly cause: EvidenceCause; readonly text: string }

/** Causes that show in passing: they count when the installation then fails or stands still. */
export type EvidenceCause =
  | 'out-of-memory'
  | 'no-space'
  | 'mirror-unreachable'
  | 'package-unknown'
  | 'disk-unreadable'

const timestamp = /^\[ *\d+\.\d+\]\s*/

/**
 * Strings of subiquity's client and server, casper, curtin, apt, cloud-init and the kernel. subiquity without data for
 * an automatic installation starts its menus, also on the serial console: their first screens mean that no seed was
 * found.
 */
const patterns: readonly (readonly [RegExp, (found: RegExpExecArray, line: string) => SerialFinding])[] = [
  [
    /Confirmation is required to continue|Continue with autoinstall\? \(yes\|no\)/,
    () => ({ kind: 'no-argument' }),
  ],
  [
    /Continue in (rich|basic) mode|Willkommen! Bienvenue! Welcome!|Use UP, DOWN and ENTER keys to select your language|finished at .* Datasource DataSourceNone\b/i,
    () => ({ kind: 'no-seed' }),
  ],
  [/Unable to find a (live file system|medium containing a live file system)/, () => ({ kind: 'no-medium' })],
  [
    /Kernel panic - not syncing: (System is deadlocked on memory|Out of memory.*)/,
    (_found, line) => evidence('out-of-memory', line),
  ],
  [
    /Kernel panic - not syncing(?:: (.*))?$/,
    (found) => ({ kind: 'panic', message: (found[1] ?? '').trim() }),
  ],
  [
    /An error occurred\. Press enter to start a shell|Malformed autoinstall|no identity data provided/,
    () => ({ kind: 'gave-up' }),
  ],
  [/[Oo]ut of memory: Killed process/, (_found, line) => evidence('out-of-memory', line)],
  [
    /No space left on device|You don't have enough free space in/,
    (_found, line) => evidence('no-space', line),
  ],
  [
    /Temporary failure resolving|Could not resolve '|Could not connect to|Cannot initiate the connection to|Unable to connect to|Connection timed out \[IP|Failed to fetch https?:/,
    (_found, line) => evidence('mirror-unreachable', line),
  ],
  [
    /^E: (Unable to locate package |Package '[^']*' has no installation candidate|Version '[^']*' for '[^']*' was not found)/,
    (_found, line) => evidence('package-unknown', line),
  ],
  [
    /I\/O error, dev \w+|SQUASHFS error: (Unable to read|Failed to read|xz decompression)/,
    (_found, line) => evidence('disk-unreadable', line),
  ],
]

export function findingOf(line: string): SerialFinding | undefined {
  for (const [pattern, finding] of patterns) {
    const found = pattern.exec(line)
    if (found !== null) return finding(found, line)
  }
  return undefined
}

function evidence(cause: EvidenceCause, line: string): SerialFinding {
  return { kind: 'evidence', cause, text: line.replace(timestamp, '').trim().slice(0, 300) }
}
