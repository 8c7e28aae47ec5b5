import { FailureError } from '../model/failure.ts'

/** Where images are kept on every host. */
export const defaultStore = '/var/lib/hvlab/images'

export function storeNotWritable(store: string, stderr: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-store-not-writable',
    message: `the image store ${store} cannot be written`,
    hint: 'Run the task with `become: true`, or as root, or set hvlab_store to a folder that you may write.',
    ...(stderr.trim() === '' ? {} : { details: stderr.trim() }),
  })
}

export function imageInUse(name: string, what: string, guests: readonly string[]): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-in-use',
    message: `image ${name} cannot be ${what}: the disks of ${guests.join(', ')} stand on it`,
    hint: 'Remove the guests first: `hvlab down`.',
  })
}
