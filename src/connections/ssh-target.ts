import { access, readdir, readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { FailureError } from '../model/failure.ts'
import { stateDirectory } from '../util/state-directory.ts'
import type { HostKeyPolicy, JumpHost, SshSettings } from './connection-settings.ts'
import { controllerRun } from './local.ts'
import { plainHost, plainUser } from './setting-checks.ts'
import { hostKeyPolicies, parseJumps } from './ssh-arguments.ts'

/** Where and how to log in, complete. */
export interface SshTarget {
  readonly address: string
  readonly port: number
  readonly user: string
  /** The name under which known_hosts files know the host. */
  readonly hostKeyName: string
  readonly hostKeyPolicy: HostKeyPolicy
  readonly knownHostsFiles: readonly string[]
  /** Where new keys are stored: hvlab's own file, so that the user's stays as it is. */
  readonly ownKnownHostsFile: string
  readonly identityFiles: readonly string[]
  /** The identity was asked for by name: it must be readable, and others are not offered. */
  readonly identityIsExplicit: boolean
  readonly agentSocket: string | undefined
  readonly jumps: readonly JumpHost[]
  readonly timeoutMs: number
}

/** From the first packet to the login. Ansible waits 10 s for the connection alone; emulated guests need longer to log in. */
const defaultTimeoutMs = 20_000

/**
 * Completes settings from the user's ssh configuration as OpenSSH itself resolves it (`ssh -G`: Host, Match, Include).
 * Variables win over it. Throws a FailureError `ssh-option-unsupported` for a ProxyCommand.
 */
export async function resolveTarget(settings: SshSettings): Promise<SshTarget> {
  const config = await readSshConfig(settings)
  const home = userInfo().homedir
  const expand = (file: string) => file.replace(/^~(?=\/|$)/, home).replaceAll('%d', home)
  const first = (key: string) => config.get(key)?.[0]
  const words = (key: string) => config.get(key)?.flatMap((value) => value.split(/\s+/)) ?? []
  const proxyCommand = first('proxycommand')
  if (proxyCommand !== undefined && proxyCommand !== 'none' && settings.jumps.length === 0) {
    throw unsupportedProxy(settings.host, proxyCommand)
  }
  const address = plainHost(
    settings.host,
    'HostName of the ssh configuration',
    first('hostname') ?? settings.address,
  )
  const explicit = settings.privateKeyFile === undefined ? [] : [expand(settings.privateKeyFile)]
  const agent = first('identityagent') ?? 'SSH_AUTH_SOCK'
  return {
    address,
    port: settings.port ?? Number(first('port') ?? 22),
    user: plainUser(
      settings.host,
      'User of the ssh configuration',
      settings.user ?? first('user') ?? userInfo().username,
    ),
    hostKeyName:
      settings.via === undefined ? (first('hostkeyalias') ?? address).toLowerCase() : settings.host,
    hostKeyPolicy:
      settings.hostKeyPolicy ?? hostKeyPolicies[first('stricthostkeychecking') ?? ''] ?? 'accept-new',
    knownHostsFiles: (
      settings.knownHostsFiles ?? [
        ...(config.has('userknownhostsfile')
          ? words('userknownhostsfile')
          : ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']),
        ...(config.has('globalknownhostsfile')
          ? words('globalknownhostsfile')
          : ['/etc/ssh/ssh_known_hosts']),
      ]
    ).map(expand),
    ownKnownHostsFile: join(stateDirectory(), 'known_hosts'),
    identityFiles: [
      ...(explicit.length > 0 ? explicit : (config.get('identityfile') ?? defaultIdentities).map(expand)),
      ...(settings.otherKeyFiles ?? []).map(expand),
    ],
    identityIsExplicit: explicit.length > 0,
    agentSocket:
      agent === 'none' ? undefined : agent === 'SSH_AUTH_SOCK' ? process.env['SSH_AUTH_SOCK'] : expand(agent),
    jumps:
      settings.jumps.length > 0
        ? settings.jumps
        : parseJumps(settings.host, 'ProxyJump of the ssh configuration', first('proxyjump') ?? 'none'),
    timeoutMs:
      settings.timeoutMs ??
      (first('connecttimeout') === undefined ? defaultTimeoutMs : seconds(first('connecttimeout'))),
  }
}

const defaultIdentities = ['~/.ssh/id_ed25519', '~/.ssh/id_ecdsa', '~/.ssh/id_rsa']

/** `ssh -G` prints `none` where no time is set. */
function seconds(text: string | undefined): number {
  const value = Number(text)
  return value > 0 ? value * 1000 : defaultTimeoutMs
}

/** Lower-case keyword to its values, as `ssh -G` prints them. Empty when there is no configuration to read. */
async function readSshConfig(settings: SshSettings): Promise<ReadonlyMap<string, readonly string[]>> {
  const config = new Map<string, string[]>()
  if (settings.configFile === 'none') return config
  if (settings.configFile === undefined && !(await userHasConfiguration())) return config
  const { exitCode, stdout, stderr } = await controllerRun([
    'ssh',
    '-G',
    ...(settings.configFile === undefined ? [] : ['-F', settings.configFile]),
    ...(settings.user === undefined ? [] : ['-l', settings.user]),
    ...(settings.port === undefined ? [] : ['-p', String(settings.port)]),
    '--',
    settings.address,
  ])
  // 127: no OpenSSH client on the controller, so nobody's configuration is for it.
  if (exitCode === 127 && settings.configFile === undefined) return config
  if (exitCode !== 0) throw unreadableConfig(settings.host, stderr)
  for (const line of stdout.split('\n')) {
    const [, key, value] = /^(\S+) (.+)$/.exec(line) ?? []
    if (key === undefined || value === undefined) continue
    config.set(key, [...(config.get(key) ?? []), value])
  }
  return config
}

let configurationExists: Promise<boolean> | undefined

/**
 * Whether any configuration could say something that matters here. Distributions ship an /etc/ssh/ssh_config that does
 * not, and asking `ssh -G` for each of hundreds of hosts costs a process each.
 */
async function userHasConfiguration(): Promise<boolean> {
  configurationExists ??= (async () => {
    const exists = await access(join(userInfo().homedir, '.ssh', 'config')).then(
      () => true,
      () => false,
    )
    return exists || (await saysSomething('/etc/ssh/ssh_config'))
  })()
  return await configurationExists
}

async function saysSomething(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const harmless =
    /^(#.*|Host \*|(SendEnv|HashKnownHosts|GSSAPIAuthentication|Include \/etc\/ssh\/ssh_config\.d\/\*\.conf).*|)$/i
  if (!text.split('\n').every((line) => harmless.test(line.trim()))) return true
  if (!/^\s*Include/im.test(text)) return false
  const included = await readdir('/etc/ssh/ssh_config.d').catch(() => [])
  return included.some((name) => name.endsWith('.conf'))
}

function unsupportedProxy(host: string, command: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'ssh-option-unsupported',
    message: `${host}: the ssh configuration has ProxyCommand ${command}, which hvlab's own SSH client does not have`,
    hint: 'Use ProxyJump instead, or set ansible_ssh_common_args: -J user@jumphost.',
  })
}

function unreadableConfig(host: string, stderr: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'ssh-config-unreadable',
    message: `${host}: ssh -G could not read the ssh configuration: ${stderr.trim().split('\n').at(-1) ?? ''}`,
    details: stderr,
  })
}
