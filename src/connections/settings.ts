import type { Become } from '../model/command.ts'
import type { Value } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import type { ConnectionSettings, HostKeyPolicy } from './connection-settings.ts'
import { invalidSetting, plainHost, plainUser } from './setting-checks.ts'
import { parseSshArguments } from './ssh-arguments.ts'

export type { ConnectionSettings } from './connection-settings.ts'

/** Gives a variable of the host, rendered; undefined when it is not defined. */
export type GetVariable = (name: string) => Value | undefined

/**
 * Reads Ansible's connection variables of one host. Several names of a setting count in Ansible's order, the later
 * ones win. Throws a FailureError of reason `config` that names the variable.
 */
export function connectionSettings(host: string, get: GetVariable): ConnectionSettings {
  const read = new VariableReader(host, get)
  const shellPath = read.text('ansible_shell_executable') ?? '/bin/sh'
  if (!/^\/[A-Za-z0-9_./-]+$/.test(shellPath))
    throw read.invalid('ansible_shell_executable', 'is not an absolute path')
  const kind =
    read.text('ansible_connection') ?? (isController(host) && !read.has('ansible_host') ? 'local' : 'ssh')
  if (kind === 'local') return { kind: 'local', host, shellPath }
  if (!['ssh', 'smart', 'paramiko', 'paramiko_ssh', 'ssh2'].includes(kind)) {
    throw read.invalid('ansible_connection', 'is not a connection that hvlab has', 'Use `ssh` or `local`.')
  }
  const address = read.text('ansible_ssh_host', 'ansible_host') ?? host
  const addressVariable = read.has('ansible_host') ? 'ansible_host' : 'the host name'
  const given = parseSshArguments(
    host,
    ['ansible_ssh_common_args', 'ansible_ssh_extra_args'].flatMap((name) => {
      const text = read.text(name)
      return text === undefined ? [] : [{ name, text }]
    }),
  )
  const checking = hostKeyChecking(read)
  const user = read.text('ansible_ssh_user', 'ansible_user') ?? given.user
  const via = read.text('hvlab_via')
  return defined({
    ...given,
    kind: 'ssh' as const,
    host,
    shellPath,
    address: plainHost(host, addressVariable, address),
    port: read.port('ansible_ssh_port', 'ansible_port') ?? given.port,
    user: user === undefined ? undefined : plainUser(host, 'ansible_user', user),
    password: read.text('ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password'),
    privateKeyFile:
      read.text('ansible_private_key_file', 'ansible_ssh_private_key_file') ?? given.privateKeyFile,
    passphrase: read.text('ansible_ssh_private_key_passphrase', 'ansible_private_key_passphrase'),
    hostKeyPolicy: checking ?? given.hostKeyPolicy,
    pinnedHostKey: read.text('hvlab_host_key'),
    timeoutMs: read.seconds('ansible_timeout', 'ansible_ssh_timeout') ?? given.timeoutMs,
    retries: read.integer('ansible_ssh_retries') ?? 0,
    via,
  })
}

/**
 * Become settings of a task: variables win over the keywords of task, block and play, as in Ansible.
 * Undefined when nobody is to be become.
 */
export function becomeSettings(
  host: string,
  get: GetVariable,
  keywords: {
    readonly become?: boolean
    readonly user?: string
    readonly method?: string
  } = {},
): Become | undefined {
  const read = new VariableReader(host, get)
  if (!(read.bool('ansible_become') ?? keywords.become ?? false)) return undefined
  const method = becomeMethods.find(
    (known) => known === (read.text('ansible_become_method') ?? keywords.method ?? 'sudo'),
  )
  if (method === undefined) {
    throw read.invalid('ansible_become_method', 'is not a method that hvlab has', 'Use `sudo` or `su`.')
  }
  const user = read.text('ansible_become_user') ?? keywords.user ?? 'root'
  const flags = read.text(`ansible_${method}_flags`, 'ansible_become_flags')
  const password = read.text('ansible_become_pass', `ansible_${method}_pass`, 'ansible_become_password')
  return defined({
    method,
    user: plainUser(host, 'ansible_become_user', user),
    password,
    flags: flags?.split(/\s+/).filter((flag) => flag !== ''),
    exe: read.text(`ansible_${method}_exe`, 'ansible_become_exe'),
  })
}

const becomeMethods: readonly Become['method'][] = ['sudo', 'su']

/** `localhost` is the controller without being told so, as in Ansible. */
export function isController(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1'
}

function hostKeyChecking(read: VariableReader): HostKeyPolicy | undefined {
  const named = read.text('ansible_host_key_checking', 'ansible_ssh_host_key_checking')
  const value =
    named === 'accept-new'
      ? named
      : (read.bool('ansible_host_key_checking', 'ansible_ssh_host_key_checking') ?? fromEnvironment())
  return value === undefined || value === 'accept-new' ? value : value ? 'yes' : 'no'
}

function fromEnvironment(): boolean | undefined {
  const text = process.env['ANSIBLE_HOST_KEY_CHECKING'] ?? process.env['ANSIBLE_SSH_HOST_KEY_CHECKING']
  return text === undefined ? undefined : asBool(text)
}

function asBool(value: Value): boolean | undefined {
  const text = String(value).trim().toLowerCase()
  if (['true', 'yes', 'on', 'y', 't', '1'].includes(text)) return true
  if (['false', 'no', 'off', 'n', 'f', '0'].includes(text)) return false
  return undefined
}

/** Typed access to variables; of several names the last that is set wins. Null and empty text mean not set. */
class VariableReader {
  readonly #host: string
  readonly #get: GetVariable

  constructor(host: string, get: GetVariable) {
    this.#host = host
    this.#get = get
  }

  has(name: string): boolean {
    return this.text(name) !== undefined
  }

  text(...names: readonly string[]): string | undefined {
    return this.#find(names)?.text
  }

  bool(...names: readonly string[]): boolean | undefined {
    const found = this.#find(names)
    if (found === undefined) return undefined
    const value = asBool(found.text)
    if (value === undefined) throw this.invalid(found.name, 'is neither true nor false')
    return value
  }

  integer(...names: readonly string[]): number | undefined {
    const found = this.#find(names)
    if (found === undefined) return undefined
    if (!/^\d{1,9}$/.test(found.text)) throw this.invalid(found.name, 'is not a whole number')
    return Number(found.text)
  }

  port(...names: readonly string[]): number | undefined {
    const port = this.integer(...names)
    if (port !== undefined && (port < 1 || port > 65535)) {
      throw this.invalid(this.#find(names)?.name ?? '', 'is not a port number (1 to 65535)')
    }
    return port
  }

  seconds(...names: readonly string[]): number | undefined {
    const found = this.#find(names)
    if (found === undefined) return undefined
    const seconds = Number(found.text)
    if (!(seconds > 0 && seconds <= 86_400)) throw this.invalid(found.name, 'is not a number of seconds')
    return seconds * 1000
  }

  invalid(name: string, what: string, hint?: string): Error {
    return invalidSetting(this.#host, name, this.#get(name) ?? null, what, hint)
  }

  #find(names: readonly string[]): { readonly name: string; readonly text: string } | undefined {
    for (const name of names.toReversed()) {
      const value = this.#get(name)
      if (value === undefined || value === null || value === '') continue
      if (typeof value === 'object')
        throw invalidSetting(this.#host, name, value, 'is a list or map, not one value')
      return { name, text: String(value) }
    }
    return undefined
  }
}
