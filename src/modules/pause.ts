import { sleep } from '../util/sleep.ts'
import { float, parameters } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `pause`, without questions: a run asks nobody. */
export const pause = defineQuery({
  name: 'pause',
  doc: 'Waits for a time. Ctrl-C ends it as it ends everything.',
  params: parameters(
    {
      seconds: float().optional().describe('How many seconds.'),
      minutes: float().optional().describe('How many minutes.'),
    },
    { oneOf: [['seconds', 'minutes']], exclusive: [['seconds', 'minutes']] },
  ),
  unsupported: ['prompt', 'echo'],
  returns: { delta: 'seconds waited' },
  async answer(context, params) {
    const seconds = Math.max(params.seconds ?? (params.minutes ?? 0) * 60, 0)
    if (context.check) return { skipped: 'a check run does not wait' }
    context.progress({ text: `waiting ${seconds} s` })
    await sleep(seconds * 1000, context.signal)
    return { data: { delta: Math.round(seconds) }, changed: false, why: `waited ${seconds} s` }
  },
})
