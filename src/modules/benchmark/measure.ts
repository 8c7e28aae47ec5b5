import { contaminated } from '../../bench/counting-samples.ts'
import { narrowEnough } from '../../bench/narrow-enough.ts'
import type { Benchmark, Design, Sample, Stop } from '../../bench/record.ts'
import { type Trial, trialOrder } from '../../bench/trial-order.ts'
import { figure } from '../../bench/words.ts'
import { headline } from '../../bench/workload-file.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { plainData } from '../../util/json.ts'
import type { Peers } from './peer.ts'
import { runTrial, type TrialPlan } from './trial.ts'
import { inTurn } from './turns.ts'

/** A trial that a stall spoiled is taken again: bad luck once, a fact the third time. A contaminated one likewise. */
export const attempts = 3
const spoiled: ReadonlySet<string> = new Set(['benchmark-run-length', 'benchmark-output-inconsistent'])

type Measured = Pick<Benchmark, 'samples' | 'stops'>

/** Block after block until every workload is done, each trial recorded as soon as it is there. */
export async function measure(context: ModuleContext, design: Design, peers?: Peers): Promise<Measured> {
  const measurement = new Measurement(context, design, peers)
  await measurement.run()
  return measurement
}

export function orderOf(design: Design): Trial[] {
  return trialOrder({
    subjects: design.subjects.map(({ id }) => id),
    workloads: design.workloads.map(({ id }) => id),
    // A command of fixed length would warm up as long as it measures; published figures of such commands are cold, too.
    withoutWarmUp: design.workloads.filter(({ duration_s }) => duration_s !== undefined).map(({ id }) => id),
    blocks: design.blocks,
    seed: design.seed,
  })
}

/** Whether the time budget is spent of a benchmark that began at `started`, by `performance.now()`. */
export function isSpent({ budget_s }: Design, started: number): boolean {
  return budget_s !== null && (performance.now() - started) / 1000 > budget_s
}

class Measurement implements Measured {
  readonly samples: Sample[] = []
  readonly stops: Stop[] = []
  readonly #context: ModuleContext
  readonly #design: Design
  readonly #peers: Peers | undefined
  readonly #trials: readonly Trial[]
  readonly #started = performance.now()
  #repeatsLeft: number

  constructor(context: ModuleContext, design: Design, peers: Peers | undefined) {
    this.#context = context
    this.#peers = peers
    this.#design = design
    this.#trials = orderOf(design)
    this.#repeatsLeft = design.most_repeats
  }

  async run(): Promise<void> {
    const { blocks } = this.#design
    for (let block = 0; block <= blocks; block++) {
      if (block > 1 && isSpent(this.#design, this.#started)) this.#stop(block - 1, 'budget', this.#open())
      for (const trial of this.#trials)
        if (trial.block === block && this.#open().includes(trial.workload)) await this.#take(trial)
      this.#stop(
        block,
        'precise',
        this.#open().filter((id) => narrowEnough(this.#design, this.samples, id)),
      )
    }
    this.#stop(blocks, 'most-blocks', this.#open())
    const total = this.#trials.length
    this.#context.progress({ text: 'measured', done: total, total, unit: 'trials' })
  }

  /** Workloads that need another block. */
  #open(): string[] {
    return this.#design.workloads
      .map(({ id }) => id)
      .filter((id) => this.stops.every(({ workload }) => workload !== id))
  }

  #stop(blocks: number, reason: Stop['reason'], workloads: readonly string[]): void {
    for (const workload of workloads) {
      const stop: Stop = { hypervisor: this.#design.hypervisor, workload, blocks, reason }
      this.stops.push(stop)
      this.#context.record('stop', plainData(stop))
    }
  }

  /** Once, or again while a gate marks it and repeats are left. Every attempt is recorded. */
  async #take(trial: Trial): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.#context.signal.throwIfAborted()
      const total = this.#trials.length
      const plan = planOf(this.#design, { trial, attempt, total, peers: this.#peers })
      this.#context.progress({ text: progressText(plan), done: trial.order, total, unit: 'trials' })
      const first = (trial.order * attempts + attempt - 1) * attempts
      const sample = await inTurn(this.#context, hostsOf(plan), () =>
        unspoiled(this.#context, 'trial', (time) =>
          runTrial(this.#context, { ...plan, number: first + time }),
        ),
      )
      this.samples.push(sample)
      this.#context.record('sample', plainData(sample))
      this.#context.output('stdout', line(plan, sample))
      if (!contaminated(sample) || trial.warmUp || attempt === attempts || this.#repeatsLeft === 0) return
      this.#repeatsLeft--
    }
  }
}

/** Takes a trial or a round, and once more while a stall spoils it; `time` counts from 1. */
export async function unspoiled<T>(
  context: ModuleContext,
  what: 'trial' | 'round',
  take: (time: number) => Promise<T>,
): Promise<T> {
  for (let time = 1; ; time++) {
    try {
      return await take(time)
    } catch (error) {
      const again = time < attempts && error instanceof FailureError && spoiled.has(error.failure.code)
      if (!again) throw error
      context.note('warning', `${error.message} The ${what} is taken once more.`)
    }
  }
}

function planOf(
  design: Design,
  {
    trial,
    attempt,
    total,
    peers,
  }: { trial: Trial; attempt: number; total: number; peers: Peers | undefined },
): TrialPlan {
  const subject = design.subjects.find(({ id }) => id === trial.subject)
  const workload = design.workloads.find(({ id }) => id === trial.workload)
  if (subject === undefined || workload === undefined)
    throw new Error(`trial ${trial.order} is not of this design`)
  return {
    design,
    trial,
    attempt,
    subject,
    workload,
    number: 0,
    where: `trial ${trial.order + 1} of ${total}`,
    ...(peers !== undefined && workload.path !== undefined && { peer: peers(workload, subject) }),
  }
}

const hostsOf = ({ design, peer }: TrialPlan): string[] => [
  design.hypervisor,
  ...(peer?.host === undefined ? [] : [peer.host]),
]

function progressText({ design, trial, attempt, subject, workload }: TrialPlan): string {
  const most = design.precision_percent === null ? 'of' : 'of at most'
  const block = trial.warmUp ? 'warm-up' : `block ${trial.block} ${most} ${design.blocks}`
  return `${block}: ${workload.title}, ${subject.id}${attempt > 1 ? ', again' : ''}`
}

function line({ trial, attempt, workload, subject }: TrialPlan, sample: Sample): string {
  const metric = headline(workload)
  const value = sample.metrics[metric.field]
  const shown = value === undefined ? 'no value' : `${figure(value)} ${metric.unit}`
  const marks = [...(trial.warmUp ? ['warm-up'] : []), ...(attempt > 1 ? ['again'] : []), ...sample.flags]
  return `${workload.id} ${subject.id}: ${shown}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`
}
