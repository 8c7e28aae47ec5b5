import { createHash } from 'node:crypto'
import { appendFile, mkdir, readFile, rmdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Failure, FailureError } from '../model/failure.ts'
import { sleep } from '../util/sleep.ts'
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

/** Appends a key, unless the same one is there meanwhile. Returns the key that is there instead when it differs. */
export async function pinKey(
  file: string,
  name: string,
  type: string,
  key: string,
): Promise<KnownKey | undefined> {
  return await underLock(file, async () => {
    const lines = (await readFile(file, 'utf8').catch(unlessGone))?.split('\n') ?? []
    for (const [index, text] of lines.entries()) {
      const [lineName, lineType, lineKey] = text.split(' ')
      if (lineName !== name || lineType === undefined || lineKey === undefined) continue
      if (lineKey === key) return undefined
      return { type: lineType, key: lineKey, revoked: false, file, line: index + 1 }
    }
    await appendFile(file, `${name} ${type} ${key}\n`, { mode: 0o600 })
    return undefined
  })
}

const queues = new Map<string, Promise<unknown>>()

/** One at a time in this process, then one process at a time. */
async function underLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(file) ?? Promise.resolve()
  const turn = before.then(() => withLockFolder(`${file}.lock`, work))
  queues.set(
    file,
    turn.catch(() => {}),
  )
  return await turn
}

/** A lock left behind by a process that died is taken over after this time. Holding it takes milliseconds. */
const staleLockMs = 10_000

async function withLockFolder<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lock), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      await mkdir(lock)
      break
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      const age = await stat(lock).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0,
      )
      if (age > staleLockMs) await rmdir(lock).catch(unlessGone)
      else await sleep(20)
    }
  }
  try {
    return await work()
  } finally {
    await rmdir(lock).catch(unlessGone)
  }
}

/** Another process was quicker, or nothing was stored yet. */
function unlessGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

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
