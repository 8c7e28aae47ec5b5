import t from 'tap'
import { seededRandom } from '../../../src/bench/random.ts'
import type { RecordedRun } from '../../../src/bench/recorded-run.ts'
import { spread } from '../../../src/bench/statistics.ts'
import { calibrate, enoughRuns, predictionBound } from '../../../src/verdicts/calibration.ts'
import { compareSides } from '../../../src/verdicts/judgement.ts'
import { metricName, performanceLogs } from '../../../src/verdicts/measure.ts'
import { sideOf } from '../../../src/verdicts/side.ts'
import type { Verdict } from '../../../src/verdicts/verdict.ts'
import { type JournalOptions, recordedEvents, recordedRun, workloads } from '../reports/recorded-journal.ts'

/*
 * The whole way of a gate, simulated: a host is calibrated with ten runs, then a run is held against a baseline, and once
 * more when the answer is inconclusive. Ten blocks of three workloads or of twenty: as many chances for a false alarm each time.
 */

const random = seededRandom(5)
const [cpu] = workloads
if (cpu === undefined) throw new Error('it is there')

function simulatedRun(options: JournalOptions): RecordedRun {
  const events = recordedEvents({ blocks: 10, ...options, seed: Math.floor(random() * 2 ** 32) })
  return recordedRun('simulated', events)
}

/** Gates of one calibrated host: the verdict on the same again, and on a guest that is slower by a fifth. */
function gates(host: JournalOptions): (Verdict | undefined)[] {
  const calibration = calibrate(Array.from({ length: enoughRuns }, () => simulatedRun(host)))
  const baseline = sideOf('baseline', [simulatedRun(host)])
  const judged = (runs: readonly RecordedRun[]) =>
    compareSides(baseline, sideOf('now', runs), {
      quantities: ['efficiency'],
      tolerances: { given: new Map(), calibration },
      accept: [],
    }).verdict
  return [1, 0.8].map((level) => {
    const first = simulatedRun({ ...host, level })
    const verdict = judged([first])
    return verdict === 'inconclusive' ? judged([first, simulatedRun({ ...host, level })]) : verdict
  })
}

const noisy = { trials: 0.05, runs: 0.01 }
const uneven = { trials: 0.01, runs: 0.03 }
const twenty = Array.from({ length: 20 }, (_, index) => ({ ...cpu, id: `cpu-${index}` }))

const hosts: readonly (readonly [name: string, gates: number, host: JournalOptions])[] = [
  ['a noisy host', 60, { spread: noisy }],
  ['a host whose runs differ more than their trials', 60, { spread: uneven }],
  ['a noisy host, of twenty workloads', 20, { spread: noisy, workloads: twenty }],
]

for (const [name, number, host] of hosts) {
  t.test(`${number} gates on ${name}`, async (t) => {
    const verdicts = Array.from({ length: number }, () => gates(host))
    const share = (column: number, wanted: Verdict) =>
      (100 * verdicts.filter((row) => row[column] === wanted).length) / number
    t.ok(share(0, 'regression') <= 5, `the same against the same: ${share(0, 'regression')} % false alarms`)
    t.ok(share(0, 'pass') >= 80, `${share(0, 'pass')} % pass`)
    t.ok(share(1, 'regression') >= 95, `a fifth slower: ${share(1, 'regression')} % found`)
    t.equal(share(1, 'pass'), 0, 'none of them passes')
  })
}

t.test('what gates may raise false alarms is shared out among the metrics that one judges', async (t) => {
  for (const count of [1, 3, 20]) {
    const runs = Array.from({ length: enoughRuns }, () =>
      simulatedRun({ spread: { trials: 0, runs: 0.03 }, workloads: [cpu, ...twenty.slice(1, count)] }),
    )
    const medians = runs.flatMap((run) =>
      sideOf('run', [run])
        .measures.filter((measure) => metricName(measure) === 'cpu.efficiency')
        .map((measure) => spread(performanceLogs(measure)).median),
    )
    t.equal(
      calibrate(runs).hosts['node-1']?.tolerances['cpu.efficiency'],
      Number((1 - Math.exp(-predictionBound(medians, 0.03 / count))).toFixed(4)),
      `${count} metrics`,
    )
  }
})
