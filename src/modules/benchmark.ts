import type { z } from 'zod'
import { answer } from '../bench/answer.ts'
import { type Comparison, compare } from '../bench/comparison.ts'
import { findings } from '../bench/findings/finding.ts'
import { firstCpus } from '../bench/machine-fact.ts'
import { fewestAdaptiveBlocks } from '../bench/narrow-enough.ts'
import { mostRepeats, profiles, warmUpS } from '../bench/profile.ts'
import { seedFrom } from '../bench/random.ts'
import {
  type Benchmark,
  type Design,
  type Environment,
  nothingRecorded,
  type Subject,
} from '../bench/record.ts'
import { timeLimit } from '../bench/words.ts'
import type { Workload } from '../bench/workload-file.ts'
import { trialSeconds } from '../bench/workload-run.ts'
import { lockHost } from '../lab/host/host-lock.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Vars } from '../model/value.ts'
import { plainData } from '../util/json.ts'
import { counted } from '../util/words.ts'
import { guestMachine, type Measurable, nativeMachine } from './benchmark/environment.ts'
import { findDomains, guestsHere, type MeasuredGuest } from './benchmark/guests.ts'
import { measure, orderOf } from './benchmark/measure.ts'
import { withMemoryLimit } from './benchmark/memory-limit.ts'
import { withNetwork, withoutPeer } from './benchmark/network.ts'
import { measureScenarios, skip } from './benchmark/scenarios.ts'
import { withScratch } from './benchmark/scratch.ts'
import { benchmarkParams } from './benchmark/settings.ts'
import { sameTools } from './benchmark/tool-copy.ts'
import { findTools, installTools, type ToolNeed, toolNeeds } from './benchmark/tools.ts'
import { loadWorkloads } from './benchmark/workloads.ts'
import { defineModule } from './module.ts'

type Params = z.output<typeof benchmarkParams>

export const benchmark = defineModule({
  name: 'benchmark',
  doc: `Measures a hypervisor and its guests with the same workloads, in randomised interleaved blocks.
Runs on the hypervisor. The native side is confined to as many CPUs and as much memory as the guest has, and the guests are
suspended while it is measured. Every trial is recorded with its command, output, clock, CPU-seconds and noise; one that
fails a gate on noise is taken again, and both are kept.`,
  params: benchmarkParams,
  returns: {
    answer: 'The result in one sentence',
    guests: 'Guest → workload → native, guest, unit, efficiency_percent, slowdown',
    findings: 'Sentences that the figures prove',
    trials: 'How many trials were measured, warm-ups included',
    seed: 'Give it again for the same order',
  },
  async *run(context, asked) {
    const workloads = await loadWorkloads(
      context.searchPath,
      asked.workloads ?? profiles[asked.profile].workloads,
    )
    const neighbours = await loadWorkloads(
      context.searchPath,
      asked.scenarios.length === 0 ? [] : [asked.neighbour],
    )
    const [load] = neighbours
    if (load?.path !== undefined) throw neighbourOnNetwork(load.id)
    const installed =
      asked.install && (yield* installTools(context, toolNeeds([...workloads, ...neighbours])))
    if (installed && context.check) return { changed: true }
    const names = guestsHere(context, asked.guests)
    if (names.length === 0) {
      // In check mode nothing was deployed, so there may be no guest yet.
      if (context.check) return { skipped: `${context.host} has no guest to measure yet` }
      throw new FailureError({
        reason: 'module',
        code: 'benchmark-no-guest',
        message: `${context.host} has no guest to measure.`,
        hint: 'Deploy guests before the benchmark; a guest names its hypervisor in the variable hvlab_via.',
      })
    }
    await using _lock = await lockHost(context, 'measures')
    const guests = await findDomains(context, names)
    const absent = await withoutPeer(context, workloads, guests)
    const possible = workloads.filter(({ id }) => !absent.has(id))
    const [reason] = absent.values()
    if (possible.length === 0 && reason !== undefined) return { skipped: reason }
    const needed = { workloads: possible, needs: toolNeeds([...possible, ...neighbours]) }
    const prepared = await prepare(context, guests, needed, asked)
    let measured: Benchmark = { ...nothingRecorded, ...prepared }
    const step = yield {
      summary: summaryOf(prepared.design),
      action: async () => {
        measured = await withMemoryLimit(context, prepared.design, async (design) => {
          context.record('benchmark', plainData(design))
          for (const environment of prepared.environments)
            context.record('environment', plainData(environment))
          const started = performance.now()
          const skipped = [
            ...asked.not_measured.map(({ what, why, guest }) => skip(context, what, why, guest?.name)),
            ...[...absent].map(([id, why]) => skip(context, `The workload ${id}`, why)),
          ]
          const work = async () => {
            const alone = await withNetwork(context, design, (peers) => measure(context, design, peers))
            if (load === undefined) return { ...alone, crowds: [], skipped }
            const { scenarios } = asked
            const others = await measureScenarios(context, design, { scenarios, load, started })
            return { ...alone, crowds: others.crowds, skipped: [...skipped, ...others.skipped] }
          }
          const scratch = { ...prepared, design, scenarios: asked.scenarios }
          return { ...prepared, design, ...(await withScratch(context, scratch, work)) }
        })
      },
    }
    if (!step.applied) return { changed: installed, data: { seed: prepared.design.seed } }
    return { changed: installed, data: resultOf(measured) }
  },
})

async function prepare(
  context: ModuleContext,
  guests: readonly MeasuredGuest[],
  { workloads, needs }: { readonly workloads: readonly Workload[]; readonly needs: readonly ToolNeed[] },
  asked: Params,
): Promise<Pick<Benchmark, 'design' | 'environments'>> {
  const native = await nativeMachine(context, needs)
  const machines = await Promise.all(
    guests.map(async (guest) => ({
      guest,
      machine: await guestMachine(context, guest, (access) =>
        asked.tools === 'same'
          ? sameTools(access, native.environment.tools)
          : findTools(access, guest.name, needs),
      ),
    })),
  )
  const { subjects, environments } = pairUp(native, machines)
  const profile = profiles[asked.profile]
  const blocks = asked.blocks ?? profile.blocks
  const design: Design = {
    hypervisor: context.host,
    profile: asked.profile,
    workloads: [...workloads],
    subjects,
    memory_limit_by: null,
    blocks,
    // What can only be decided after the last block is no rule to stop by.
    precision_percent:
      blocks > fewestAdaptiveBlocks ? (asked.precision_percent ?? profile.precisionPercent) : null,
    budget_s: asked.budget_s ?? profile.budgetS,
    most_repeats: mostRepeats(blocks * subjects.length * workloads.length),
    duration_s: asked.duration_s ?? profile.durationS,
    threads: asked.threads,
    seed: asked.seed ?? seedFrom(`${context.runId} ${context.host}`),
  }
  return { design, environments }
}

/** One native subject for every size of guest, CPUs and memory, then the guests. */
function pairUp(
  native: Measurable,
  guests: readonly { guest: MeasuredGuest; machine: Measurable }[],
): { subjects: Subject[]; environments: Environment[] } {
  const sizes = new Map(guests.map(({ machine }) => [sizeOf(machine), machine]))
  const sorted = [...sizes.values()].sort(
    (left, right) => left.cpus - right.cpus || (memoryOf(left) ?? 0) - (memoryOf(right) ?? 0),
  )
  const sameMemory = new Set(sorted.map(memoryOf)).size === 1
  const nativeId = (machine: Measurable): string =>
    sorted.length === 1 ? 'native' : sameMemory ? `native-${machine.cpus}` : `native-${sizeOf(machine)}`
  const subjects: Subject[] = []
  const environments: Environment[] = []
  for (const machine of sorted) {
    const id = nativeId(machine)
    const cpus = firstCpus(native.allowedCpus, machine.cpus)
    const shape = { cpus, vcpus: machine.cpus, memory_mib: memoryOf(machine) }
    subjects.push({ id, kind: 'native', baseline: null, domain: null, ...shape })
    environments.push({ ...native.environment, subject: id, cpus_used: cpus.join(',') })
  }
  for (const { guest, machine } of guests) {
    subjects.push({
      id: guest.name,
      kind: 'guest',
      baseline: nativeId(machine),
      domain: guest.domain.name,
      cpus: null,
      vcpus: machine.cpus,
      memory_mib: memoryOf(machine),
    })
    environments.push({ ...machine.environment, subject: guest.name, cpus_used: null })
  }
  return { subjects, environments }
}

/** What the hypervisor gives the domain; the guest's kernel keeps some of it to itself. */
const memoryOf = ({ environment }: Measurable): number | null => environment.domain?.memory_mib ?? null
const sizeOf = (machine: Measurable): string => `${machine.cpus}-${memoryOf(machine) ?? 'any'}`

function neighbourOnNetwork(id: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-network',
    message: `Neighbours cannot run ${id}: the other end of a network workload serves one guest.`,
    hint: 'Name another workload in `neighbour`.',
  })
}

function summaryOf(design: Design): string {
  const trials = orderOf(design)
  const byId = new Map(design.workloads.map((workload) => [workload.id, workload]))
  const seconds = trials.reduce((sum, { workload: id, warmUp }) => {
    const askedS = warmUp ? warmUpS(design.duration_s) : design.duration_s
    const workload = byId.get(id)
    return sum + (workload === undefined ? askedS : trialSeconds(workload, askedS))
  }, 0)
  return `measure ${design.workloads.map(({ id }) => id).join(', ')} on ${design.subjects.map(({ id }) => id).join(', ')}: ${design.precision_percent === null ? '' : 'at most '}${counted(trials.length, 'trial')}, ${timeLimit(Math.round(seconds))} of measuring`
}

function resultOf(measured: Benchmark): Vars {
  const comparisons = compare(measured)
  const guests = Object.fromEntries(
    [...new Set(comparisons.map(({ guest }) => guest))].map((guest) => [
      guest,
      Object.fromEntries(
        comparisons
          .filter((comparison) => comparison.guest === guest)
          .map((comparison) => [comparison.workload.id, row(comparison)]),
      ),
    ]),
  )
  return {
    answer: answer(comparisons),
    guests: plainData(guests),
    findings: findings(measured, comparisons).map(({ text }) => text),
    trials: measured.samples.length,
    seed: measured.design.seed,
  }
}

function row({ metric, native, guestValues, efficiencyPercent, slowdown }: Comparison): Vars {
  return {
    native: native.median,
    guest: guestValues.median,
    unit: metric.unit,
    efficiency_percent: efficiencyPercent.centre,
    slowdown: slowdown.centre,
  }
}
