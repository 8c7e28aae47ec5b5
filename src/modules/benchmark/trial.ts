import { type Noise, noiseBetween, noiseFlags, noiseQuery, parseNoise } from '../../bench/noise.ts'
import { parsers } from '../../bench/parser.ts'
import { warmUpS } from '../../bench/profile.ts'
import type { Design, RecordedNoise, Sample, Subject } from '../../bench/record.ts'
import type { Trial } from '../../bench/trial-order.ts'
import { splitTrial, suspendFailedExitCode, trialScript } from '../../bench/trial-script.ts'
import { type Workload, workloadArgv } from '../../bench/workload-file.ts'
import { virsh } from '../../lab/virsh.ts'
import type { CommandResult } from '../../model/command.ts'
import { type Failure, FailureError } from '../../model/failure.ts'
import { script, sh } from '../../util/sh.ts'
import type { ModuleContext } from '../module.ts'

export interface TrialPlan {
  readonly design: Design
  readonly trial: Trial
  readonly subject: Subject
  readonly workload: Workload
  /** For messages: `trial 7 of 30`. */
  readonly where: string
}

/** Measures once and checks what came back. Throws a FailureError with a `benchmark-…` code. */
export async function runTrial(context: ModuleContext, plan: TrialPlan): Promise<Sample> {
  const { design, trial, subject, workload } = plan
  const threads = design.threads === 'vcpus' ? subject.vcpus : design.threads
  const durationS = trial.warmUp ? warmUpS(design.duration_s) : design.duration_s
  const argv = workloadArgv(workload, { threads, durationS })
  const startedAt = new Date().toISOString()
  const around = subject.kind === 'guest' ? await hostNoise(context) : null
  const start = performance.now()
  const result = await execute(context, plan, argv, durationS)
  const observedS = (performance.now() - start) / 1000
  const hypervisorNoise = around === null ? null : noiseBetween(around, await hostNoise(context))
  if (result.exitCode !== 0) throw new FailureError(commandFailure(plan, result))
  const output = splitTrial(result.stdout)
  if (output === null || result.truncated) throw new FailureError(cutOutput(plan, result))
  const parsed = parsers[workload.parser](output.workload, {
    threads,
    durationS,
    ...(workload.block_bytes !== undefined && { blockBytes: workload.block_bytes }),
  })
  if (!parsed.ok) {
    throw new FailureError({ ...parsed.error, message: `${at(plan)}: ${parsed.error.message}.` })
  }
  const noise = noiseBetween(output.before, output.after)
  return {
    hypervisor: design.hypervisor,
    subject: subject.id,
    kind: subject.kind,
    workload: workload.id,
    block: trial.block,
    order: trial.order,
    warm_up: trial.warmUp,
    seed: design.seed,
    started_at: startedAt,
    argv,
    threads,
    duration_s: durationS,
    cpus: subject.cpus,
    tool_version: parsed.value.version ?? null,
    metrics: { ...parsed.value.metrics },
    clocksource: output.after.clocksource,
    observed_s: Number(observedS.toFixed(4)),
    noise: recorded(noise),
    hypervisor_noise: hypervisorNoise === null ? null : recorded(hypervisorNoise),
    flags: [
      ...noiseFlags(noise, noise.elapsedS ?? observedS, subject.kind === 'guest' ? 'guest' : 'host'),
      ...(hypervisorNoise === null
        ? []
        : noiseFlags(hypervisorNoise, hypervisorNoise.elapsedS ?? observedS, 'host')),
    ],
    raw: output.workload,
  }
}

async function execute(
  context: ModuleContext,
  plan: TrialPlan,
  argv: readonly string[],
  durationS: number,
): Promise<CommandResult> {
  const { design, subject } = plan
  // Four times the asked length and half a minute: a stalled machine is slow, a dead one never answers.
  const timeoutMs = (durationS * 4 + 30) * 1000
  if (subject.kind === 'native') {
    const suspend = design.subjects.flatMap(({ domain }) => domain ?? [])
    const cpus = subject.cpus ?? []
    return context.run({ ...trialScript({ argv, cpus, suspend: { virsh, domains: suspend } }), timeoutMs })
  }
  try {
    return await context.peer(subject.id).run({ ...trialScript({ argv }), timeoutMs })
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
    throw new FailureError(await lostGuest(context, plan, error.failure), { cause: error })
  }
}

async function hostNoise(context: ModuleContext) {
  return parseNoise((await context.run(script(noiseQuery))).stdout)
}

function recorded(noise: Noise): RecordedNoise {
  return { elapsed_s: noise.elapsedS, psi_cpu_s: noise.psiCpuS, steal_s: noise.stealS }
}

/** What became of a guest that no longer answers: libvirt knows more than SSH. */
async function lostGuest(context: ModuleContext, plan: TrialPlan, cause: Failure): Promise<Failure> {
  const state = await context.run(sh`${virsh} domstate --reason ${plan.subject.domain ?? plan.subject.id}`)
  const words = state.exitCode === 0 ? state.stdout.trim() : 'unknown to libvirt'
  return {
    reason: 'module',
    code: 'benchmark-guest-lost',
    message: `The guest ${plan.subject.id} was lost in ${plan.where} (${plan.workload.id}): ${withoutStop(cause.message)}; its domain is ${words}.`,
    hint: 'Look at its serial log and at the memory of its hypervisor, then run again.',
    ...(cause.details !== undefined && { details: cause.details }),
  }
}

function commandFailure(plan: TrialPlan, result: CommandResult): Failure {
  const details = `${result.stderr}\n${result.stdout}`.trim().slice(0, 4000)
  if (plan.subject.kind === 'native' && result.exitCode === suspendFailedExitCode) {
    return {
      reason: 'module',
      code: 'benchmark-suspend-failed',
      message: `A guest on ${plan.design.hypervisor} could not be suspended for ${plan.where}.`,
      hint: 'Native figures are taken while the guests stand still; see the details for what libvirt says.',
      details,
    }
  }
  return {
    reason: 'module',
    code: 'benchmark-tool-failed',
    message: `${at(plan)}: ${plan.workload.tool} ended with exit code ${result.exitCode}.`,
    hint: 'Its output is in the details.',
    details,
  }
}

function cutOutput(plan: TrialPlan, result: CommandResult): Failure {
  return {
    reason: 'module',
    code: 'benchmark-output-unreadable',
    message: `${at(plan)}: the output ends before the last counters.`,
    hint: 'The connection or the output limit cut it; run again.',
    details: result.stdout.slice(0, 4000),
  }
}

const at = ({ subject, workload, where }: TrialPlan): string => `${workload.id} on ${subject.id} in ${where}`
const withoutStop = (text: string): string => text.replace(/\.$/, '')
