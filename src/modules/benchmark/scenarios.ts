import type { Crowd, Skipped } from '../../bench/crowd-record.ts'
import type { Design } from '../../bench/record.ts'
import { timeLimit } from '../../bench/words.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { plainData } from '../../util/json.ts'
import { counted } from '../../util/words.ts'
import { type CrowdPlan, isForCrowds, measureCrowds } from './crowds.ts'

/** What guests do to each other, and what of it cannot be measured here. */
export async function measureScenarios(
  context: ModuleContext,
  design: Design,
  plan: CrowdPlan,
): Promise<{ readonly crowds: Crowd[]; readonly skipped: Skipped[] }> {
  const guests = design.subjects.filter(({ kind }) => kind === 'guest').map(({ id }) => id)
  if (guests.length < 2) {
    const why = `it needs two guests, and there is only ${guests.join()}`
    return { crowds: [], skipped: plan.scenarios.map((name) => skip(context, `The scenario ${name}`, why)) }
  }
  const skipped = design.workloads
    .filter((workload) => !isForCrowds(workload))
    .map(({ id }) =>
      skip(
        context,
        `The workload ${id} in several guests at once`,
        'the other end of a network workload serves one guest',
      ),
    )
  const { crowds, blocks } = await measureCrowds(context, design, plan)
  if (crowds.length > 0 && blocks < design.blocks) {
    const spent = `the time budget of ${timeLimit(design.budget_s ?? 0)} was spent`
    const why = `${spent} after ${counted(blocks, 'block')} of ${design.blocks}`
    for (const name of plan.scenarios) skipped.push(skip(context, `The rest of the scenario ${name}`, why))
  }
  return { crowds, skipped }
}

/** Notes in the journal what is not measured. */
export function skip(
  context: ModuleContext,
  what: string,
  why: string,
  guest: string | null = null,
): Skipped {
  const skipped: Skipped = { hypervisor: context.host, what, why, guest }
  context.record('skipped', plainData(skipped))
  return skipped
}
