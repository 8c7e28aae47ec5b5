import { FailureError } from '../model/failure.ts'
import type { HostKeyPolicy, JumpHost, SshSettings } from './connection-settings.ts'
import { invalidSetting, plainHost, plainUser } from './setting-checks.ts'

/** What `ansible_ssh_common_args` and `ansible_ssh_extra_args` may say. */
export type SshArguments = Pick<SshSettings, 'jumps'> &
  Partial<
    Pick<
      SshSettings,
      | 'port'
      | 'user'
      | 'privateKeyFile'
      | 'hostKeyPolicy'
      | 'knownHostsFiles'
      | 'configFile'
      | 'timeoutMs'
      | 'keepaliveMs'
      | 'keepaliveCount'
    >
  >

/**
 * Reads options of the OpenSSH client that have a meaning for hvlab's own connection. What only tunes OpenSSH
 * (multiplexing, its keepalive) is done by hvlab anyway and skipped; every other option is an error that names it.
 */
export function parseSshArguments(
  host: string,
  sources: readonly { readonly name: string; readonly text: string }[],
): SshArguments {
  let result: SshArguments = { jumps: [] }
  for (const { name, text } of sources) {
    const words = splitWords(host, name, text)
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
      if (withoutMeaning.has(word)) continue
      const flag = word.slice(0, 2)
      const option = flag === '-o' ? undefined : optionOfFlag[flag]
      if (flag !== '-o' && option === undefined) throw unsupported(host, name, word)
      const value = word.length > 2 ? word.slice(2) : words.shift()
      if (value === undefined)
        throw invalidSetting(host, name, text, `ends after ${flag}, which needs a value`)
      const [, key = '', rest = ''] =
        option === undefined ? (/^\s*(\w+)\s*[=\s]\s*(.*)$/.exec(value) ?? []) : ['', option, value]
      result = { ...result, ...readOption(host, name, key, rest, value) }
    }
  }
  return result
}

/** Quiet, no terminal, no forwarding of X11 or agent, compression: so it is here, or it changes nothing that is seen. */
const withoutMeaning = new Set(['-C', '-q', '-T', '-x', '-a'])

const optionOfFlag: Readonly<Record<string, string>> = {
  '-J': 'ProxyJump',
  '-p': 'Port',
  '-l': 'User',
  '-i': 'IdentityFile',
  '-F': 'ConfigFile',
}

const tuning = new Set([
  'controlmaster',
  'controlpersist',
  'controlpath',
  'tcpkeepalive',
  'compression',
  'loglevel',
  'batchmode',
  'preferredauthentications',
  'forwardx11',
  'identitiesonly',
])

function readOption(
  host: string,
  name: string,
  key: string,
  value: string,
  shown: string,
): Partial<SshArguments> {
  const option = key.toLowerCase()
  if (tuning.has(option)) return {}
  switch (option) {
    case 'proxyjump':
      return { jumps: parseJumps(host, name, value) }
    case 'port':
      return { port: positive(host, name, shown, value) }
    case 'user':
      return { user: plainUser(host, name, value) }
    case 'identityfile':
      return { privateKeyFile: value }
    case 'configfile':
      return { configFile: value }
    case 'connecttimeout':
      return { timeoutMs: positive(host, name, shown, value) * 1000 }
    case 'serveraliveinterval':
      return { keepaliveMs: positive(host, name, shown, value) * 1000 }
    case 'serveralivecountmax':
      return { keepaliveCount: positive(host, name, shown, value) }
    case 'userknownhostsfile':
      return { knownHostsFiles: value.split(/\s+/) }
    case 'stricthostkeychecking': {
      const policy = hostKeyPolicies[value.toLowerCase()]
      if (policy !== undefined) return { hostKeyPolicy: policy }
      break
    }
  }
  throw unsupported(host, name, `-o ${shown}`)
}

function positive(host: string, name: string, shown: string, value: string): number {
  if (/^[1-9]\d{0,4}$/.test(value)) return Number(value)
  throw invalidSetting(host, name, shown, 'is not a whole number that is allowed there')
}

export const hostKeyPolicies: Readonly<Record<string, HostKeyPolicy>> = {
  yes: 'yes',
  true: 'yes',
  no: 'no',
  off: 'no',
  false: 'no',
  'accept-new': 'accept-new',
}

/** `[user@]host[:port][,…]`, also with `ssh://`. `none` means no jump. */
export function parseJumps(host: string, name: string, text: string): JumpHost[] {
  if (text === 'none') return []
  return text.split(',').map((jump) => {
    const [, user, bracketed, plain, port] =
      /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(jump.trim()) ?? []
    const address = bracketed ?? plain
    if (address === undefined) throw invalidSetting(host, name, jump, 'is not a jump host (user@host:port)')
    return {
      address: plainHost(host, name, address),
      ...(user === undefined ? {} : { user: plainUser(host, name, user) }),
      ...(port === undefined ? {} : { port: Number(port) }),
    }
  })
}

function unsupported(host: string, name: string, option: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'ssh-option-unsupported',
    message: `${host}: ${name} has ${option}, which hvlab's own SSH client does not have`,
    hint: 'Supported are -J, -p, -l, -i, -F and -o with ProxyJump, Port, User, IdentityFile, ConnectTimeout, ServerAliveInterval, ServerAliveCountMax, StrictHostKeyChecking, UserKnownHostsFile.',
  })
}

/** Words as a shell splits them; quotes group, nothing is expanded. */
function splitWords(host: string, name: string, text: string): string[] {
  const words: string[] = []
  const pattern = /\s*((?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)/gy
  let end = 0
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    words.push((match[1] ?? '').replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, a, b, c) => a ?? b ?? c))
    end = pattern.lastIndex
  }
  if (text.slice(end).trim() !== '') throw invalidSetting(host, name, text, 'has an unclosed quote')
  return words
}
