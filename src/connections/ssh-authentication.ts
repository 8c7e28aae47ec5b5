import { readFile } from 'node:fs/promises'
import type { AnyAuthMethod, AuthHandlerMiddleware, ParsedKey } from 'ssh2'
import ssh2 from 'ssh2'
import { type Failure, FailureError } from '../model/failure.ts'
import type { SshTarget } from './ssh-target.ts'

/** Ways to log in, in the order in which they are tried, with what people call them. */
export interface LoginAttempts {
  readonly handler: AuthHandlerMiddleware
  /** What was tried so far, for the failure's text. */
  readonly tried: readonly string[]
  /** Key files that could not be tried, because they are protected by a passphrase. */
  readonly locked: readonly string[]
}

interface Candidate {
  readonly name: string
  readonly method: AnyAuthMethod
}

/**
 * Prepares the ways to log in: a key that was named, else the agent and the usual key files; then the password.
 * A password is sent once: a server that refuses it is not asked again by another method, so that no account is locked.
 * Throws a FailureError `ssh-key-unreadable` or `ssh-key-encrypted` for a key that was named.
 */
export async function loginAttempts(
  target: SshTarget,
  secrets: { readonly password?: string; readonly passphrase?: string },
): Promise<LoginAttempts> {
  const { user: username } = target
  const { keys, locked } = await readKeys(target, secrets.passphrase)
  const files = keys.map(
    ({ file, key }): Candidate => ({
      name: `key ${file}`,
      method: { type: 'publickey', username, key },
    }),
  )
  const agent: Candidate[] =
    target.agentSocket === undefined
      ? []
      : [{ name: 'SSH agent', method: { type: 'agent', username, agent: target.agentSocket } }]
  const candidates = target.identityIsExplicit ? [...files, ...agent] : [...agent, ...files]
  const { password } = secrets
  const tried: string[] = []
  let passwordSent = false
  const handler: AuthHandlerMiddleware = (methodsLeft, _partial, next) => {
    const left = methodsLeft as readonly string[] | null
    const keysAllowed = left === null || left.includes('publickey')
    const candidate = keysAllowed ? candidates.shift() : undefined
    if (candidate !== undefined) {
      tried.push(candidate.name)
      next(candidate.method)
    } else if (left === null && password !== undefined) {
      // Asks what the server offers, so that the password is not wasted on a method that it lacks.
      next({ type: 'none', username })
    } else if (password === undefined || passwordSent) {
      // @types/ssh2 lacks `false`, which ends the attempts.
      next(false as unknown as AnyAuthMethod)
    } else {
      passwordSent = true
      tried.push('password')
      next(passwordMethod(username, password, left))
    }
  }
  return { handler, tried, locked }
}

/** `keyboard-interactive` only where the server has no plain password login (PAM set-ups). */
function passwordMethod(username: string, password: string, left: readonly string[] | null): AnyAuthMethod {
  if (left === null || left.includes('password') || !left.includes('keyboard-interactive')) {
    return { type: 'password', username, password }
  }
  let answered = false
  return {
    type: 'keyboard-interactive',
    username,
    prompt: (_name, _instructions, _language, prompts, finish) => {
      finish(prompts.map(() => (answered ? '' : password)))
      if (prompts.length > 0) answered = true
    },
  }
}

async function readKeys(
  target: SshTarget,
  passphrase: string | undefined,
): Promise<{
  readonly keys: readonly { readonly file: string; readonly key: ParsedKey }[]
  readonly locked: readonly string[]
}> {
  const locked = new Set<string>()
  const keys = await Promise.all(
    target.identityFiles.map(async (file) => {
      const key = await readKey(file, passphrase)
      if (!('reason' in key)) return { file, key }
      const isLocked = key.code === 'ssh-key-encrypted'
      // The agent may hold the same key unlocked; without one there is no way on.
      if (target.identityIsExplicit && !(isLocked && target.agentSocket !== undefined))
        throw new FailureError(key)
      if (isLocked) locked.add(file)
      return undefined
    }),
  )
  return {
    keys: keys.filter((key) => key !== undefined),
    locked: target.identityFiles.filter((file) => locked.has(file)),
  }
}

async function readKey(file: string, passphrase: string | undefined): Promise<ParsedKey | Failure> {
  let text: Buffer
  try {
    text = await readFile(file)
  } catch (error) {
    return unreadableKey(file, error instanceof Error ? error.message : String(error))
  }
  const key = ssh2.utils.parseKey(text, passphrase)
  if (!(key instanceof Error)) {
    const first = Array.isArray(key) ? key[0] : key
    return first?.isPrivateKey() === true ? first : unreadableKey(file, 'it holds no private key')
  }
  if (/no passphrase given|bad passphrase|integrity check failed/i.test(key.message)) {
    return {
      reason: 'unreachable',
      code: 'ssh-key-encrypted',
      message: `The key ${file} is protected by a passphrase${passphrase === undefined ? '' : ', and the one that is set does not open it'}`,
      hint: `Load it into an agent (ssh-add ${file}) or set ansible_ssh_private_key_passphrase.`,
    }
  }
  return unreadableKey(file, key.message)
}

function unreadableKey(file: string, why: string): Failure {
  return {
    reason: 'unreachable',
    code: 'ssh-key-unreadable',
    message: `The key ${file} cannot be used: ${why}`,
    hint: 'Check ansible_ssh_private_key_file.',
  }
}
