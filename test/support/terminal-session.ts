import { EventEmitter, once } from 'node:events'
import { packageRoot } from '../../src/util/package-root.ts'

/** A program in a terminal of its own, with a person who reads and types. */
export interface TerminalSession {
  /** Resolves when the text has appeared after what was awaited before; rejects when the program ends first. */
  until(text: string): Promise<void>
  type(keys: string): void
  readonly pid: number
  /** Exit code, and everything that was shown. */
  readonly ended: Promise<{ readonly exitCode: number; readonly shown: string }>
}

export async function inTerminal(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<TerminalSession> {
  const { spawn } = await import('node-pty')
  const [program = '', ...args] = words
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...options.env }
  const child = spawn(program, args, { cols: 120, rows: 40, cwd: options.cwd ?? packageRoot, env })
  const changes = new EventEmitter()
  let shown = ''
  let read = 0
  let exitCode: number | undefined
  child.onData((data) => {
    shown += data
    changes.emit('change')
  })
  child.onExit((exit) => {
    exitCode = exit.exitCode
    changes.emit('change')
    changes.emit('exit')
  })
  return {
    async until(text) {
      for (;;) {
        const at = shown.indexOf(text, read)
        if (at >= 0) {
          read = at + text.length
          return
        }
        if (exitCode !== undefined) throw new Error(`ended with ${exitCode} before “${text}”:\n${shown}`)
        await once(changes, 'change')
      }
    },
    type: (keys) => child.write(keys),
    pid: child.pid,
    ended: once(changes, 'exit').then(() => ({ exitCode: exitCode ?? -1, shown })),
  }
}
