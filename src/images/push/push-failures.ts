import { FailureError } from '../../model/failure.ts'

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

/** The host was lost on the way: what it has is kept. */
export function isCut(error: unknown): boolean {
  return error instanceof FailureError && error.failure.reason === 'unreachable'
}

/** A piece or the whole is not what was sent, or its folder went away meanwhile. */
export function isWrong(error: unknown): boolean {
  const codes = ['image-push-failed', 'file-not-writable']
  return error instanceof FailureError && codes.includes(error.failure.code)
}
