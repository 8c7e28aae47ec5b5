import { sh } from '../util/sh.ts'
import { moduleFailure } from './failure.ts'
import { parameters, text } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `ping`: a whole way to the host and back, not ICMP. */
export const ping = defineQuery({
  name: 'ping',
  doc: 'Logs in, runs a command on the host and answers pong.',
  params: parameters({ data: text().default('pong').describe('What to answer; crash fails on purpose.') }),
  returns: { ping: 'the answer' },
  async answer(context, { data }) {
    if (data === 'crash') throw moduleFailure('ping-crash', 'boom')
    const result = await context.run(sh`printf %s ${data}`)
    return { data: { ping: result.stdout }, changed: false, why: `${context.host} answers` }
  },
})
