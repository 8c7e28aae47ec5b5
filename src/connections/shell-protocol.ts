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
      const start = findMark(data, this.#start)
      const end = findMark(data, this.#end)
      // No start but an end: the command could not even be started, and what stands before the end says why.
      if (start.value === undefined && end.value === undefined) {
        this.#pending = data.subarray(Math.min(start.at, end.at))
        return
      }
      this.#state = 'inside'
      if (start.value !== undefined) {
        this.#on.started(start.value)
        data = data.subarray(start.after)
      }
    }
    const end = findMark(data, this.#end)
    if (end.at > 0) this.#on.output(data.subarray(0, end.at))
    if (end.value === undefined) {
      this.#pending = data.subarray(end.at)
      return
    }
    this.#state = 'after'
    this.#on.ended(end.value)
  }
}

export interface FrameEvents {
  started(processGroup: number): void
  output(chunk: Buffer): void
  ended(exitCode: number): void
}

/** A mark with its number; without a value, `at` is where one may begin that the next chunk completes. */
interface Mark {
  readonly at: number
  readonly after: number
  readonly value: number | undefined
}

/** Process group and exit code have at most ten digits. */
const numberLine = /^(\d{1,10})(\n?)/

function findMark(data: Buffer, mark: Buffer): Mark {
  for (let at = data.indexOf(mark); at >= 0; at = data.indexOf(mark, at + 1)) {
    const from = at + mark.length
    const rest = data.toString('latin1', from, from + 11)
    const [, digits = '', newline] = numberLine.exec(rest) ?? []
    if (newline === '\n') return { at, after: from + digits.length + 1, value: Number(digits) }
    if (rest === digits) return { at, after: at, value: undefined }
    // Something else follows, so the text of a mark was part of the output.
  }
  return { at: possibleStart(data, mark), after: 0, value: undefined }
}

/** Where the data ends with the beginning of a mark; its length when it does not. */
function possibleStart(data: Buffer, mark: Buffer): number {
  const at = data.lastIndexOf(0x1e)
  if (at < 0) return data.length
  const rest = data.subarray(at)
  return rest.length < mark.length && mark.subarray(0, rest.length).equals(rest) ? at : data.length
}
