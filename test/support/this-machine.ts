import { spawn } from 'node:child_process'
import type { Command, CommandResult } from '../../src/model/command.ts'
import type { HostAccess, QueryOptions } from '../../src/model/host-access.ts'
import { renderCommand } from '../../src/util/sh.ts'

/** This machine as a host that runs commands; `rewrite` may change their text, e.g. a folder in it. */
export function thisMachine(rewrite: (text: string) => string = (text) => text): Pick<HostAccess, 'run'> {
  return {
    run: async (command: Command, { onOutput }: QueryOptions = {}): Promise<CommandResult> => {
      const child = spawn('/bin/sh', ['-c', rewrite(renderCommand(command))], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const read = { stdout: '', stderr: '' }
      for (const stream of ['stdout', 'stderr'] as const) {
        child[stream].setEncoding('utf8').on('data', (piece: string) => {
          read[stream] += piece
          onOutput?.(stream, piece)
        })
      }
      const exitCode = await new Promise<number>((resolve) =>
        child.on('close', (code) => resolve(code ?? 143)),
      )
      return { exitCode, ...read, truncated: false } as CommandResult
    },
  }
}
