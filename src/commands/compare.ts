import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { type Fleet, fewestHosts, fleetOf } from '../verdicts/fleet.ts'
import { fleetJson, fleetText } from '../verdicts/fleet-text.ts'
import { compareSides } from '../verdicts/judgement.ts'
import { writeJudgement } from '../verdicts/judgement-formats.ts'
import { sideOf } from '../verdicts/side.ts'
import type { JudgementFormat, Quantity } from '../verdicts/vocabulary.ts'
import type { CommandEnvironment } from './environment.ts'
import { measuredRun, sideNamed, tolerancesFor } from './measured.ts'
import { printData } from './print-data.ts'
import type { VerdictOptions } from './verdict-options.ts'

export interface CompareOptions extends VerdictOptions {
  readonly of: readonly Quantity[]
  readonly format: JudgementFormat
}

type Output = Pick<CommandEnvironment, 'cwd' | 'stdout'>

/** `hvlab compare A B`: what is different between two runs, hosts or guests. It informs; `gate` decides. */
export async function compareCommand(
  left: string,
  right: string,
  options: CompareOptions,
  env: Output,
): Promise<number> {
  const sides = [await sideNamed(env.cwd, left), await sideNamed(env.cwd, right)] as const
  const judgement = compareSides(...sides, {
    quantities: options.of,
    tolerances: tolerancesFor(env.cwd, options, ...sides),
    accept: options.accept,
  })
  env.stdout(writeJudgement(judgement, options.format, ExitCode.ok))
  return ExitCode.ok
}

/** `hvlab compare --fleet RUN`: every host of a run beside the median of all. */
export async function compareFleet(
  run: string | true,
  options: CompareOptions,
  env: Output,
): Promise<number> {
  const fleet = await fleetNamed(run, options, env)
  writeFleet(fleet, options.format, ExitCode.ok, env)
  return ExitCode.ok
}

export async function fleetNamed(
  run: string | true,
  options: CompareOptions,
  env: Pick<CommandEnvironment, 'cwd'>,
): Promise<Fleet> {
  const recorded = await measuredRun(env.cwd, run === true ? undefined : run)
  const fleet = fleetOf(
    recorded,
    options.of,
    tolerancesFor(env.cwd, options, sideOf(recorded.runId, [recorded])),
  )
  if (fleet.hosts.length >= fewestHosts) return fleet
  throw new FailureError({
    reason: 'config',
    code: 'fleet-too-small',
    message: `The run ${fleet.runId} measured ${fleet.hosts.length === 1 ? 'one host' : `${fleet.hosts.length} hosts`}: a fleet has at least ${fewestHosts}.`,
    hint: 'Two hosts are compared with `hvlab compare RUN:HOST RUN:HOST`.',
  })
}

export function writeFleet(fleet: Fleet, format: JudgementFormat, exitCode: number, env: Output): void {
  if (printData(fleetJson(fleet, exitCode), { format }, env)) return
  if (format === 'text') {
    env.stdout(fleetText(fleet))
    return
  }
  throw new FailureError({
    reason: 'config',
    code: 'fleet-format',
    message: `A fleet cannot be shown as ${format}.`,
    hint: 'It has the formats text, json and jsonl.',
  })
}
