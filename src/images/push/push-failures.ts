import { FailureError } from '../../model/failure.ts'
import { saysDiskFull } from '../../util/disk-full.ts'

export function pushFailed(name: string, why: string, details: string, hint?: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-push-failed',
    message: `image ${name} could not be copied to this host: ${why}`,
    hint: hint ?? 'Run again: what arrived is kept.',
    ...(details.trim() === '' ? {} : { details: details.trim() }),
  })
}

export function noRoom(name: string, store: string, needBytes: number, freeBytes: number): FailureError {
  const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`
  return new FailureError({
    reason: 'module',
    code: 'image-push-no-room',
    message: `image ${name} needs ${megabytes(needBytes)} in ${store}, which has ${megabytes(freeBytes)} free`,
    hint: 'Make room there, or set hvlab_store to a folder on a larger disk.',
  })
}

/** The room went away after it was looked at. */
export function ranFull(name: string, store: string, details: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-push-no-room',
    message: `the disk of ${store} was full before image ${name} had arrived`,
    hint: 'What had arrived was removed. Make room there, or set hvlab_store to a folder on a larger disk.',
    details: details.trim(),
  })
}

/** Something could not be written for want of room, whatever it was. */
export function isDiskFull(error: unknown): error is FailureError {
  return (
    error instanceof FailureError &&
    error.failure.code !== 'image-push-no-room' &&
    saysDiskFull(`${error.failure.message}\n${error.failure.details ?? ''}`)
  )
}

/** The host was lost on the way: what it has is kept. */
export function isCut(error: unknown): boolean {
  return error instanceof FailureError && error.failure.reason === 'unreachable'
}

/** A piece or the whole is not what was sent, or its folder went away meanwhile. */
export function isWrong(error: unknown): boolean {
  const codes = ['image-push-failed', 'file-not-writable']
  return error instanceof FailureError && codes.includes(error.failure.code)
}
