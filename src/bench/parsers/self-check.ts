import type { Asked } from './parser.ts'
import { Refusal } from './refusal.ts'

/** What every sysbench run prints, whatever the test. */
export interface RunFigures {
  readonly version: string
  readonly threads: number
  readonly totalTimeS: number
  readonly events: number
  /** Seconds inside events, summed over threads. */
  readonly inEventsS: number
  readonly latencyMs: {
    readonly min: number
    readonly avg: number
    readonly max: number
    /** Absent where the tool gives none, or one that is longer than the longest. */
    readonly p95?: number
  }
}

/** Times are taken at slightly different moments and printed rounded. */
const clockSlackS = 0.01
const relativeTolerance = 0.005
/** Figures are printed with two decimals. */
const rounding = 0.01
/** Between the last event and the report; longer is no stall but another run's figure. */
const longestStallS = 1

/** A run that was cut short, ran too long, used other threads, or spent more time in events than there was. */
export function checkRun(run: RunFigures, asked: Asked): void {
  if (run.events === 0) {
    throw new Refusal(
      'benchmark-output-inconsistent',
      'sysbench counted no event',
      'run longer, or with a smaller operation',
    )
  }
  if (run.totalTimeS === 0) {
    throw new Refusal('benchmark-output-inconsistent', 'sysbench says that the run took 0 s')
  }
  if (run.threads !== asked.threads) {
    throw new Refusal(
      'benchmark-output-inconsistent',
      `${asked.threads} threads were asked for and sysbench ran ${run.threads}`,
    )
  }
  if (asked.durationS !== undefined) {
    checkLength(
      'sysbench',
      run.totalTimeS,
      asked.durationS,
      'a limit ended the run before its time: give --events=0 and --memory-total-size=0',
    )
  }
  const { min, avg, max } = run.latencyMs
  if (!(min <= avg && avg <= max)) {
    throw new Refusal(
      'benchmark-output-inconsistent',
      `sysbench's mean latency (${avg} ms) is not between ${min} and ${max} ms`,
    )
  }
  const availableS = run.threads * run.totalTimeS
  if (run.inEventsS > availableS * (1 + relativeTolerance) + run.threads * clockSlackS) {
    throw new Refusal(
      'benchmark-output-inconsistent',
      `the time in events (${run.inEventsS.toFixed(2)} s) is more than threads × total time (${availableS.toFixed(2)} s)`,
    )
  }
  // 0.4.12 prints the time in events in steps of 0.1 ms.
  sameWithin(
    'time in events ÷ events',
    (run.inEventsS * 1000) / run.events,
    'mean latency in ms',
    avg,
    rounding + 0.1 / run.events,
  )
}

/**
 * A stall makes a run longer; its rate is true all the same, and the noise gates mark it. Beyond twice the length the tool
 * did not do what it was told.
 */
const longestRunS = (askedS: number): number => askedS * 2 + 1

/** Limits end fast runs early (the 100 GB cap of `sysbench memory`); a clock that jumps makes them long. */
export function checkLength(tool: string, tookS: number, askedS: number, hint?: string): void {
  if (tookS < askedS * 0.98) {
    throw new Refusal(
      'benchmark-run-length',
      `${tool} stopped after ${tookS} s of ${askedS} s`,
      hint ?? 'a limit ended the run before its time',
    )
  }
  if (tookS > longestRunS(askedS)) {
    throw new Refusal(
      'benchmark-run-length',
      `${tool} ran ${tookS} s where ${askedS} s were asked`,
      'the machine was stalled, or its clock jumped; measure again when it is quiet',
    )
  }
}

/**
 * The rate that sysbench prints divides by the time until the report, which comes after the end of the measuring: the
 * rate may be lower than count ÷ total time by as much as the machine stalled there, and hardly higher.
 */
export function rateFits(what: string, count: number, rate: number, run: RunFigures): void {
  const highest = (count / run.totalTimeS) * (1 + relativeTolerance) + rounding
  const lowest = (count / (run.totalTimeS + longestStallS)) * (1 - relativeTolerance) - rounding
  const slack = (count / run.totalTimeS) * (clockSlackS / run.totalTimeS)
  if (rate <= highest + slack && rate >= lowest) return
  throw mismatch(`${what} ÷ total time`, count / run.totalTimeS, `${what} per second`, rate)
}

/** Two ways to the same figure must agree to half a percent, or to what rounding took (`roundedBy`). */
export function sameWithin(
  leftName: string,
  left: number,
  rightName: string,
  right: number,
  roundedBy = rounding,
): void {
  if (Math.abs(left - right) <= Math.max(relativeTolerance * Math.max(left, right), roundedBy)) return
  throw mismatch(leftName, left, rightName, right)
}

function mismatch(leftName: string, left: number, rightName: string, right: number): Refusal {
  return new Refusal(
    'benchmark-output-inconsistent',
    `${leftName} is ${left.toFixed(2)} and ${rightName} is ${right.toFixed(2)}: they should be equal`,
    'the output was cut, mixed with another, or printed by a version that hvlab does not know',
  )
}
