import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkLength, sameWithin } from './self-check.ts'
import { inconsistent, reading, ToolOutput } from './tool-output.ts'

/*
 * `openssl speed -elapsed`, 1.1.1 and 3.x: one cipher or digest with one block size (-bytes), or one key type of RSA.
 * The counts stand on standard error, the table on standard output; both are needed to check the one by the other.
 * Times have two decimals; the rate is from the exact time, so the two differ by up to half a hundredth of a second.
 */

const roundedS = 0.005

/** Metrics of a cipher or digest: `mib_per_s`, `operations_per_s`. Of RSA: `signs_per_s`, `verifies_per_s`. */
export function parseOpensslSpeed(text: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(text, () => {
    const output = new ToolOutput(
      'openssl speed',
      text,
      'give -elapsed, one algorithm, and -bytes for a cipher or digest; OpenSSL 1.1.1 and 3 are known',
    )
    const version = output.text('version', /^(?:version: |OpenSSL )(\d+\.\d+\.\d+[a-z]?)/m)
    const rsa = output.has(/bits private (?:rsa|RSA)'s? in/i)
    return { version, metrics: rsa ? rsaMetrics(output, asked) : blockMetrics(output, asked) }
  })
}

function blockMetrics(output: ToolOutput, asked: Asked): Record<string, number> {
  const [, size, count, seconds] = output.numbers(
    'the count of operations',
    /^Doing \S+(?: \S+)? for (\d+)s on (\d+) size blocks: (\d+) \S+(?: \S+)?'s in NUMBERs$/m,
  )
  const thousands = output.number('the rate', /^\S+(?: \S+)? +NUMBERk$/m)
  if (size === undefined || count === undefined || seconds === undefined) return {}
  if (asked.blockBytes !== undefined && size !== asked.blockBytes) {
    throw inconsistent(`blocks of ${asked.blockBytes} bytes were asked for and openssl used ${size}`)
  }
  checkCount(count, seconds, asked)
  const rate = thousands * 1000
  sameWithin(
    'operations × block size ÷ time',
    (count * size) / seconds,
    'bytes per second',
    rate,
    slack(rate, seconds),
  )
  return { mib_per_s: round(rate / 1024 / 1024), operations_per_s: round(rate / size) }
}

function rsaMetrics(output: ToolOutput, asked: Asked): Record<string, number> {
  const [signs, signS] = output.pair(
    'private operations',
    /^Doing \d+ bits private (?:rsa|RSA)'s for \d+s: (\d+) \d+ bits private (?:rsa|RSA)'s in NUMBERs$/m,
  )
  const [verifies, verifyS] = output.pair(
    'public operations',
    /^Doing \d+ bits public (?:rsa|RSA)'s for \d+s: (\d+) \d+ bits public (?:rsa|RSA)'s in NUMBERs$/m,
  )
  const [signRate, verifyRate] = output.pair(
    'the rates',
    /^rsa +\d+ bits +[\d.]+s +[\d.]+s +NUMBER +NUMBER$/m,
  )
  // Half of the trial each.
  const half = { ...asked, ...(asked.durationS !== undefined && { durationS: asked.durationS / 2 }) }
  checkCount(signs, signS, half)
  checkCount(verifies, verifyS, half)
  sameWithin('signatures ÷ time', signs / signS, 'sign/s', signRate, slack(signRate, signS) + 0.1)
  sameWithin(
    'verifications ÷ time',
    verifies / verifyS,
    'verify/s',
    verifyRate,
    slack(verifyRate, verifyS) + 0.1,
  )
  return { signs_per_s: signRate, verifies_per_s: verifyRate }
}

function checkCount(count: number, seconds: number, { durationS }: Asked): void {
  if (count === 0 || seconds === 0) throw inconsistent('openssl speed counted no operation', 'run longer')
  if (durationS !== undefined) checkLength('openssl speed', seconds, durationS)
}

const slack = (rate: number, seconds: number): number => (rate * roundedS) / seconds
const round = (value: number): number => Number(value.toFixed(2))
