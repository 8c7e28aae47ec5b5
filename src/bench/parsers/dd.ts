import type { Failure } from '../../model/failure.ts'
import type { Result } from '../../util/result.ts'
import type { Asked, ParsedOutput } from './parser.ts'
import { checkLength, sameWithin } from './self-check.ts'
import { inconsistent, reading, ToolOutput } from './tool-output.ts'

/**
 * `dd` of GNU coreutils, which writes to standard error: metrics `ns_per_operation`, `operations_per_s`, `seconds`. An
 * operation is one block: a call of read(2) and one of write(2).
 */
export function parseDd(text: string, asked: Asked): Result<ParsedOutput, Failure> {
  return reading(text, () => {
    const output = new ToolOutput('dd', text, 'dd of GNU coreutils is needed; the output is in the details')
    const [read, partlyRead] = output.pair('records in', /^(\d+)\+(\d+) records in$/m)
    const [written] = output.pair('records out', /^(\d+)\+(\d+) records out$/m)
    const [bytes, seconds] = output.pair('bytes', /^(\d+) bytes? (?:\([^)]*\) )?copied, NUMBER s,/m)
    if (read === 0 || seconds === 0) throw inconsistent('dd copied nothing', 'run longer')
    // A signal that ends dd may come between a read and its write.
    if (partlyRead > 1 || read - written > 1 || written > read) {
      throw inconsistent(`dd read ${read}+${partlyRead} blocks and wrote ${written}`)
    }
    if (asked.blockBytes !== undefined) {
      sameWithin('blocks × block size', written * asked.blockBytes, 'bytes', bytes, asked.blockBytes)
    }
    if (asked.durationS !== undefined) checkLength('dd', seconds, asked.durationS)
    return {
      metrics: {
        ns_per_operation: Number(((seconds / written) * 1e9).toFixed(2)),
        operations_per_s: Number((written / seconds).toFixed(2)),
        seconds,
      },
    }
  })
}
