import type { Test } from 'tap'
import { atEnd } from './cleanup.ts'
import { endsWell, exits, hvlabSync } from './hvlab-process.ts'
import type { LabFolder } from './lab-folder.ts'
import { runningProcess } from './processes.ts'

/** What a machine needs for sandbox hosts, and for reaching them. */
export const sandboxNeeds = ['systemd-nspawn', 'mmdebstrap', 'ip', 'iptables', 'ssh', 'ssh-keygen']

const minutes = 60_000
/** The test that makes a sandbox is in its name, so that the next one can tell what a killed one left. */
const nameOf = (pid: number) => `test-${pid}`

export interface SandboxHost {
  readonly name: string
  readonly address: string
  /** What a command line says there, run by root; the test fails when it does not end well. */
  run(command: string): Promise<string>
}

/** A test's own throw-away hosts, made by `hvlab sandbox up`; the lab's inventory has them. Gone when the test ends. */
export class Sandbox {
  readonly name = nameOf(process.pid)
  readonly #t: Test
  readonly #lab: LabFolder

  constructor(t: Test, lab: LabFolder) {
    this.#t = t
    this.#lab = lab
    atEnd(t, () => hvlabSync(['sandbox', 'down', '--name', this.name], { cwd: lab.path }))
  }

  async up(hosts: number): Promise<SandboxHost[]> {
    for (const { sandbox } of await sandboxStatus(this.#t, this.#lab)) {
      const pid = Number(/^test-(\d+)$/.exec(sandbox)?.[1] ?? Number.NaN)
      if (Number.isInteger(pid) && pid !== process.pid && runningProcess(pid) === undefined)
        exits(this.#t, await this.#lab.hvlab(['sandbox', 'down', '--name', sandbox], minutes), 0)
    }
    const up = ['sandbox', 'up', '--hosts', String(hosts), '--name', this.name, '--format', 'jsonl']
    const run = await this.#lab.hvlab(up, 5 * minutes)
    endsWell(this.#t, run)
    this.#t.comment(`timing: ${hosts} sandbox hosts up ${(run.durationMs / 1000).toFixed(1)} s`)
    return (await this.status()).map(({ host: name, address }) => ({
      name,
      address,
      run: (command) => this.#run(name, command),
    }))
  }

  /** Its hosts. */
  status(): Promise<SandboxStatus[]> {
    return sandboxStatus(this.#t, this.#lab, this.name)
  }

  async #run(host: string, command: string): Promise<string> {
    const run = await this.#lab.hvlab(['sandbox', 'shell', host, '--name', this.name, '--', command], minutes)
    exits(this.#t, run, 0)
    return run.stdout
  }
}

export interface SandboxStatus {
  readonly sandbox: string
  readonly host: string
  readonly state: string
  readonly address: string
}

/** The hosts of one sandbox, or of all of this machine. */
export async function sandboxStatus(t: Test, lab: LabFolder, name?: string): Promise<SandboxStatus[]> {
  const which = name === undefined ? [] : ['--name', name]
  const status = await lab.hvlab(['sandbox', 'status', ...which, '--format', 'json'])
  exits(t, status, 0)
  return JSON.parse(status.stdout).hosts
}
