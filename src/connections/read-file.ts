import type { Become } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { CappedOutput } from '../util/capped-output.ts'
import { sh } from '../util/sh.ts'
import { shellError } from './command-failures.ts'
import type { Executor } from './executor.ts'

/** Reads a file of a host whole, as bytes. Throws a FailureError `file-not-readable`. */
export async function readWholeFile(
  executor: Executor,
  path: string,
  options: { readonly become?: Become; readonly signal?: AbortSignal },
): Promise<Uint8Array> {
  const content: Buffer[] = []
  const errors = new CappedOutput(64 * 1024)
  const command = sh`p=${path}
if [ -d "$p" ]; then echo "it is a directory" >&2; exit 1; fi
exec cat <"$p"`
  const exitCode = await executor.execute({
    command: options.become === undefined ? command : { ...command, become: options.become },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onChunk: (stream, chunk) => (stream === 'stdout' ? content : errors).push(chunk),
  })
  if (exitCode === 0) return Buffer.concat(content)
  const why = shellError(errors.text(), exitCode)
  throw new FailureError({
    reason: 'module',
    code: 'file-not-readable',
    message: `Cannot read ${path} on ${executor.description}: ${why}`,
  })
}
