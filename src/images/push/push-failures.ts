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
