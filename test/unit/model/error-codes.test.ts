import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { errorCodes } from '../../../src/model/error-codes.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

const source = join(packageRoot, 'src')
const used = new Map<string, string>()
for (const entry of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (!entry.endsWith('.ts') || entry === 'model/error-codes.ts') continue
  for (const [, code] of readFileSync(join(source, entry), 'utf8').matchAll(/\bcode: '([a-z0-9-]+)'/g)) {
    // `custom` is zod's word for a check of our own.
    if (code !== undefined && code !== 'custom') used.set(code, entry)
  }
}

t.test('every code used in the sources is in the catalogue', async (t) => {
  for (const [code, file] of used) t.ok(code in errorCodes, `${code} of ${file}`)
})

t.test('the catalogue is sorted and holds sentences', async (t) => {
  const codes = Object.keys(errorCodes)
  t.same(codes, [...codes].sort())
  for (const [code, sentence] of Object.entries(errorCodes)) t.match(sentence, /^\S.*\.$/, code)
})

t.test('docs/errors.md lists the catalogue', async (t) => {
  const document = readFileSync(join(packageRoot, 'docs/errors.md'), 'utf8')
  for (const [code, sentence] of Object.entries(errorCodes)) {
    t.ok(document.includes(`| \`${code}\` | ${sentence} |`), code)
  }
})
