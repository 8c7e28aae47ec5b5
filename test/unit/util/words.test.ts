import t from 'tap'
import { counted, literal, withoutAtEnd } from '../../../src/util/words.ts'

t.test('counted nouns', async (t) => {
  t.same(
    [0, 1, 2].map((count) => counted(count, 'trial')),
    ['0 trials', '1 trial', '2 trials'],
  )
})

t.test('text in a regular expression stands for itself', async (t) => {
  const text = '^a.b*c+d?(e)[f]{g}|h\\i$/'
  t.match(text, new RegExp(`^${literal(text)}$`))
})

t.test(
  'what goes at the end of a text, also of one that would take a regular expression hours',
  async (t) => {
    const hostile = `${'\n'.repeat(5_000_000)}x`
    t.equal(withoutAtEnd(`${hostile}\r\n\n`, '\r\n'), hostile)
    t.equal(withoutAtEnd('\n\n', '\n'), '')
  },
)
