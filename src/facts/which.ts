import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { pairs } from './text.ts'

/**
 * Where tools are: name → absolute path, or null. The administrator's folders count also for a user whose PATH
 * lacks them.
 */
export const which = defineFact<[tools: readonly string[]], Readonly<Record<string, string | null>>>({
  name: 'which',
  command: (tools) =>
    sh`PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"; for t in ${tools}; do printf '%s\\t%s\\n' "$t" "$(command -v -- "$t")"; done`,
  parse({ stdout }, tools) {
    const found = pairs(stdout, '\t')
    return Object.fromEntries(
      tools.map((tool) => {
        const path = found.get(tool)
        return [tool, path?.startsWith('/') ? path : null]
      }),
    )
  },
})
