import { type ZodType, z } from 'zod'
import { firstMistake } from '../../config/zod-diagnostics.ts'
import { unreadable } from './tool-output.ts'

/** Nothing that is counted or timed is below zero. */
export const figure = z.number().nonnegative()

/**
 * The JSON document in a program's output, checked against a schema. Programs print warnings and errors in front of it
 * even where JSON was asked for (fio: axboe/fio#731 and #1685; `note: both iodepth >= 1 and synchronous I/O engine …`),
 * so it starts at the first line that begins with a brace and ends with the last brace. Throws a Refusal.
 */
export function jsonOutput<Schema extends ZodType>(
  tool: string,
  text: string,
  schema: Schema,
): z.output<Schema> {
  const start = text.search(/^\{/m)
  const end = text.lastIndexOf('}')
  if (start === -1 || end < start) {
    throw unreadable(`the output of ${tool} holds no JSON document`, 'its output is in the details')
  }
  const document = parse(tool, text.slice(start, end + 1))
  const parsed = schema.safeParse(document)
  if (parsed.success) return parsed.data
  throw unreadable(
    `the JSON of ${tool} is not as expected: ${firstMistake(parsed.error, document, schema)}`,
    `it was written by a version of ${tool} that hvlab does not know, or is cut`,
  )
}

function parse(tool: string, json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw unreadable(
      `the JSON of ${tool} cannot be read: ${error.message}`,
      'the output was cut, or mixed with another',
    )
  }
}
