import { type Confinement, confinementWords } from '../../bench/confinement.ts'
import { clockDrift } from '../../bench/gates.ts'
import { difference, noiseBetween, qemuBetween } from '../../bench/noise.ts'
import { parsers } from '../../bench/parsers/parser.ts'
import { warmUpS } from '../../bench/profile.ts'
import type { Design, Sample, Subject } from '../../bench/record.ts'
import type { Trial } from '../../bench/trial-order.ts'
import {
  barrierClosedExitCode,
  MarkWatch,
  splitTrial,
  suspendFailedExitCode,
  trialScript,
} from '../../bench/trial-script.ts'
import { listed } from '../../bench/words.ts'
import { headline, type Workload } from '../../bench/workload-file.ts'
import { workloadRun } from '../../bench/workload-run.ts'
import { virsh } from '../../lab/libvirt/virsh.ts'
import type { CommandResult } from '../../model/command.ts'
import { type Failure, FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import type { Barrier } from './barrier.ts'
import { narrowed, readHypervisor, WorkloadMeter } from './hypervisor-reading.ts'
import type { Peer } from './peer.ts'
import { scratchFolder } from './scratch-folder.ts'
import { freePort, withServer } from './server.ts'
import { copiedToolsPath } from './tool-copy.ts'
import { trialFlags } from './trial-flags.ts'

export interface TrialPlan {
  readonly design: Design
  readonly trial: Trial
  /** From 1; a contaminated trial is taken again. */
  readonly attempt: number
  readonly subject: Subject
  readonly workload: Workload
  /** The other end of a network workload. */
  readonly peer?: Peer
  /** Where it waits for the other trials of a crowd. */
  readonly barrier?: Barrier
  /** A number that no other trial, and no other attempt at this one, has. */
  readonly number: number
  /** For messages: `trial 7 of 30`. */
  readonly where: string
}

/** Measures once and checks what came back. Throws a FailureError with a `benchmark-…` code. */
export async function runTrial(context: ModuleContext, plan: TrialPlan): Promise<Sample> {
  const { design, trial, subject, workload } = plan
  const port = await freePort(plan)
  const { argv, threads, durationS, asked } = workloadRun(workload, {
    threads: design.threads === 'vcpus' ? subject.vcpus : design.threads,
    durationS: trial.warmUp ? warmUpS(design.duration_s) : design.duration_s,
    scratch: scratchFolder,
    trial: plan.number,
    ...(plan.peer !== undefined && { peer: plan.peer.address }),
    ...(port !== undefined && { port }),
  })
  const startedAt = new Date().toISOString()
  const before = subject.domain === null ? null : await readHypervisor(context, subject.domain)
  const meter = before === null ? null : new WorkloadMeter(context, before)
  const marks = new MarkWatch((edge) => {
    if (edge === 'waiting') plan.barrier?.arrive()
    else meter?.read(edge)
  })
  const { result, observedS } = await withServer({ ...plan, port }, longestS(durationS), async () => {
    const start = performance.now()
    const result = await execute(context, plan, argv, durationS, marks)
    return { result, observedS: (performance.now() - start) / 1000 }
  })
  const after = subject.domain === null ? null : await readHypervisor(context, subject.domain)
  if (result.exitCode !== 0) throw new FailureError(commandFailure(plan, result))
  const output = splitTrial(result.stdout)
  if (output === null || result.truncated) throw new FailureError(cutOutput(plan, result))
  plan.barrier?.began(marks.begunMs(output.shown))
  const parsed = parsers[workload.parser](output.workload, asked)
  if (!parsed.ok) {
    throw new FailureError({ ...parsed.error, message: `${at(plan)}: ${parsed.error.message}.` })
  }
  checkHeadline(plan, parsed.value.metrics, output.workload)
  const noise = noiseBetween(output.before, output.after)
  const during = (await meter?.between()) ?? undefined
  const around =
    before === null || after === null ? null : narrowed(noiseBetween(before, after), during?.noise)
  const qemu = before === null || after === null ? null : qemuBetween(before, after)
  const qemuS = during?.cpuS ?? qemu?.cpu_s ?? null
  const drift = clockDrift(noise.elapsed_s, marks.elapsedS())
  const cpuS = difference(output.before.childrenS, output.after.childrenS)
  return {
    hypervisor: design.hypervisor,
    subject: subject.id,
    kind: subject.kind,
    workload: workload.id,
    block: trial.block,
    order: trial.order,
    attempt: plan.attempt,
    warm_up: trial.warmUp,
    seed: design.seed,
    started_at: startedAt,
    argv: [...argv],
    threads,
    duration_s: durationS,
    cpus: subject.cpus,
    memory_limit_mib: memoryOf(design, subject)?.mib ?? null,
    tool_version: parsed.value.version ?? null,
    metrics: { ...parsed.value.metrics },
    clocksource: output.after.clocksource,
    observed_s: Number(observedS.toFixed(4)),
    cpu_s: cpuS,
    // At the other end of a network is as much work, and on one side it is QEMU's.
    host_cpu_s: workload.path !== undefined ? null : subject.kind === 'native' ? cpuS : qemuS,
    clock_drift: drift?.drift ?? null,
    clock_drift_uncertainty: drift?.uncertainty ?? null,
    noise,
    hypervisor_noise: around,
    qemu,
    flags: trialFlags(design, subject, workload, {
      threads,
      noise,
      around,
      qemu,
      cpuS,
      qemuS,
      drift,
      observedS,
    }),
    raw: output.workload,
  }
}

/** A workload file names its metrics, and a misspelt one would be a comparison that is silently missing. */
function checkHeadline(plan: TrialPlan, metrics: Readonly<Record<string, number>>, output: string): void {
  const { field } = headline(plan.workload)
  if (metrics[field] !== undefined) return
  throw new FailureError({
    reason: 'module',
    code: 'benchmark-output-unreadable',
    message: `${at(plan)}: the output has no ${field}.`,
    hint: `The parser ${plan.workload.parser} found ${listed(Object.keys(metrics))}: look at the metrics in the workload file.`,
    details: output.slice(0, 4000),
  })
}

/** Four times the asked length and half a minute: a stalled machine is slow, a dead one never answers. */
const longestS = (durationS: number): number => durationS * 4 + 30

async function execute(
  context: ModuleContext,
  plan: TrialPlan,
  argv: readonly string[],
  durationS: number,
  { onOutput }: MarkWatch,
): Promise<CommandResult> {
  const { design, subject, workload } = plan
  const withErrors = workload.output === 'all'
  const timeoutMs = longestS(durationS) * 1000
  if (subject.kind === 'native') {
    const suspend = design.subjects.flatMap(({ domain }) => domain ?? [])
    const confine = confinementWords({ cpus: subject.cpus ?? [], memory: memoryOf(design, subject) })
    const script = trialScript({ argv, withErrors, confine, suspend: { virsh, domains: suspend } })
    return context.run({ ...script, timeoutMs }, { onOutput })
  }
  try {
    const barrier = plan.barrier?.path
    const script = trialScript({
      argv,
      withErrors,
      path: copiedToolsPath,
      ...(barrier !== undefined && { barrier }),
    })
    return await context.peer(subject.id).run({ ...script, timeoutMs }, { onOutput })
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
    throw new FailureError(await lostGuest(context, plan, error.failure), { cause: error })
  }
}

/** What a native trial is held to. A guest has its own memory. */
function memoryOf(
  { memory_limit_by: by }: Design,
  { kind, memory_mib: mib }: Subject,
): Confinement['memory'] {
  return kind === 'native' && by !== null && mib !== null ? { by, mib } : null
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
  if (plan.barrier !== undefined && result.exitCode === barrierClosedExitCode) {
    return {
      reason: 'module',
      code: 'benchmark-guest-lost',
      message: `${at(plan)}: the guests did not begin together within a minute.`,
      hint: 'One of them does not answer, or the hypervisor is overloaded; look at their serial logs.',
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
