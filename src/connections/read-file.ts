import type { Become } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import type { Executor } from './executor.ts'
import { shellError } from './shell-error.ts'

/** Reads a file of a host whole, as bytes. Throws a FailureError `file-not-readable`. */
export async function readWholeFile(
  executor: Executor,
  path: string,
  options: { readonly become?: Become; readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const content: Buffer[] = []
  const errors: Buffer[] = []
  const command = sh`p=${path}
if [ -d "$p" ]; then echo "it is a directory" >&2; exit 1; fi
exec cat <"$p"`
  const exitCode = await executor.execute({
    command: options.become === undefined ? command : { ...command, become: options.become },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onChunk: (stream, chunk) => (stream === 'stdout' ? content : errors).push(Buffer.from(chunk)),
  })
  if (exitCode === 0) return Buffer.concat(content)
  const why = shellError(Buffer.concat(errors).toString('utf8'), exitCode)
  throw new FailureError({
    reason: 'module',
    code: 'file-not-readable',
    message: `Cannot read ${path} on ${executor.description}: ${why}`,
  })
}
