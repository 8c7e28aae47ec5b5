import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'

/** Whole seconds since the kernel started. Source: proc(5) uptime. */
export const uptime = defineFact<[], number>({
  name: 'uptime',
  command: () => sh`cat /proc/uptime`,
  parse: ({ stdout }) => Math.floor(Number.parseFloat(stdout)) || 0,
})
