import { defineFact } from './fact.ts'
import { firstLine } from './sections.ts'
import { finite } from './text.ts'

/** Whole seconds since the kernel started. Source: proc(5) uptime. */
export const uptime = defineFact<[], number>({
  name: 'uptime',
  command: () => firstLine('/proc/uptime'),
  parse: ({ stdout }) => Math.floor(finite(Number.parseFloat(stdout))),
})
