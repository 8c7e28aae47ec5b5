import { z } from 'zod'
import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import { figure, jsonOutput } from './json-output.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { Refusal } from './refusal.ts'
import { checkLength, sameWithin } from './self-check.ts'
import { inconsistent, reading } from './tool-output.ts'

/*
 * `iperf3 --json`, 3.x. What went wrong stands in `error`, and the exit code may be 0 all the same (seen: 3.12 that
 * cannot connect). Up to 3.15 one thread serves all streams. Seconds leave out what --omit left out.
 */

const sumSchema = z.object({
  seconds: figure,
  bytes: figure,
  bits_per_second: figure,
  retransmits: figure.optional(),
  jitter_ms: figure.optional(),
  lost_percent: figure.optional(),
})
const datagramsSchema = sumSchema.extend({ packets: figure, lost_packets: figure })
const documentSchema = z.object({
  start: z.object({
    version: z.string(),
    test_start: z
      .object({
        protocol: z.string(),
        num_streams: figure,
        duration: figure,
        omit: figure.optional(),
      })
      .optional(),
  }),
  end: z.object({
    streams: z
      .array(
        z.object({
          sender: z.object({ mean_rtt: figure.optional() }).optional(),
          udp: datagramsSchema.optional(),
        }),
      )
      .optional(),
    sum: sumSchema.optional(),
    sum_sent: sumSchema.optional(),
    sum_received: sumSchema.optional(),
    cpu_utilization_percent: z.object({ host_total: figure, remote_total: figure }).optional(),
  }),
})
const errorSchema = z.object({ error: z.string().optional() })
type Sum = z.output<typeof sumSchema>

/**
 * Metrics: `mbit_per_s` (received), `sent_mbit_per_s`, `local_cpu_percent`, `remote_cpu_percent`; TCP `retransmits`,
 * `rtt_avg_us`; UDP `jitter_ms`, `lost_percent`.
 */
export function parseIperf3(stdout: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(stdout, () => {
    // Before the figures: where it failed, rates may be null.
    const { error } = jsonOutput('iperf3', stdout, errorSchema)
    if (error !== undefined) {
      throw new Refusal(
        'benchmark-tool-failed',
        `iperf3 says: ${error.replace(/^error - |\.$/g, '')}`,
        'the two ends must reach each other: look at firewalls and addresses',
      )
    }
    const { start, end } = jsonOutput('iperf3', stdout, documentSchema)
    const { sent, received } = sumsOf(end)
    if (start.test_start === undefined || sent === undefined || received === undefined) {
      throw inconsistent('iperf3 ended without a sum of what was sent and received')
    }
    const { protocol, num_streams: streams, omit = 0 } = start.test_start
    if (streams !== asked.threads) {
      throw inconsistent(`${asked.threads} streams were asked for and iperf3 ran ${streams}`)
    }
    for (const [name, sum] of [
      ['sent', sent],
      ['received', received],
    ] as const) {
      checkRate(name, sum)
    }
    // After --omit each end begins to count at its own moment: what was under way then is counted by the receiver only.
    if (omit === 0 && received.bytes > sent.bytes * 1.01) {
      throw inconsistent(`iperf3 received ${received.bytes} bytes and sent only ${sent.bytes}`)
    }
    if (asked.durationS !== undefined) checkLength('iperf3', sent.seconds, asked.durationS)
    const rtts = (end.streams ?? []).flatMap(({ sender }) => sender?.mean_rtt ?? [])
    const udp = end.sum
    return {
      version: start.version.replace(/^iperf /, ''),
      metrics: {
        mbit_per_s: round(received.bits_per_second / 1e6),
        sent_mbit_per_s: round(sent.bits_per_second / 1e6),
        ...(end.cpu_utilization_percent !== undefined && {
          local_cpu_percent: round(end.cpu_utilization_percent.host_total),
          remote_cpu_percent: round(end.cpu_utilization_percent.remote_total),
        }),
        ...(sent.retransmits !== undefined && { retransmits: sent.retransmits }),
        ...(rtts.length > 0 && { rtt_avg_us: round(rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length) }),
        ...(protocol === 'UDP' && udp?.jitter_ms !== undefined && { jitter_ms: round(udp.jitter_ms) }),
        ...(protocol === 'UDP' &&
          udp?.lost_percent !== undefined && { lost_percent: round(udp.lost_percent) }),
      },
    }
  })
}

/**
 * Up to 3.9 a run of UDP has no sums of the two ends, and the seconds of its one sum are the receiver's beside the sender's rate:
 * the streams say what was sent, and the lost datagrams what of it arrived.
 */
function sumsOf({
  streams = [],
  sum_sent: sent,
  sum_received: received,
}: z.output<typeof documentSchema>['end']): { readonly sent?: Sum; readonly received?: Sum } {
  const udp = streams.flatMap((stream) => stream.udp ?? [])
  const [first] = udp
  if (sent !== undefined || received !== undefined || first === undefined)
    return { ...(sent !== undefined && { sent }), ...(received !== undefined && { received }) }
  const { seconds } = first
  const total = (of: (stream: (typeof udp)[number]) => number): number =>
    udp.reduce((sum, stream) => sum + of(stream), 0)
  const arrived = ({ packets, lost_packets: lost }: (typeof udp)[number]): number => {
    if (lost > packets) throw inconsistent(`iperf3 lost ${lost} of ${packets} datagrams`)
    return packets === 0 ? 0 : 1 - lost / packets
  }
  return {
    sent: { seconds, bytes: total(({ bytes }) => bytes), bits_per_second: total((s) => s.bits_per_second) },
    received: {
      seconds,
      bytes: total((stream) => stream.bytes * arrived(stream)),
      bits_per_second: total((stream) => stream.bits_per_second * arrived(stream)),
    },
  }
}

function checkRate(name: string, { bytes, seconds, bits_per_second }: Sum): void {
  if (bytes === 0 || seconds <= 0) {
    throw inconsistent(`iperf3 ${name} ${bytes} bytes in ${seconds} s`, 'run longer')
  }
  sameWithin(`bits ${name} ÷ time`, (bytes * 8) / seconds, 'bits per second', bits_per_second)
}

const round = (value: number): number => Number(value.toFixed(3))
