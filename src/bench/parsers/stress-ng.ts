import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkLength, sameWithin } from './self-check.ts'
import { inconsistent, reading, ToolOutput, unreadable } from './tool-output.ts'

/*
 * `stress-ng --metrics`, 0.11 to 0.18: lines of `info:` or `metrc:`, from 0.16 on perhaps with the time of day, columns
 * at the end that depend on the version. It writes all of this to standard error. The version is not in it.
 * Real time is printed with two decimals.
 */

const roundedS = 0.005

/**
 * One stressor a run. Metrics: `bogo_ops`, `bogo_ops_per_s` (real time), `bogo_ops_per_cpu_s` (user and system time),
 * `real_s`, `cpu_s`; and what the stressor measures itself under the words that stress-ng has for it: a line
 * `vdso 23.11 nanosecs per call (…)` is `nanosecs_per_call`.
 */
export function parseStressNg(text: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(text, () => {
    const output = new ToolOutput(
      'stress-ng',
      text,
      'give --metrics; versions 0.11 to 0.18 are known; the output is in the details',
    )
    const broken = text.match(/^stress-ng: .*(?:fail|error): +\[\d+\] +(.+)$/m)?.[1]
    if (broken !== undefined) throw inconsistent(`stress-ng says: ${broken.trim()}`)
    if (!output.has(/^stress-ng: .*\] successful run completed in /m)) {
      throw unreadable(
        'the output of stress-ng does not say that the run was successful',
        'it was cut, or failed',
      )
    }
    const rows = output.all(
      /^stress-ng: (?:\S+ )?(?:info|metrc): +\[\d+\] ([a-z][a-z0-9-]*) +(\d+) +NUMBER +NUMBER +NUMBER +NUMBER +NUMBER(?: |$)/gm,
    )
    const [row, ...others] = rows
    if (row === undefined || others.length > 0) {
      throw unreadable(
        `the output of stress-ng has ${rows.length} rows of figures, and one is read`,
        'give one stressor a run, and --metrics',
      )
    }
    const [, stressor = '', ...columns] = row
    const [bogoOps = 0, realS = 0, userS = 0, systemS = 0, rate = 0, cpuRate = 0] = columns.map(Number)
    const cpuS = userS + systemS
    if (bogoOps === 0 || realS === 0) throw inconsistent('stress-ng counted no operation', 'run longer')
    sameWithin('bogo ops ÷ real time', bogoOps / realS, 'bogo ops/s', rate, (rate * roundedS) / realS + 0.01)
    if (cpuS > 0) {
      sameWithin(
        'bogo ops ÷ CPU time',
        bogoOps / cpuS,
        'bogo ops/s (usr+sys time)',
        cpuRate,
        (cpuRate * 2 * roundedS) / cpuS + 0.01,
      )
    }
    if (cpuS > realS * asked.threads * 1.02 + 0.05) {
      throw inconsistent(
        `the CPU time (${cpuS.toFixed(2)} s) is more than processes × real time (${(realS * asked.threads).toFixed(2)} s)`,
      )
    }
    if (asked.durationS !== undefined) checkLength('stress-ng', realS, asked.durationS)
    return {
      metrics: {
        bogo_ops: bogoOps,
        bogo_ops_per_s: rate,
        bogo_ops_per_cpu_s: cpuRate,
        real_s: realS,
        cpu_s: Number(cpuS.toFixed(2)),
        ...ownMetrics(output, stressor),
      },
    }
  })
}

/** `metrc: [1] vdso 23.11 nanosecs per call (excluding test overhead) (geometic mean of 1 instances)`. */
function ownMetrics(output: ToolOutput, stressor: string): Record<string, number> {
  const lines = output.all(
    new RegExp(
      `^stress-ng: (?:\\S+ )?(?:info|metrc): +\\[\\d+\\] ${stressor} +NUMBER ([A-Za-z][^\\n(]*)`,
      'gm',
    ),
  )
  return Object.fromEntries(
    lines.map(([, value, words = '']) => [
      words
        .trim()
        .toLowerCase()
        .replaceAll(/[^a-z0-9]+/g, '_'),
      Number(value),
    ]),
  )
}
