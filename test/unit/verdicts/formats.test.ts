import { XMLParser, XMLValidator } from 'fast-xml-parser'
import t from 'tap'
import type { RecordedRun } from '../../../src/bench/recorded-run.ts'
import { compareSides } from '../../../src/verdicts/judgement.ts'
import { writeJudgement } from '../../../src/verdicts/judgement-formats.ts'
import { sideOf } from '../../../src/verdicts/side.ts'
import { type JournalOptions, recordedEvents, recordedRun } from '../reports/recorded-journal.ts'

function runOf(options: JournalOptions): RecordedRun {
  const events = recordedEvents({ blocks: 6, spread: { trials: 0.01, runs: 0 }, ...options })
  return recordedRun('a', events)
}

const hostile = `<a b="c">&amp;</a> ]]> ' \u0000\u0007\u001b[31m\ud800 \uffff <!-- -->\n--`

t.test('JUnit is XML that counts what it holds, whatever a host is called', async (t) => {
  const options = {
    quantities: ['efficiency'] as const,
    tolerances: { given: new Map([['*', 0.05]]), calibration: undefined },
    accept: [],
  }
  const named = { hypervisor: hostile, guests: [`guest ${hostile}`, 'other'] }
  const before = sideOf(`before ${hostile}`, [runOf(named)])
  const sides = [
    sideOf('same', [runOf({ ...named, seed: 2 })]),
    sideOf('slower', [runOf({ ...named, seed: 3, level: 0.5 })]),
    sideOf('few', [runOf({ ...named, seed: 4, blocks: 1 })]),
    sideOf('less', [runOf({ ...named, seed: 5, guests: ['other'] })]),
  ]
  for (const side of sides) {
    const text = writeJudgement(compareSides(before, side, options), 'junit', 0)
    t.equal(XMLValidator.validate(text), true, `${side.label} is well-formed`)
    t.notMatch(text, /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/, 'no character that XML cannot have')
    const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(text)
    const cases = [testsuites.testsuite.testcase].flat()
    t.equal(Number(testsuites['@_tests']), cases.length)
    t.equal(Number(testsuites['@_failures']), cases.filter((one) => 'failure' in one).length)
    t.equal(Number(testsuites['@_skipped']), cases.filter((one) => 'skipped' in one).length)
  }
})
