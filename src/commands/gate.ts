import { listed } from '../bench/words.ts'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { differenceLines } from '../verdicts/comparability.ts'
import { compareSides, type Judgement, withoutTolerance } from '../verdicts/judgement.ts'
import { writeJudgement } from '../verdicts/judgement-formats.ts'
import type { Verdict } from '../verdicts/verdict.ts'
import { type CompareOptions, fleetNamed, writeFleet } from './compare.ts'
import type { CommandEnvironment } from './environment.ts'
import { sideNamed, sidesNamed, tolerancesFor } from './measured.ts'

const exitCodes: Readonly<Record<Verdict, ExitCode>> = {
  pass: ExitCode.ok,
  regression: ExitCode.regression,
  inconclusive: ExitCode.inconclusive,
}

type Output = Pick<CommandEnvironment, 'cwd' | 'stdout'>
type GateOptions = Omit<CompareOptions, 'format'> & { readonly baseline: string }

/** `hvlab gate --baseline B [RUN…]`: judges a run, or several of the same thing pooled. */
export async function gateCommand(
  runs: readonly string[],
  options: GateOptions & Pick<CompareOptions, 'format'>,
  env: Output,
): Promise<number> {
  const { judgement, exitCode } = await judgeRuns(runs, options, env.cwd)
  env.stdout(writeJudgement(judgement, options.format, exitCode))
  return exitCode
}

/** `hvlab gate --fleet [RUN]`: exit 3 when a host is slower than the fleet. */
export async function gateFleet(run: string | true, options: CompareOptions, env: Output): Promise<number> {
  const fleet = await fleetNamed(run, options, env)
  if (fleet.verdict === undefined) throw noTolerance([])
  const exitCode = exitCodes[fleet.verdict]
  writeFleet(fleet, options.format, exitCode, env)
  return exitCode
}

/** The judgement and its exit code. Throws when there can be none: other conditions, or no tolerance. */
export async function judgeRuns(
  runs: readonly string[],
  options: GateOptions,
  cwd: string,
): Promise<{ readonly judgement: Judgement; readonly exitCode: ExitCode }> {
  const baseline = await sideNamed(cwd, options.baseline)
  const now = await sidesNamed(cwd, runs)
  const judgement = compareSides(baseline, now, {
    quantities: options.of,
    tolerances: tolerancesFor(cwd, options, baseline, now),
    accept: options.accept,
  })
  if (judgement.same.length > 0) throw sameTrials(judgement)
  if (judgement.incomparable.length > 0) throw incomparable(judgement)
  if (judgement.verdict === undefined) throw noTolerance(withoutTolerance(judgement))
  return { judgement, exitCode: exitCodes[judgement.verdict] }
}

/** A run passes against itself, whatever became of the machine. */
function sameTrials({ left, right }: Judgement): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'gate-same-trials',
    message: `${right} has the trials of its baseline ${left}: against itself nothing is slower.`,
    hint: 'Name the run to be judged, or measure one; without a name it is the newest. The folder results/ has them.',
  })
}

function incomparable({ left, right, incomparable: differences }: Judgement): FailureError {
  const properties = [...new Set(differences.map(({ property }) => property))]
  return new FailureError({
    reason: 'config',
    code: 'gate-incomparable',
    message: `${right} and ${left} were not measured under the same conditions: ${differenceLines(differences).join('; ')}.`,
    hint: `Measure a new baseline, or say that it does not matter: --accept ${properties.join(',')}. \`hvlab compare\` shows the figures.`,
  })
}

function noTolerance(metrics: readonly string[]): FailureError {
  const what = metrics.length === 0 ? 'these figures' : listed(metrics)
  return new FailureError({
    reason: 'config',
    code: 'gate-no-tolerance',
    message: `No tolerance is known for ${what}.`,
    hint: "Measure this host's own noise once with `hvlab calibrate`, or give --tolerance.",
  })
}
