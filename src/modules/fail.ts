import { pythonText } from '../template/python-text.ts'
import { anything, parameters } from './params.ts'
import { defineQuery } from './query.ts'

/** Ansible's `fail`. */
export const fail = defineQuery({
  name: 'fail',
  doc: 'Fails, with a message.',
  params: parameters({ msg: anything().default('Failed as requested from task').describe('Why.') }),
  returns: { msg: 'the message' },
  answer: (_context, { msg }) => ({
    data: { msg },
    failed: { reason: 'module', code: 'asked-to-fail', message: pythonText(msg) },
  }),
})
