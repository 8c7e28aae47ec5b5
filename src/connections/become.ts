import { randomBytes } from 'node:crypto'
import type { Become } from '../model/command.ts'
import { type Failure, FailureError } from '../model/failure.ts'

/** How a shell is started on a host, and how to know that it is the right one. */
export interface Launch {
  /** For the login shell: plain words and single-quoted text without backslashes. */
  readonly line: string
  /** Printed on both streams by the started shell; what comes earlier is noise of the login. */
  readonly token: string
  /**
   * Printed on both streams right before the program that becomes the user: only what comes after it can ask for the
   * password, or say why nobody was become. Undefined when there is no such program.
   */
  readonly mark?: string
  /** Text that asks for the password; undefined when nothing may ask. */
  readonly prompt?: RegExp
  readonly password?: string
}

/** Where glibc has the locale C.UTF-8. */
const localeFiles = ['C.utf8', 'C.UTF-8', 'locale-archive'].map((name) => `/usr/lib/locale/${name}`)

/**
 * The line that starts a shell, as the login user or as another one.
 *
 * `LC_ALL` makes what programs print independent of the host's language; directories for administration are appended
 * to the PATH because a login without a terminal lacks them on Debian.
 *
 * @param rest What the shell does once it runs, e.g. `exec /bin/sh`: no single quotes, no backslashes.
 */
export function launch(become: Become | undefined, shell: string, rest: string): Launch {
  const id = randomBytes(8).toString('hex')
  const token = `hvlab-ready-${id}`
  const body = [
    'LC_ALL=C.UTF-8',
    // Minimal systems lack it, and there bash and perl complain about it at each start. Without glibc nobody asks for its files.
    `${localeFiles.map((file) => `[ -e ${file} ]`).join(' || ')} || { [ -e /etc/ld.so.cache ] && LC_ALL=C; }`,
    'PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export LC_ALL PATH',
    `printf %s ${token}; printf %s ${token} >&2; ${rest}`,
  ].join('; ')
  if (become === undefined) return { line: `exec ${shell} -c '${body}'`, token }
  const user = plainWord(become.user, 'the user to become')
  const exe = plainWord(become.exe ?? become.method, 'ansible_become_exe')
  const flags = (become.flags ?? []).map((flag) => plainWord(flag, 'ansible_become_flags'))
  const mark = `hvlab-login-${id}`
  const start = `exec ${shell} -c 'printf %s ${mark}; printf %s ${mark} >&2; exec env LC_ALL=C "$@"' hvlab`
  const password = become.password === undefined ? {} : { password: become.password }
  if (become.method === 'su') {
    const words = [start, exe, ...flags, '-s', shell, '-c', `'${body}'`, user]
    return { line: words.join(' '), token, mark, prompt: /:\s*$/, ...password }
  }
  // -S reads the password from stdin, -n never asks: exactly one of them, so that sudo never waits for a terminal.
  const own = (become.flags === undefined ? ['-H'] : flags).filter((flag) => flag !== '-n' && flag !== '-S')
  const prompt = `hvlab-password-${id}:`
  const asking = become.password === undefined ? ['-n'] : ['-S', '-p', prompt]
  const words = [start, exe, ...own, ...asking, '-u', user, shell, '-c', `'${body}'`]
  return {
    line: words.join(' '),
    token,
    mark,
    prompt: new RegExp(`${prompt}|password[^\\n]*:\\s*$`, 'i'),
    ...password,
  }
}

/** Words of the launch line meet unknown login shells, so nothing in them may be special to any shell. */
function plainWord(word: string, what: string): string {
  if (/^[A-Za-z0-9_./=@+,%:-]+$/.test(word) && (!word.startsWith('-') || what.endsWith('flags'))) return word
  throw new FailureError({
    reason: 'config',
    code: 'connection-setting-invalid',
    message: `${what}: ${JSON.stringify(word)} has characters that are not allowed there`,
  })
}

/** Names a failed start. `output` is what both streams said before the shell ended. */
export function explainBecomeFailure(become: Become, output: string, host: string, asked: number): Failure {
  const said = output.trim()
  const known =
    asked > 0 && become.password === undefined
      ? becomeFailures.find(({ code }) => code === 'become-password-missing')
      : becomeFailures.find(({ pattern }) => pattern.test(said))
  const who = `${become.user} with ${become.exe ?? become.method} on ${host}`
  if (asked > 0 && known === undefined) return wrongPassword(become, host)
  return {
    reason: 'module',
    code: known?.code ?? 'become-failed',
    message: `Cannot become ${who}: ${known?.message ?? (said.split('\n').at(-1) || 'it ended without a word')}`,
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    ...(said === '' ? {} : { details: said }),
  }
}

export function wrongPassword(become: Become, host: string): Failure {
  return {
    reason: 'module',
    code: 'become-wrong-password',
    message: `Cannot become ${become.user} with ${become.exe ?? become.method} on ${host}: the password is wrong`,
    hint: 'Check ansible_become_password. hvlab tries it once only, so that no account is locked.',
  }
}

const becomeFailures: readonly { code: string; pattern: RegExp; message: string; hint?: string }[] = [
  {
    code: 'become-wrong-password',
    pattern: /incorrect password|sorry, try again|authentication failure|permission denied/i,
    message: 'the password is wrong',
    hint: 'Check ansible_become_password. hvlab tries it once only, so that no account is locked.',
  },
  {
    code: 'become-requires-tty',
    pattern: /must have a tty|a terminal is required|no tty present/i,
    message: 'sudo there insists on a terminal',
    hint: 'Give ansible_become_password, or add `Defaults:USER !requiretty` with visudo on the host.',
  },
  {
    code: 'become-password-missing',
    pattern: /password is required|authentication is required/i,
    message: 'a password is needed',
    hint: 'Set ansible_become_password (in a file that only you may read: -e @FILE), or allow the user to run sudo without one (NOPASSWD).',
  },
  {
    code: 'become-not-allowed',
    pattern: /not in the sudoers file|not allowed to (run|execute)|may not run sudo/i,
    message: 'the login user is not allowed to',
    hint: 'Add the login user to the sudoers of the host, or log in as another user.',
  },
  {
    code: 'become-unknown-user',
    pattern: /unknown user|user \S+ does not exist/i,
    message: 'there is no such user',
    hint: 'Check ansible_become_user.',
  },
  {
    code: 'become-not-installed',
    pattern: /(env|exec): .*(no such file|not found)|command not found/i,
    message: 'the program is not installed',
    hint: 'Install it on the host, log in as root, or choose another ansible_become_method.',
  },
]
