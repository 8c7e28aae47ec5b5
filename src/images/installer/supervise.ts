import { performance } from 'node:perf_hooks'
import type { CommandResult } from '../../model/command.ts'
import { deferred } from '../../util/deferred.ts'
import { followFile } from './follow-file.ts'
import { InstallerWatch } from './installer-watch.ts'
import type { InstallerLimits } from './limits.ts'
import { LineReader } from './line-reader.ts'
import type { Observation } from './observation.ts'
import type { InstallerOutcome, InstallerProgress } from './outcome.ts'
import { connectQmp } from './qmp.ts'
import type { Webhook } from './webhook.ts'

export interface Supervision {
  /** QEMU: `-qmp unix:PATH,server=on,wait=off`; at most 107 bytes. */
  readonly qmpSocket: string
  /** QEMU: the `logfile` of the character device behind the first serial port. */
  readonly serialFile: string
  /** Of an installer; a layer reports on the console alone. */
  readonly webhook?: Webhook
  readonly nonce: string
  /** The end of the program that runs QEMU: Packer, or QEMU itself. A rejection is passed on. */
  readonly child: Promise<Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>>
  readonly signal: AbortSignal
  readonly onProgress: (progress: InstallerProgress) => void
  readonly limits: InstallerLimits
}

/**
 * Listens to an installation until it has one outcome: QEMU's own events, the serial console and the installer's
 * reports. An exit code of 0, of QEMU or Packer, proves nothing. Ends nothing: after a failure the program may still
 * run, and is the caller's to end or to keep.
 */
export async function superviseInstaller(supervision: Supervision): Promise<InstallerOutcome> {
  const { limits, nonce, onProgress, signal } = supervision
  const now = () => performance.now()
  const watch = new InstallerWatch({ nonce, limits, now: now() })
  const ended = deferred<void>()
  const over = new AbortController()
  let timer: NodeJS.Timeout | undefined
  let shown: InstallerProgress | undefined

  const settle = () => {
    clearTimeout(timer)
    if (watch.outcome !== undefined) {
      ended.resolve()
      return
    }
    if (watch.progress !== shown) {
      shown = watch.progress
      onProgress(shown)
    }
    timer = setTimeout(
      () => observe({ kind: 'time' }),
      Math.min(Math.max(watch.dueAt - now(), 1), 0x7fffffff),
    )
  }
  const observe = (observation: Observation) => {
    watch.observe(observation, now())
    settle()
  }
  const onAbort = () => {
    watch.cancel(now())
    settle()
  }

  settle()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  supervision.webhook?.listen(observe)
  supervision.child.then(
    ({ exitCode, stdout, stderr }) =>
      observe({ kind: 'child-ended', exitCode, output: `${stdout}\n${stderr}` }),
    (error) => ended.reject(error),
  )
  const reader = new LineReader((text) => observe({ kind: 'line', text }))
  const console = followFile(
    supervision.serialFile,
    (bytes) => reader.push(bytes),
    () => {
      if (reader.unfinished !== '') observe({ kind: 'prompt', text: reader.unfinished })
    },
    over.signal,
  )
  console.catch((error) => ended.reject(error))
  const qmp = connectQmp(supervision.qmpSocket, observe, over.signal)
  try {
    await ended.promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    over.abort()
    await console.catch(() => {})
    ;(await qmp)?.close()
  }
  if (watch.outcome === undefined) throw new Error('supervision ended without an outcome')
  return watch.outcome
}
