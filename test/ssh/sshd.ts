import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectionDependencies } from '../../src/connections/connection-dependencies.ts'
import { openConnection } from '../../src/connections/open.ts'
import { connectionSettings } from '../../src/connections/settings.ts'
import type { Connection } from '../../src/model/connection.ts'
import type { Value } from '../../src/model/value.ts'

/** A real sshd on a loopback port with keys of its own, for one test file. */
export interface Sshd {
  readonly port: number
  readonly folder: string
  readonly user: string
  readonly hostKey: string
  /** Variables that reach it as `user`. */
  readonly vars: Readonly<Record<string, Value>>
  /** Opens a connection that the test does not have to close. */
  open(vars?: Record<string, Value>, dependencies?: ConnectionDependencies): Promise<Connection>
  log(): string
  stop(): Promise<void>
}

export const isRoot = process.getuid?.() === 0

/** Why the tests against a real sshd cannot run here; undefined when they can. */
export function whyNoSshd(): string | undefined {
  if (!existsSync('/usr/sbin/sshd')) return 'openssh-server is not installed'
  if (!existsSync('/usr/bin/ssh-keygen')) return 'openssh-client is not installed'
  return undefined
}

export async function startSshd(
  options: { readonly user?: string; readonly config?: string } = {},
): Promise<Sshd> {
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-sshd-'))
  chmodSync(folder, 0o755)
  process.env['XDG_STATE_HOME'] = join(folder, 'state')
  delete process.env['SSH_AUTH_SOCK']
  for (const name of ['host', 'id'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
  copyFileSync(join(folder, 'id.pub'), join(folder, 'authorized_keys'))
  if (isRoot) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  const file = join(folder, 'sshd_config')
  writeFileSync(
    file,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
      'StrictModes no',
      'UsePAM no',
      'PidFile none',
      'LogLevel VERBOSE',
      // Keys are exchanged anew all the time, which stalls clients that get it wrong.
      'RekeyLimit 4M',
      options.config ?? '',
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  // Also when the test file ends early.
  process.once('exit', () => child.kill())
  let log = ''
  child.stderr.on('data', (chunk) => {
    log += String(chunk)
  })
  await answering(port, child, () => log)
  const user = options.user ?? userInfo().username
  const vars = {
    ansible_host: '127.0.0.1',
    ansible_port: port,
    ansible_user: user,
    ansible_ssh_private_key_file: join(folder, 'id'),
    ansible_ssh_common_args: `-F none -o UserKnownHostsFile=${join(folder, 'known_hosts')}`,
  }
  const connections: Connection[] = []
  return {
    port,
    folder,
    user,
    vars,
    hostKey: readFileSync(join(folder, 'host.pub'), 'utf8').split(' ').slice(0, 2).join(' '),
    open: async (more = {}, dependencies = {}) => {
      const all: Record<string, Value> = { ...vars, ...more }
      const connection = await openConnection(
        connectionSettings('web1', (name) => all[name]),
        dependencies,
      )
      connections.push(connection)
      return connection
    },
    log: () => log,
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()))
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A throw-away user with a password; needs root. */
export class TestUser {
  readonly name = `hvt${randomBytes(4).toString('hex')}`
  readonly password = `pw ${randomBytes(6).toString('hex')}'"`
  readonly #sudoers = `/etc/sudoers.d/${this.name}`

  constructor(shell = '/bin/sh') {
    execFileSync('useradd', ['--create-home', '--shell', shell, this.name])
    execFileSync('chpasswd', { input: `${this.name}:${this.password}\n` })
  }

  get home(): string {
    return join('/home', this.name)
  }

  /** `%` stands for the user's name. */
  sudo(rule: string): void {
    writeFileSync(this.#sudoers, `${rule.replaceAll('%', this.name)}\n`, { mode: 0o440 })
  }

  shell(shell: string): void {
    execFileSync('usermod', ['--shell', shell, this.name])
  }

  remove(): void {
    rmSync(this.#sudoers, { force: true })
    execFileSync('userdel', ['--remove', this.name], { stdio: 'ignore' })
  }
}

/** Processes whose command line contains the text. */
export function processesWith(text: string): string[] {
  const { stdout } = { stdout: execFileSync('ps', ['-eo', 'stat=,args=']).toString() }
  return stdout.split('\n').filter((line) => line.includes(text) && !line.startsWith('Z'))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function answering(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`sshd ended: ${log()}`)
    const socket = connect(port, '127.0.0.1')
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (open) return
    await delay(25)
  }
  throw new Error(`sshd does not answer: ${log()}`)
}
