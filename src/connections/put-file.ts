import { createHash, randomBytes } from 'node:crypto'
import { constants, readFile, stat } from 'node:fs/promises'
import { posix } from 'node:path'
import type { Become, Command } from '../model/command.ts'
import type { PutOptions } from '../model/connection.ts'
import { FailureError } from '../model/failure.ts'
import { CappedOutput } from '../util/capped-output.ts'
import { saysDiskFull } from '../util/disk-full.ts'
import { sh } from '../util/sh.ts'
import { defineSha256 } from '../util/sha256.ts'
import { shellError } from './command-failures.ts'
import type { Executor } from './executor.ts'
import type { InputFile } from './input-file.ts'
import { maxInlineInputBytes } from './shell-protocol.ts'

/**
 * Writes a file: temporary file beside the target (0600 from its first byte), size and SHA-256 checked on the host,
 * owner and mode set, then renamed over the target. When the connection breaks, the host sees the end of input, finds
 * too few bytes and removes the temporary file itself.
 *
 * Everything goes through the shell, also without sudo: one way for every user, one round trip for small files, and
 * hosts without an SFTP server or with `MaxSessions 1` work.
 */
export async function putFile(
  executor: Executor,
  content: Uint8Array | { readonly file: string },
  path: string,
  options: PutOptions,
): Promise<void> {
  if (path.includes('\0')) throw notWritable(executor, path, 'a path cannot contain a NUL byte')
  const target: Target = {
    path,
    temporary: posix.join(posix.dirname(path), `.hvlab-${randomBytes(8).toString('hex')}.tmp`),
    options,
  }
  const input = await openInput(content)
  if (input instanceof Uint8Array) {
    const stdin = input.length === 0 ? {} : { stdin: input }
    const command = {
      ...sh`${receive(target, input.length)}${verify(target, sha256(input), sh`sha256sum`)}${publish(target)}`,
      ...stdin,
    }
    await execute(executor, command, target)
    options.onProgress?.(input.length, input.length)
    return
  }
  const digest = createHash('sha256')
  let doneBytes = 0
  let readError: Error | undefined
  const inputFile: InputFile = {
    ...input,
    onChunk: (chunk) => {
      digest.update(chunk)
      doneBytes += chunk.length
      options.onProgress?.(doneBytes, input.sizeBytes)
    },
    onError: (error) => {
      readError = error
    },
  }
  try {
    await execute(executor, receive(target, input.sizeBytes), target, inputFile)
  } catch (error) {
    throw readError === undefined ? error : notReadableHere(input.file, readError)
  }
  const verified = sh`${defineSha256()}${verify(target, digest.digest('hex'), sh`sha256`)}`
  await execute(executor, sh`${verified}${publish(target)}`, target)
}

interface Target {
  readonly path: string
  readonly temporary: string
  readonly options: PutOptions
}

/** `set -C` opens with O_EXCL, so a planted link is not followed; the trap keeps failures from leaving anything. */
function receive({ path, temporary }: Target, sizeBytes: number): Command {
  return sh`p=${path} t=${temporary}
umask 077
if [ -d "$p" ]; then echo "it is a directory" >&2; exit 1; fi
if [ -e "$p" ] && [ ! -f "$p" ]; then echo "it is not a regular file" >&2; exit 1; fi
set -C
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$t" || exit 1
if [ "$(wc -c <"$t")" -ne ${sizeBytes} ]; then echo "fewer bytes arrived than were sent" >&2; exit 1; fi
trap - EXIT
`
}

/**
 * Leaves the file open as 9: who may write in its folder can put something else in its place at any time, such as a link.
 *
 * @param program `sha256sum`; for much data `sha256`, which must be defined.
 */
function verify({ temporary }: Target, expected: string, program: Command): Command {
  return sh`t=${temporary}
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM
exec 9<"$t"
if [ -L "$t" ] || { [ -e /proc/self/fd/9 ] && ! [ "$t" -ef /proc/self/fd/9 ]; }; then
  echo "somebody put something else in its place" >&2; exit 1
fi
case $(${program} <&9) in ${expected}*) ;; *) echo "the bytes that arrived are not those that were sent" >&2; exit 1 ;; esac
`
}

/** Owner before mode: chown clears the set-user-id bits. The mode goes to the file that was verified. */
function publish({ path, temporary, options }: Target): Command {
  const owner = ownerWord(options)
  const own = owner === undefined ? sh`` : sh`chown -h -- ${owner} "$t" || exit 1\n`
  const mode = (options.mode ?? 0o600).toString(8).padStart(4, '0')
  return sh`p=${path} t=${temporary}
${own}f=/proc/self/fd/9; [ -e "$f" ] || f=$t
chmod ${mode} "$f" && mv -f -- "$t" "$p" || exit 1
trap - EXIT
`
}

function ownerWord({ owner, group }: PutOptions): string | undefined {
  if (owner === undefined && group === undefined) return undefined
  return `${owner ?? ''}${group === undefined ? '' : `:${group}`}`
}

/** Small files are read whole, which is also right for files in /proc, whose size is said to be 0. */
async function openInput(
  content: Uint8Array | { readonly file: string },
): Promise<Uint8Array | { readonly file: string; readonly sizeBytes: number }> {
  if (content instanceof Uint8Array) return content
  try {
    const { size, mode } = await stat(content.file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new Error('it is not a regular file')
    return size <= maxInlineInputBytes
      ? await readFile(content.file)
      : { file: content.file, sizeBytes: size }
  } catch (error) {
    throw notReadableHere(content.file, error)
  }
}

async function execute(
  executor: Executor,
  command: Command,
  { path, options }: Target,
  inputFile?: InputFile,
): Promise<void> {
  const errors = new CappedOutput(64 * 1024)
  const become: { become?: Become } = options.become === undefined ? {} : { become: options.become }
  const exitCode = await executor.execute({
    command: { ...command, ...become },
    onChunk: (stream, chunk) => {
      if (stream === 'stderr') errors.push(chunk)
    },
    ...(inputFile === undefined ? {} : { inputFile }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (exitCode !== 0) throw notWritable(executor, path, shellError(errors.text(), exitCode))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function notWritable(executor: Executor, path: string, why: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'file-not-writable',
    message: `Cannot write ${path} on ${executor.description}: ${why}`,
    ...(saysDiskFull(why) ? { hint: 'Make room there (`df -h` shows where), then run again.' } : {}),
  })
}

function notReadableHere(file: string, error: unknown): FailureError {
  const why = error instanceof Error ? error.message : String(error)
  return new FailureError(
    { reason: 'module', code: 'file-not-readable', message: `Cannot read ${file} on the controller: ${why}` },
    { cause: error },
  )
}
