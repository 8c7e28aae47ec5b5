import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { type Failure, FailureError } from '../model/failure.ts'
import { controllerRun } from './local.ts'

/** A key that a known_hosts file has for a host. */
export interface KnownKey {
  /** `ssh-ed25519` … */
  readonly type: string
  /** Base64 of the public key. */
  readonly key: string
  readonly revoked: boolean
  readonly file: string
  readonly line: number
}

/** What is known of a host before it is contacted. */
export interface KnownHost {
  /** `web1`, or `[web1]:2222` for another port than 22. */
  readonly name: string
  readonly keys: readonly KnownKey[]
}

/**
 * Looks a host up in known_hosts files. `ssh-keygen -F` knows hashed names, wildcards and markers. For another port than 22
 * the plain name counts as well, as with OpenSSH, but only where its key matches.
 */
export async function lookUpHost(host: string, port: number, files: readonly string[]): Promise<KnownHost> {
  const name = knownHostName(host, port)
  const found = await Promise.all(files.map((file) => lookUpIn(file, name)))
  return { name, keys: found.flat() }
}

export function knownHostName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`
}

async function lookUpIn(file: string, name: string): Promise<KnownKey[]> {
  if (!(await couldName(file, name))) return []
  const { exitCode, stdout, stderr } = await controllerRun(['ssh-keygen', '-F', name, '-f', file])
  if (exitCode === 127) throw new FailureError(noSshKeygen(file))
  if (exitCode !== 0 && stderr.trim() !== '') throw new FailureError(unreadable(file, stderr))
  return parseFound(stdout, file)
}

/** A process for each host and file is dear in a fleet: files without the name, hashes or patterns are not asked. */
async function couldName(file: string, name: string): Promise<boolean> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw new FailureError(unreadable(file, String(error)), { cause: error })
  }
  return text.includes(name) || /^\s*(\||@)|^[^#\s]*[*?]/m.test(text)
}

/** Lines come in pairs: `# Host web1 found: line 3 REVOKED`, then the line of the file. */
function parseFound(stdout: string, file: string): KnownKey[] {
  const keys: KnownKey[] = []
  let line = 0
  for (const text of stdout.split('\n')) {
    const header = /^# Host .* found: line (\d+)/.exec(text)
    if (header) {
      line = Number(header[1])
      continue
    }
    const words = text.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined
    const [, type, key] = words
    // Certificate authorities: ssh2 never offers to take a certificate, so they decide nothing here.
    if (type === undefined || key === undefined || marker === '@cert-authority') continue
    keys.push({ type, key, revoked: marker === '@revoked', file, line })
  }
  return keys
}

/**
 * Appends a key, unless the same one is there meanwhile. Returns the key that is there instead when it differs. The kernel frees the
 * lock of a process that died; where there is no flock(1), two at the same moment may both write.
 */
export async function pinKey(
  file: string,
  name: string,
  type: string,
  key: string,
): Promise<KnownKey | undefined> {
  const words = ['sh', '-c', pin, 'hvlab', file, name, type, key]
  const { exitCode, stdout, stderr } = await controllerRun(words)
  if (exitCode !== 0) throw new FailureError(unwritable(file, stderr))
  const [line, foundType, foundKey] = stdout.trimEnd().split(' ')
  if (foundType === undefined || foundKey === undefined || foundKey === key) return undefined
  return { type: foundType, key: foundKey, revoked: false, file, line: Number(line) }
}

/** Prints the line that is there for the name. A last line without an end, of an editor, gets one. */
const pin = `umask 077; mkdir -p "\${1%/*}" && exec 9>>"$1" || exit
! command -v flock >/dev/null || flock -w 20 9 || { echo 'another process keeps it locked' >&2; exit 1; }
n=0
while read -r name type key _ || [ -n "$name" ]; do
  n=$((n+1))
  [ "$name" != "$2" ] || [ -z "$key" ] || { echo "$n $type $key"; exit 0; }
done <"$1"
[ -z "$(tail -c 1 "$1")" ] || echo >&9
printf '%s\\n' "$2 $3 $4" >&9`

/** `SHA256:…` as ssh prints it. */
export function fingerprint(key: string): string {
  return `SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`
}

function noSshKeygen(file: string): Failure {
  return {
    reason: 'host-key',
    code: 'known-hosts-unreadable',
    message: `${file} cannot be searched because ssh-keygen is not installed`,
    hint: 'Install openssh-client on this machine.',
  }
}

function unreadable(file: string, why: string): Failure {
  return {
    reason: 'host-key',
    code: 'known-hosts-unreadable',
    message: `${file} cannot be read: ${why.trim().split('\n').at(-1) ?? ''}`,
  }
}

function unwritable(file: string, why: string): Failure {
  return {
    reason: 'host-key',
    code: 'known-hosts-unwritable',
    message: `The key of a new host cannot be stored in ${file}: ${why.trim().split('\n').at(-1) ?? ''}`,
    hint: 'Make it writable, or set ansible_host_key_checking: false for hosts that are thrown away.',
  }
}
