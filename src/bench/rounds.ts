import type { Failure } from '../model/failure.ts'
import type { Result } from '../util/result.ts'
import type { Asked, ParsedOutput } from './parsers/parser.ts'
import { checkLength } from './parsers/self-check.ts'
import { inconsistent, reading, ToolOutput, unreadable } from './parsers/tool-output.ts'

/** Both ends of a time are read from /proc/uptime, in hundredths of a second. */
const uptimeStepS = 0.02

/**
 * What a script prints that lets an application do the same work again and again, in several processes, until the time is up:
 *
 *     worker 1: 14 rounds in 3.15 s
 *     worker 2: 13 rounds in 3.04 s
 *     2 workers in 3.16 s of 3 s
 *
 * Metrics `rounds_per_s` (of all workers together), `seconds_per_round` (the mean), `rounds`. The last round of a worker is
 * finished and counted, so a worker may take longer than asked by a round.
 */
export function parseRounds(text: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(text, () => {
    const output = new ToolOutput(
      'the rounds',
      text,
      'the script prints `worker 1: 7 rounds in 3.05 s` for each worker, then `1 workers in 3.06 s of 3 s`',
    )
    const [count, tookS, ofS] = output.numbers('the workers', /^NUMBER workers in NUMBER s of NUMBER s$/m)
    const workers = output
      .all(/^worker \d+: (\d+) rounds in NUMBER s$/gm)
      .map(([, rounds, seconds]) => ({ rounds: Number(rounds), seconds: Number(seconds) }))
    if (count === undefined || tookS === undefined || ofS === undefined || workers.length === 0)
      throw unreadable('no worker told its rounds', 'the output is in the details')
    if (workers.length !== count || count !== asked.threads)
      throw inconsistent(
        `${asked.threads} workers were asked for, ${count} were started, and ${workers.length} told their rounds`,
      )
    if (asked.durationS !== undefined && asked.durationS !== ofS)
      throw inconsistent(`${asked.durationS} s were asked for and the script ran for ${ofS} s`)
    for (const { rounds, seconds } of workers) {
      if (rounds === 0 || seconds === 0) throw inconsistent('a worker finished no round', 'run longer')
      if (seconds > tookS + uptimeStepS)
        throw inconsistent(`a worker took ${seconds} s and all together ${tookS} s`)
      // A single round may be longer than the whole trial; of several, all but the last ended in time.
      checkLength('a worker', rounds === 1 ? Math.min(seconds, ofS) : seconds, ofS)
    }
    const rounds = workers.reduce((sum, worker) => sum + worker.rounds, 0)
    const seconds = workers.reduce((sum, worker) => sum + worker.seconds, 0)
    const perSecond = workers.reduce((sum, worker) => sum + worker.rounds / worker.seconds, 0)
    return {
      metrics: {
        rounds_per_s: Number(perSecond.toFixed(4)),
        seconds_per_round: Number((seconds / rounds).toFixed(4)),
        rounds,
      },
    }
  })
}
