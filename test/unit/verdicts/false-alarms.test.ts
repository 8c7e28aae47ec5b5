import t from 'tap'
import { seededRandom } from '../../../src/bench/random.ts'
import { type Design, type Environment, nothingRecorded, type Sample } from '../../../src/bench/record.ts'
import type { RecordedRun } from '../../../src/bench/recorded-run.ts'
import { calibrate, enoughRuns } from '../../../src/verdicts/calibration.ts'
import { compareSides } from '../../../src/verdicts/judgement.ts'
import { sideOf } from '../../../src/verdicts/side.ts'
import type { Verdict } from '../../../src/verdicts/verdict.ts'
import { type JournalOptions, recordedEvents } from '../reports/recorded-journal.ts'

/*
 * The whole way of a gate, simulated: a host is calibrated with ten runs, then a run is held against a baseline, and once
 * more when the answer is inconclusive. Three workloads of ten blocks, so three chances for a false alarm each time.
 */

const random = seededRandom(5)

function simulatedRun(options: JournalOptions): RecordedRun {
  const events = recordedEvents({ blocks: 10, ...options, seed: Math.floor(random() * 2 ** 32) })
  const data = <T>(channel: string): T[] =>
    events.flatMap((event) =>
      event.kind === 'recorded' && event.channel === channel ? [event.data as T] : [],
    )
  const [design] = data<Design>('benchmark')
  if (design === undefined) throw new Error('no design')
  return {
    runId: 'simulated',
    pipeline: 'quick',
    file: 'quick.yml',
    version: '0.1.0',
    startedAt: '2026-11-26T00:00:00.000Z',
    command: null,
    inventory: null,
    benchmarks: [
      {
        ...nothingRecorded,
        design,
        environments: data<Environment>('environment'),
        samples: data<Sample>('sample'),
      },
    ],
  }
}

/** Gates of one calibrated host: the verdict on the same again, and on a guest that is slower by a fifth. */
function gates(spread: NonNullable<JournalOptions['spread']>): (Verdict | undefined)[] {
  const calibration = calibrate(Array.from({ length: enoughRuns }, () => simulatedRun({ spread })))
  const baseline = sideOf('baseline', [simulatedRun({ spread })])
  const judged = (runs: readonly RecordedRun[]) =>
    compareSides(baseline, sideOf('now', runs), {
      quantities: ['efficiency'],
      tolerances: { given: new Map(), calibration },
      accept: [],
    }).verdict
  return [1, 0.8].map((level) => {
    const first = simulatedRun({ spread, level })
    const verdict = judged([first])
    return verdict === 'inconclusive' ? judged([first, simulatedRun({ spread, level })]) : verdict
  })
}

const hosts = {
  'a noisy host': { trials: 0.05, runs: 0.01 },
  'a host whose runs differ more than their trials': { trials: 0.01, runs: 0.03 },
}

for (const [name, spread] of Object.entries(hosts)) {
  t.test(`100 gates on ${name}`, async (t) => {
    const verdicts = Array.from({ length: 100 }, () => gates(spread))
    const count = (column: number, wanted: Verdict) => verdicts.filter((row) => row[column] === wanted).length
    t.ok(count(0, 'regression') <= 5, `the same against the same: ${count(0, 'regression')} false alarms`)
    t.ok(count(0, 'pass') >= 85, `${count(0, 'pass')} pass`)
    t.ok(count(1, 'regression') >= 95, `a fifth slower: ${count(1, 'regression')} found`)
    t.equal(count(1, 'pass'), 0, 'none of them passes')
  })
}
