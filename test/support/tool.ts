import { spawnSync } from 'node:child_process'

export interface ToolResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const searchPath = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`

/** Runs a program of this machine and waits for it. */
export function tool(command: string, args: readonly string[], input?: string): ToolResult {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, PATH: searchPath, LC_ALL: 'C.UTF-8' },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  })
  if (result.error) throw result.error
  return { status: result.status ?? 128, stdout: result.stdout, stderr: result.stderr }
}

/** The same for a program that has to succeed; returns its stdout. */
export function must(command: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr } = tool(command, args, input)
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: exit code ${status}\n${stderr.trim()}`)
}

/** Blocks until the condition holds; false when it still does not after `timeoutMs`. For clean-up only. */
export function waitSync(condition: () => boolean, timeoutMs: number): boolean {
  const deadline = Date.now() + timeoutMs
  const cell = new Int32Array(new SharedArrayBuffer(4))
  while (!condition()) {
    if (Date.now() > deadline) return false
    Atomics.wait(cell, 0, 0, 50)
  }
  return true
}
