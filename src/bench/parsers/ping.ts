import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkLength } from './self-check.ts'
import { inconsistent, reading, ToolOutput } from './tool-output.ts'

/** `ping -q` of iputils: metrics `rtt_avg_us`, `rtt_min_us`, `rtt_max_us`, `rtt_mdev_us`, `replies`, `lost_percent`. */
export function parsePing(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    const output = new ToolOutput('ping', stdout, 'ping of iputils is needed; the output is in the details')
    const [sent, received] = output.pair(
      'packets',
      // The printed order is duplicates, corrupted, errors; any of them may be there.
      /^(\d+) packets transmitted, (\d+) received,(?: \+\d+ (?:duplicates|corrupted|errors),)* [\d.]+% packet loss/m,
    )
    const lost = output.number('packet loss', / NUMBER% packet loss/m)
    const seconds = output.number('time', /% packet loss, time (\d+)ms$/m) / 1000
    if (received === 0)
      throw inconsistent(`none of ${sent} packets came back`, 'look at firewalls and addresses')
    const [min = 0, avg = 0, max = 0, deviation = 0] = output.numbers(
      'round trips',
      /^rtt min\/avg\/max\/mdev = NUMBER\/NUMBER\/NUMBER\/NUMBER ms/m,
    )
    if (received > sent) throw inconsistent(`ping sent ${sent} packets and received ${received}`)
    // iputils cuts the digits off; older versions print whole percent.
    if (Math.abs((1 - received / sent) * 100 - lost) > 1) {
      throw inconsistent(`${received} of ${sent} packets came back, and ping says that ${lost} % were lost`)
    }
    if (!(min <= avg && avg <= max)) {
      throw inconsistent(`ping's mean (${avg} ms) is not between ${min} and ${max} ms`)
    }
    // Digits are cut off, not rounded.
    if (deviation > max - min + 0.001) {
      throw inconsistent(`ping's deviation (${deviation} ms) is more than ${max} − ${min} ms`)
    }
    // The time is from the first packet to the last.
    if (asked.durationS !== undefined) checkLength('ping', seconds + max / 1000 + 0.05, asked.durationS)
    return {
      metrics: {
        rtt_avg_us: micro(avg),
        rtt_min_us: micro(min),
        rtt_max_us: micro(max),
        rtt_mdev_us: micro(deviation),
        replies: received,
        lost_percent: Number(((1 - received / sent) * 100).toFixed(3)),
      },
    }
  })
}

const micro = (milliseconds: number): number => Number((milliseconds * 1000).toFixed(1))
