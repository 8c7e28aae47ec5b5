import { type Failure, FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import { sleep } from '../util/sleep.ts'
import { moduleFailure } from './failure.ts'
import { float, int, parameters } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `wait_for_connection`. */
export const waitForConnection = defineQuery({
  name: 'wait_for_connection',
  doc: 'Waits until commands run on the host, for instance while it boots.',
  params: parameters({
    timeout: int().default(600).describe('Seconds until it is a failure.'),
    connect_timeout: int()
      .default(5)
      .describe('Accepted for Ansible’s sake; the connection’s own timeout counts.'),
    delay: int().default(0).describe('Seconds before the first attempt.'),
    sleep: float().default(1).describe('Seconds between attempts.'),
  }),
  returns: { elapsed: 'seconds waited' },
  async answer(context, params) {
    if (context.check) return { skipped: 'a check run does not wait' }
    const started = performance.now()
    const elapsed = (): number => Math.round((performance.now() - started) / 1000)
    await sleep(params.delay * 1000, context.signal)
    for (;;) {
      const lost = await attempt()
      if (lost === null)
        return {
          data: { elapsed: elapsed() },
          changed: false,
          why: `${context.host} answers after ${elapsed()} s`,
        }
      const leftMs = params.timeout * 1000 - (performance.now() - started)
      if (leftMs <= 0) {
        const failed: Failure = {
          ...moduleFailure(
            'wait-timeout',
            `${context.host} did not answer within ${params.timeout} s: ${lost.message}`,
            lost.hint,
            lost.details,
          ).failure,
          reason: 'timeout',
        }
        return { data: { elapsed: elapsed() }, failed }
      }
      context.progress({
        text: `waiting for ${context.host}: ${lost.message}`,
        done: elapsed(),
        total: params.timeout,
        unit: 'steps',
      })
      await sleep(Math.min(params.sleep * 1000, leftMs), context.signal)
    }

    async function attempt(): Promise<Failure | null> {
      try {
        await context.run(sh`true`)
        return null
      } catch (error) {
        if (error instanceof FailureError && error.failure.reason === 'unreachable') return error.failure
        throw error
      }
    }
  },
})
