import { type Failure, FailureError } from '../../src/model/failure.ts'

/** What was refused, as data; undefined when nothing was. Any other error is passed on. */
export async function failureOf(work: () => unknown): Promise<Failure | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof FailureError) return error.failure
    throw error
  }
}
