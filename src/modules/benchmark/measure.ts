import type { Design, Sample } from '../../bench/record.ts'
import { type Trial, trialOrder } from '../../bench/trial-order.ts'
import { figure } from '../../bench/words.ts'
import { headline } from '../../bench/workload-file.ts'
import { FailureError } from '../../model/failure.ts'
import { plainData } from '../../util/plain-data.ts'
import type { ModuleContext } from '../module.ts'
import { runTrial, type TrialPlan } from './trial.ts'

/** A trial that a stall spoiled is taken again: bad luck once, a fact the third time. */
const attempts = 3
const spoiled: ReadonlySet<string> = new Set(['benchmark-run-length', 'benchmark-output-inconsistent'])

/** Every trial of the design in its random order, each recorded as soon as it is there. */
export async function measure(context: ModuleContext, design: Design): Promise<Sample[]> {
  const trials = orderOf(design)
  const samples: Sample[] = []
  for (const trial of trials) {
    context.signal.throwIfAborted()
    const plan = planOf(design, trial, trials.length)
    context.progress({ text: progressText(plan), done: trial.order, total: trials.length, unit: 'trials' })
    const sample = await withFurtherAttempts(context, plan)
    context.record('sample', plainData(sample))
    context.output('stdout', line(plan, sample))
    samples.push(sample)
  }
  context.progress({ text: 'measured', done: trials.length, total: trials.length, unit: 'trials' })
  return samples
}

export function orderOf(design: Design): Trial[] {
  return trialOrder({
    subjects: design.subjects.map(({ id }) => id),
    workloads: design.workloads.map(({ id }) => id),
    blocks: design.blocks,
    seed: design.seed,
  })
}

async function withFurtherAttempts(context: ModuleContext, plan: TrialPlan): Promise<Sample> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await runTrial(context, plan)
    } catch (error) {
      const again = attempt < attempts && error instanceof FailureError && spoiled.has(error.failure.code)
      if (!again) throw error
      context.note('warning', `${error.message} The trial is taken once more.`)
    }
  }
}

function planOf(design: Design, trial: Trial, total: number): TrialPlan {
  const subject = design.subjects.find(({ id }) => id === trial.subject)
  const workload = design.workloads.find(({ id }) => id === trial.workload)
  if (subject === undefined || workload === undefined)
    throw new Error(`trial ${trial.order} is not of this design`)
  return { design, trial, subject, workload, where: `trial ${trial.order + 1} of ${total}` }
}

function progressText({ design, trial, subject, workload }: TrialPlan): string {
  const block = trial.warmUp ? 'warm-up' : `block ${trial.block} of ${design.blocks}`
  return `${block}: ${workload.title}, ${subject.id}`
}

function line({ trial, workload, subject }: TrialPlan, sample: Sample): string {
  const metric = headline(workload)
  const value = sample.metrics[metric.field]
  const shown = value === undefined ? 'no value' : `${figure(value)} ${metric.unit}`
  const marks = [...(trial.warmUp ? ['warm-up'] : []), ...sample.flags]
  return `${workload.id} ${subject.id}: ${shown}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`
}
