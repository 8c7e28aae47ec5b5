import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { filters } from '../../../src/template/filters.ts'
import { globalFunctions } from '../../../src/template/globals.ts'
import { lookups } from '../../../src/template/lookups.ts'
import { tests } from '../../../src/template/tests.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

/** The names in the row of docs/pipelines.md that begins with the word. */
function documented(row: string): string[] {
  const page = readFileSync(join(packageRoot, 'docs/pipelines.md'), 'utf8')
  const names = new RegExp(`^\\| ${row} \\| (.*) \\|$`, 'm').exec(page)?.[1] ?? ''
  return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
}

for (const [row, registry] of [
  ['filters', filters],
  ['tests', tests],
  ['look-ups', lookups],
  ['functions', globalFunctions],
] as const) {
  t.test(`docs/pipelines.md lists the ${row} that there are`, async (t) => {
    t.same(documented(row), [...registry.keys()].sort())
  })
}
