import type { Become } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { CappedOutput } from '../util/capped-output.ts'
import { sh } from '../util/sh.ts'
import { shellError } from './command-failures.ts'
import type { Executor } from './executor.ts'

/** What a file that is read whole may have: it is in memory, and a host may send without an end. */
const largestBytes = 256 * 1024 * 1024

/** Reads a file of a host whole, as bytes. Throws a FailureError `file-not-readable`. */
export async function readWholeFile(
  executor: Executor,
  path: string,
  options: { readonly become?: Become; readonly signal?: AbortSignal },
  limitBytes: number = largestBytes,
): Promise<Uint8Array> {
  const content: Buffer[] = []
  let sizeBytes = 0
  const enough = new AbortController()
  const errors = new CappedOutput(64 * 1024)
  const command = sh`p=${path}
if [ -d "$p" ]; then echo "it is a directory" >&2; exit 1; fi
exec cat <"$p"`
  try {
    const exitCode = await executor.execute({
      command: options.become === undefined ? command : { ...command, become: options.become },
      signal: AbortSignal.any([enough.signal, ...(options.signal === undefined ? [] : [options.signal])]),
      onChunk: (stream, chunk) => {
        if (stream === 'stderr') return errors.push(chunk)
        sizeBytes += chunk.length
        if (sizeBytes <= limitBytes) content.push(chunk)
        else enough.abort()
      },
    })
    if (exitCode !== 0) throw notReadable(executor, path, shellError(errors.text(), exitCode))
  } catch (error) {
    if (sizeBytes <= limitBytes) throw error
  }
  if (sizeBytes <= limitBytes) return Buffer.concat(content)
  throw notReadable(executor, path, `it has more than ${limitBytes / 1024 / 1024} MiB`)
}

function notReadable(executor: Executor, path: string, why: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'file-not-readable',
    message: `Cannot read ${path} on ${executor.description}: ${why}`,
  })
}
