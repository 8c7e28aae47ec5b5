import { z } from 'zod'
import { scenarioNames } from '../../bench/crowd-record.ts'
import { fewestAdaptiveBlocks } from '../../bench/narrow-enough.ts'
import { longestTrialS, profileNames } from '../../bench/profile.ts'
import { mistakesOf } from '../../config/zod-diagnostics.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { moduleFailure } from '../failure.ts'
import { bool, choice, float, int, list, parameters, text } from '../params.ts'
import { loadWorkloads } from './workloads.ts'

const shape = {
  profile: choice(profileNames)
    .default('quick')
    .describe('Which workloads, how many blocks and how long a trial: see docs/workloads.md'),
  workloads: list().optional().describe('Ids of workload files; the profile decides when absent'),
  blocks: int()
    .refine((value) => value >= 1 && value <= 100, 'must be between 1 and 100')
    .optional()
    .describe('Randomised rounds over all workloads and subjects; with `precision_percent` at most so many'),
  precision_percent: float()
    .refine((value) => value > 0 && value <= 50, 'must be above 0 and at most 50')
    .optional()
    .describe(
      `A workload is done when the interval of its slowdown is no wider than ± this, after ${fewestAdaptiveBlocks} blocks at the earliest; the profile decides when absent`,
    ),
  budget_s: int()
    .refine((value) => value >= 1, 'must be at least 1')
    .optional()
    .describe(
      'Seconds after which no further block begins, of the benchmark and of its scenarios; the first block is measured in any case. The profile decides when absent',
    ),
  duration_s: float()
    .refine((value) => value >= 0.5 && value <= longestTrialS, `must be between 0.5 and ${longestTrialS}`)
    .optional()
    .describe('Seconds of one trial'),
  threads: int()
    .refine((value) => value >= 1, 'must be at least 1')
    .or(choice(['vcpus']))
    .default(1)
    .describe('Threads of the workload on every subject; `vcpus` = as many as the guest has vCPUs'),
  guests: list().optional().describe('Inventory names; every guest of the hypervisor when absent'),
  tools: choice(['same', 'own'])
    .default('same')
    .describe(
      '`same`: a guest whose program is not the hypervisor’s to the byte, or that lacks it, gets a copy of the hypervisor’s for the time of the benchmark. `own`: every machine runs what it has',
    ),
  install: bool().default(false).describe('Install the packages of programs that the hypervisor lacks'),
  scenarios: list()
    .pipe(z.array(z.enum(scenarioNames, { error: `must be among ${scenarioNames.join(', ')}` })))
    .default([])
    .describe(
      'After the benchmark itself: `contention` runs each workload in 2, 3 … guests at once, `neighbour` in one guest while all others compute',
    ),
  neighbour: text().default('cpu').describe('Workload of the neighbours'),
  not_measured: z
    .array(
      z.looseObject({
        what: z.string().min(1),
        why: z.string().min(1),
        guest: z.looseObject({ name: z.string() }).optional(),
      }),
    )
    .default([])
    .describe(
      'What the pipeline left out because the machine cannot do it, as `what`, `why` and, if it is a guest, `guest` with its `name`; other keys are ignored. The report says it',
    ),
  seed: int().optional().describe('For the order of trials and the intervals; from the run id when absent'),
}

export const benchmarkParams = parameters(shape)

/** What the role `benchmark` takes from variables, but for what a pipeline may compute later. */
const settings = [
  ...(['profile', 'workloads', 'blocks', 'threads', 'duration_s', 'precision_percent', 'budget_s'] as const),
  ...(['seed', 'tools', 'scenarios'] as const),
]
const roleVariables = z.object(
  Object.fromEntries(settings.map((name) => [`benchmark_${name}`, shape[name].nullish()])),
)

/**
 * Looks at the variables of the role `benchmark` long before it runs. Throws `preflight-benchmark` for values that the module would
 * refuse, and what `loadWorkloads` throws.
 */
export async function checkRoleVariables(
  context: Pick<ModuleContext, 'variable' | 'searchPath'>,
): Promise<void> {
  const given = Object.fromEntries(
    Object.keys(roleVariables.shape).map((name) => [name, context.variable(name)]),
  )
  const parsed = roleVariables.safeParse(given)
  if (!parsed.success) {
    const mistakes = mistakesOf(parsed.error.issues, given, roleVariables, { subject: 'the variables' })
    throw moduleFailure(
      'preflight-benchmark',
      mistakes.map(({ message }) => message).join('; '),
      mistakes.find(({ hint }) => hint !== undefined)?.hint ??
        'They are the parameters of the module benchmark, in docs/modules.md.',
    )
  }
  const workloads = given.benchmark_workloads ?? undefined
  if (workloads !== undefined) await loadWorkloads(context.searchPath, list().parse(workloads))
}
