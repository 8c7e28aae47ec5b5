import t from 'tap'
import { glob } from '../../../src/util/glob.ts'

t.test('patterns are those of fnmatch', async (t) => {
  const cases: [pattern: string, text: string, matches: boolean][] = [
    ['web*', 'web10', true],
    ['web*', 'aweb', false],
    ['web?', 'web1', true],
    ['web?', 'web10', false],
    ['web[12]', 'web2', true],
    ['web[!12]', 'web2', false],
    ['web[!12]', 'web3', true],
    ['web[a-c]', 'webb', true],
    ['web[c-a]', 'webb', false],
    ['web[!c-a]', 'webb', true],
    ['web[^1]', 'web^', true],
    ['web[^1]', 'web2', false],
    ['[', '[', true],
    ['a.b', 'axb', false],
    ['a\\b', 'a\\b', true],
  ]
  for (const [pattern, text, matches] of cases)
    t.equal(glob(pattern).test(text), matches, `${pattern} ${text}`)
})
