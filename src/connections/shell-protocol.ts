import { quote } from '../util/sh.ts'

/**
 * How a command travels through a shell that stays open. The shell gets one line per command and frames what the
 * command prints on both streams with marks that carry a random id:
 *
 *     <RS>id+<process group>\n  …output…  <RS>id-<exit code>\n
 *
 * Everything outside the frame (message of the day, noisy login files, a forgotten background process) is dropped.
 * RS is byte 0x1e, so hardly any output has to be held back while it might be the beginning of a mark.
 */
export interface FramedCommand {
  readonly id: string
  /** Shell text; runs in a `/bin/sh` of its own that leads a new session, so that its group can be killed whole. */
  readonly text: string
  /** `none`: /dev/null; `channel`: what follows on the channel; bytes: sent inside the line. */
  readonly stdin: 'none' | 'channel' | Uint8Array
  readonly shell: string
}

/** Linux allows 128 KiB for one variable (MAX_ARG_STRLEN); some room is left for the name. */
export const maxCommandBytes = 120 * 1024

/** Larger input goes over a channel of its own; inside a line it may grow five times. */
export const maxInlineInputBytes = 64 * 1024

/**
 * The line for the shell. The text travels in a variable and not in an argument: arguments are readable by every user
 * of the host through /proc.
 */
export function frameLine(command: FramedCommand): string {
  const { id, text, stdin, shell } = command
  const start = `HVLAB_ID=${id} HVLAB_SCRIPT=${quote(text)} setsid ${quote(shell)} -c ${quote(prologue)}`
  const run =
    stdin === 'channel'
      ? start
      : stdin === 'none' || stdin.length === 0
        ? `${start} </dev/null`
        : `printf %b ${quote(printfEscape(stdin))} | ${start}`
  return `${run}; hvlab_code=$?; printf '\\036%s-%s\\n' ${id} "$hvlab_code"; printf '\\036%s-%s\\n' ${id} "$hvlab_code" >&2\n`
}

const prologue = [
  `printf '\\036%s+%s\\n' "$HVLAB_ID" "$$"`,
  `printf '\\036%s+%s\\n' "$HVLAB_ID" "$$" >&2`,
  'unset HVLAB_ID',
  'eval "unset HVLAB_SCRIPT\n$HVLAB_SCRIPT"',
].join('; ')

/** Any bytes as an argument of `printf %b`, which every POSIX shell has built in. */
function printfEscape(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const plain = (byte >= 0x20 && byte < 0x7f && byte !== 0x5c) || byte === 0x0a
    text += plain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`
  }
  return text
}

/** Finds the frame of one command in one stream, whatever the chunk borders are. */
export class FrameScanner {
  readonly #start: Buffer
  readonly #end: Buffer
  #pending: Buffer = Buffer.alloc(0)
  #state: 'before' | 'inside' | 'after' = 'before'
  readonly #on: FrameEvents

  constructor(id: string, on: FrameEvents) {
    this.#start = Buffer.from(`\x1e${id}+`)
    this.#end = Buffer.from(`\x1e${id}-`)
    this.#on = on
  }

  feed(chunk: Buffer): void {
    if (this.#state === 'after') return
    let data = this.#pending.length > 0 ? Buffer.concat([this.#pending, chunk]) : chunk
    this.#pending = Buffer.alloc(0)
    if (this.#state === 'before') {
      const mark = readMark(data, this.#start)
      // No start but an end: the command could not even be started, and what stands before the end says why.
      if (mark === undefined && readMark(data, this.#end) === undefined) {
        this.#pending = data.subarray(
          Math.min(possibleMark(data, this.#start), possibleMark(data, this.#end)),
        )
        return
      }
      this.#state = 'inside'
      if (mark !== undefined) {
        this.#on.started(mark.value)
        data = data.subarray(mark.after)
      }
    }
    const mark = readMark(data, this.#end)
    const outputEnd = mark?.at ?? possibleMark(data, this.#end)
    if (outputEnd > 0) this.#on.output(data.subarray(0, outputEnd))
    if (mark === undefined) {
      this.#pending = data.subarray(outputEnd)
      return
    }
    this.#state = 'after'
    this.#on.ended(mark.value)
  }
}

export interface FrameEvents {
  started(processGroup: number): void
  output(chunk: Buffer): void
  ended(exitCode: number): void
}

function readMark(data: Buffer, mark: Buffer): { at: number; after: number; value: number } | undefined {
  const at = data.indexOf(mark)
  if (at < 0) return undefined
  const newline = data.indexOf(0x0a, at + mark.length)
  if (newline < 0) return undefined
  return { at, after: newline + 1, value: Number(data.toString('latin1', at + mark.length, newline)) }
}

/** Where a mark begins whose rest may come with the next chunk; the length of the data when there is none. */
function possibleMark(data: Buffer, mark: Buffer): number {
  const whole = data.indexOf(mark)
  if (whole >= 0) return whole
  const at = data.lastIndexOf(0x1e)
  if (at < 0) return data.length
  const rest = data.subarray(at)
  return rest.length < mark.length && mark.subarray(0, rest.length).equals(rest) ? at : data.length
}
