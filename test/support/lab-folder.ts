import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { atEnd } from './cleanup.ts'
import {
  binary,
  exits,
  type HvlabOptions,
  HvlabProcess,
  type HvlabResult,
  hvlabSync,
} from './hvlab-process.ts'
import { filesOf } from './libvirt.ts'
import { inTerminal, type TerminalSession } from './terminal-session.ts'

/** A new, empty lab folder with a state of its own (keys, known hosts): what the user of this machine has is left alone. */
export class LabFolder {
  readonly path: string
  readonly #state: string

  constructor(t: Test) {
    const folder = mkdtempSync(join(tmpdir(), 'hvlab-lab-'))
    atEnd(t, () => rmSync(folder, { recursive: true, force: true }))
    this.path = join(folder, 'lab')
    this.#state = join(folder, 'state')
    mkdirSync(this.path)
  }

  /** For a lab on this machine: `hvlab down` when the test ends, however it ends. */
  downAtEnd(t: Test): void {
    atEnd(t, () => this.#down([]))
  }

  /** For a lab of this machine's, by its name: what a test that was killed left of it goes now, what this test makes when it ends. */
  hasGuests(t: Test, name: string): void {
    const down = () => this.#down(['--lab', name])
    if (filesOf(name).length > 0) down()
    atEnd(t, down)
  }

  /** What the role hypervisor does on this machine: without systemd nothing else starts libvirt. */
  async startsLibvirt(t: Test): Promise<void> {
    writeFileSync(
      join(this.path, 'libvirt.yml'),
      '- hosts: localhost\n  become: true\n  roles: [hypervisor]\n',
    )
    exits(t, await this.hvlab(['run', 'libvirt.yml', '-i', 'localhost,'], 300_000), 0)
  }

  /** Clean-up: with nothing else happening meanwhile. */
  #down(more: readonly string[]): void {
    hvlabSync(['down', '--format', 'plain', ...more], this.#options(120_000))
  }

  /** Runs `hvlab …` in the folder, to its end. */
  hvlab(args: readonly string[], timeoutMs?: number): Promise<HvlabResult> {
    return this.start(args, timeoutMs).result()
  }

  start(args: readonly string[], timeoutMs = 60_000, more: Pick<HvlabOptions, 'onEvent'> = {}): HvlabProcess {
    return new HvlabProcess(args, { ...this.#options(timeoutMs), ...more })
  }

  /** Runs `hvlab …` in the folder with a terminal, as a person does. */
  inTerminal(args: readonly string[]): Promise<TerminalSession> {
    const { cwd, env } = this.#options(0)
    return inTerminal([process.execPath, binary, ...args], { cwd, env })
  }

  #options(timeoutMs: number) {
    return { cwd: this.path, env: { XDG_STATE_HOME: this.#state }, timeoutMs } satisfies HvlabOptions
  }
}
