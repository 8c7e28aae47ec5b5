import type { Crowd, ScenarioName } from '../../bench/crowd-record.ts'
import { roundFlags } from '../../bench/gates.ts'
import { seededRandom } from '../../bench/random.ts'
import type { Design, Subject } from '../../bench/record.ts'
import { shuffled } from '../../bench/statistics.ts'
import { figure } from '../../bench/words.ts'
import { headline, type Workload } from '../../bench/workload-file.ts'
import { trialSeconds } from '../../bench/workload-run.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { plainData } from '../../util/json.ts'
import { Barrier } from './barrier.ts'
import { attempts, isSpent, unspoiled } from './measure.ts'
import { runTrial } from './trial.ts'
import { inTurn } from './turns.ts'

/** One crowd to measure. */
interface Round {
  readonly scenario: ScenarioName
  readonly block: number
  readonly workload: Workload
  readonly measured: readonly Subject[]
  readonly neighbours: readonly Subject[]
}

type Cell = Pick<Round, 'scenario' | 'measured' | 'neighbours'>

export interface CrowdPlan {
  readonly scenarios: readonly ScenarioName[]
  readonly load: Workload
  /** When the benchmark began, by `performance.now()`: its scenarios are within the same budget. */
  readonly started: number
}

/**
 * `contention`: each workload in 2, 3 … guests at once. `neighbour`: each workload in one guest, and `load` in all others. In every
 * block another guest comes first, and has a round alone as well: the benchmark's own trials are of another time. Each crowd is
 * recorded. After the first block the time budget ends it, before a block; `blocks` says how many there were.
 */
export async function measureCrowds(
  context: ModuleContext,
  design: Design,
  { scenarios, load, started }: CrowdPlan,
): Promise<{ readonly crowds: Crowd[]; readonly blocks: number }> {
  const rounds = roundsOf(design, scenarios)
  const crowds: Crowd[] = []
  let blocks = 0
  for (const [index, round] of rounds.entries()) {
    context.signal.throwIfAborted()
    if (round.block > 1 && round.block > blocks && isSpent(design, started)) return { crowds, blocks }
    blocks = round.block
    const names = round.measured.map(({ id }) => id).join(', ')
    context.progress({
      text: `${round.scenario}, block ${round.block}: ${round.workload.title}, ${names}`,
      done: index,
      total: rounds.length,
      unit: 'trials',
    })
    const crowd = await inTurn(context, [design.hypervisor], () =>
      unspoiled(context, 'round', (time) =>
        // After those of the benchmark itself, whose numbers are below a million.
        takeRound(context, design, round, load, { index, number: 1_000_000 + index * attempts + time }),
      ),
    )
    crowds.push(crowd)
    context.record('crowd', plainData(crowd))
    context.output('stdout', line(round, crowd))
  }
  return { crowds, blocks }
}

/** A network workload has one other end, whose server serves one client. */
export const isForCrowds = ({ path }: Workload): boolean => path === undefined

export function roundsOf(design: Design, scenarios: readonly ScenarioName[]): Round[] {
  const guests = design.subjects.filter(({ kind }) => kind === 'guest')
  if (guests.length < 2) return []
  const random = seededRandom(design.seed)
  const rounds: Round[] = []
  for (let block = 1; block <= design.blocks; block++) {
    const turned = guests
      .map((_, index) => guests[(index + block) % guests.length])
      .filter((guest) => guest !== undefined)
    for (const workload of shuffled(design.workloads.filter(isForCrowds), random)) {
      const one = turned.slice(0, 1)
      const crowded = scenarios.flatMap((scenario): Cell[] =>
        scenario === 'neighbour'
          ? [{ scenario, measured: one, neighbours: turned.slice(1) }]
          : turned
              .slice(1)
              .map((_, index) => ({ scenario, measured: turned.slice(0, index + 2), neighbours: [] })),
      )
      // One for all scenarios, under the name of the first.
      const alone = scenarios
        .slice(0, 1)
        .map((scenario): Cell => ({ scenario, measured: one, neighbours: [] }))
      for (const cell of shuffled([...alone, ...crowded], random)) rounds.push({ ...cell, block, workload })
    }
  }
  return rounds
}

async function takeRound(
  context: ModuleContext,
  design: Design,
  { scenario, block, workload, measured, neighbours }: Round,
  load: Workload,
  { index, number }: { index: number; number: number },
): Promise<Crowd> {
  // A neighbour works as long as what it disturbs: some workloads always take a time of their own.
  const beside = {
    ...design,
    duration_s: Math.max(design.duration_s, trialSeconds(workload, design.duration_s)),
  }
  const members = [
    ...measured.map((subject) => ({ subject, workload, design })),
    ...neighbours.map((subject) => ({ subject, workload: load, design: beside })),
  ]
  const barrier = new Barrier(
    context,
    members.map(({ subject }) => subject.id),
  )
  const trials = members.map(({ subject, workload, design: own }) =>
    runTrial(context, {
      design: own,
      trial: { order: index, block, warmUp: false, subject: subject.id, workload: workload.id },
      attempt: 1,
      subject,
      workload,
      barrier,
      number,
      where: `round ${index + 1} of ${scenario}`,
    }),
  )
  // All have ended before one that failed is reported: the next round must not meet what is left of this one.
  const ended = await Promise.allSettled(trials)
  const samples = ended.map((trial) => {
    if (trial.status === 'rejected') throw trial.reason
    return trial.value
  })
  return {
    hypervisor: design.hypervisor,
    scenario,
    workload: workload.id,
    block,
    measured: measured.map(({ id }) => id),
    skew_s: barrier.skewS(),
    samples: samples.map((sample) => ({ ...sample, flags: roundFlags(sample, samples) })),
  }
}

function line({ scenario, workload }: Round, { measured, samples, skew_s }: Crowd): string {
  const metric = headline(workload)
  const values = samples
    .filter(({ subject }) => measured.includes(subject))
    .map(({ subject, metrics }) => `${subject} ${figure(metrics[metric.field] ?? Number.NaN)}`)
  const began =
    skew_s === null || samples.length === 1 ? '' : `, begun within ${Math.round(skew_s * 1000)} ms`
  return `${workload.id} ${scenario} of ${samples.length}: ${values.join(', ')} ${metric.unit}${began}`
}
