import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runningProcess, stillRuns } from '../processes.ts'
import { must, type ToolResult, tool, waitSync } from '../tool.ts'
import type { Bridge } from './bridge.ts'
import { resolvConf } from './tree.ts'

export interface NspawnHostOptions {
  readonly name: string
  readonly address: string
  readonly bridge: Bridge
  readonly tree: string
  /** Made here; the host's files and its console log. */
  readonly folder: string
  readonly keyFile: string
}

/** A throw-away machine: systemd-nspawn with its own systemd, sshd and address, on an overlay of the tree. */
export class NspawnHost {
  readonly name: string
  readonly address: string
  readonly #options: NspawnHostOptions
  readonly #process: ChildProcess

  constructor(options: NspawnHostOptions) {
    this.name = options.name
    this.address = options.address
    this.#options = options
    prepare(options)
    this.#process = boot(options)
    const { pid } = this.#process
    if (pid === undefined) throw new Error('systemd-nspawn could not be started')
    writeFileSync(
      join(options.folder, 'process.json'),
      JSON.stringify({ pid, started: runningProcess(pid)?.started ?? '' }),
    )
  }

  /** Resolves when sshd answers; the error of a host that does not come up quotes its console. */
  async ready(timeoutMs = 60_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!(await answers(this.address))) {
      if (this.#process.exitCode !== null || Date.now() > deadline)
        throw new Error(`${this.name} did not come up:\n${this.console().slice(-4000)}`)
      await delay(100)
    }
  }

  /** Runs a command line there as root. */
  ssh(command: string): ToolResult {
    const options = [
      'BatchMode=yes',
      'StrictHostKeyChecking=no',
      'UserKnownHostsFile=/dev/null',
      'LogLevel=ERROR',
    ]
    return tool('ssh', [
      ...options.flatMap((option) => ['-o', option]),
      ...['-F', 'none', '-i', this.#options.keyFile, `root@${this.address}`, command],
    ])
  }

  console(): string {
    return readFileSync(join(this.#options.folder, 'console.log'), 'utf8')
  }
}

/** Files of the host: the overlay with its name, address, name servers, key and login. */
function prepare({ name, address, bridge, tree, folder, keyFile }: NspawnHostOptions): void {
  for (const part of ['upper', 'work', 'root']) mkdirSync(join(folder, part), { recursive: true })
  const root = join(folder, 'root')
  const layers = `lowerdir=${tree},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`
  must('mount', ['-t', 'overlay', `hvlab-test-${name}`, '-o', layers, root])
  const write = (path: string, text: string) => writeFileSync(join(root, path), text)
  write('etc/hostname', `${name}\n`)
  write('etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${name}\n`)
  write('etc/machine-id', '')
  rmSync(join(root, 'etc/resolv.conf'), { force: true })
  write('etc/resolv.conf', resolvConf())
  write(
    'etc/systemd/network/10-host0.network',
    `[Match]\nName=host0\n[Link]\nMTUBytes=${bridge.mtu}\n` +
      `[Network]\nAddress=${address}/24\nGateway=${bridge.prefix}.1\nLinkLocalAddressing=no\n`,
  )
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 })
  write('root/.ssh/authorized_keys', readFileSync(`${keyFile}.pub`, 'utf8'))
  must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, 'etc/ssh/ssh_host_ed25519_key')])
}

function boot({ name, bridge, folder }: NspawnHostOptions): ChildProcess {
  const log = openSync(join(folder, 'console.log'), 'w')
  try {
    return spawn(
      'systemd-nspawn',
      [
        // Not a unit of this machine's systemd, which may not even run.
        ...['--register=no', '--keep-unit', '--quiet', '--console=pipe', '--link-journal=no'],
        ...[
          '--resolv-conf=off',
          '--timezone=off',
          '-D',
          join(folder, 'root'),
          '-M',
          `hvt${process.pid}-${name}`,
        ],
        ...['-b', `--network-bridge=${bridge.name}`],
        // What a hypervisor needs: bridges, NAT, tap devices.
        ...['--capability=all', '--bind=/dev/net/tun', '--system-call-filter=@keyring bpf'],
      ],
      { stdio: ['ignore', log, log], detached: true },
    )
  } finally {
    closeSync(log)
  }
}

/** Stops the host that was started in this folder, by this process or one before it. Its files can be removed then. */
export function stopHost(folder: string): void {
  const found = readHostProcess(folder)
  if (found !== undefined && stillRuns(found)) {
    // The second signal makes nspawn end without a shutdown: nothing of the host is kept.
    process.kill(found.pid, 'SIGTERM')
    process.kill(found.pid, 'SIGTERM')
    if (!waitSync(() => !stillRuns(found), 5000)) {
      process.kill(found.pid, 'SIGKILL')
      waitSync(() => !stillRuns(found), 5000)
    }
  }
  const root = join(folder, 'root')
  const isMounted = () => readFileSync('/proc/self/mounts', 'utf8').includes(` ${root} `)
  waitSync(() => !isMounted() || tool('umount', [root]).status === 0, 5000)
  if (isMounted()) must('umount', ['--lazy', root])
}

function readHostProcess(folder: string): { pid: number; started: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'process.json'), 'utf8')) as { pid: number; started: string }
  } catch {
    // It was never started.
    return undefined
  }
}

/** Whether something says `SSH-` on port 22. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 1000 })
    const end = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('data', (data) => end(data.toString('latin1').startsWith('SSH-')))
    socket.once('error', () => end(false))
    socket.once('timeout', () => end(false))
    socket.once('close', () => resolve(false))
  })
}
