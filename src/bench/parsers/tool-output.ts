import type { Failure } from '../../model/failure.ts'
import { err, ok, type Result } from '../../util/result.ts'
import type { ParsedOutput } from './parser.ts'
import { Refusal } from './refusal.ts'

/** Longest piece of an output that goes into a failure's details. */
const quoted = 4000

/** Runs a parser over text; what it refuses comes back as a Failure that quotes the output. */
export function reading(text: string, read: () => ParsedOutput): Result<ParsedOutput, Failure> {
  try {
    return ok(read())
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return err({
      reason: 'module',
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
      details: text.slice(0, quoted),
    })
  }
}

export function unreadable(message: string, hint: string): Refusal {
  return new Refusal('benchmark-output-unreadable', message, hint)
}

export function inconsistent(message: string, hint?: string): Refusal {
  return new Refusal('benchmark-output-inconsistent', message, hint)
}

/**
 * What a program prints for people. Lines are matched whole: a decimal comma or a cut line must not pass as a smaller number. A last line
 * without an end may be cut, and does not count.
 */
export class ToolOutput {
  readonly #tool: string
  readonly #text: string
  readonly #hint: string

  /** `hint`: what to do when a line is missing. */
  constructor(tool: string, text: string, hint: string) {
    this.#tool = tool
    this.#text = text.slice(0, text.lastIndexOf('\n') + 1)
    this.#hint = hint
  }

  /** `NUMBER` in a pattern stands for a decimal number, captured. */
  optional(what: string, pattern: RegExp): number | undefined {
    return this.optionalNumbers(what, pattern)?.[0]
  }

  number(what: string, pattern: RegExp): number {
    return this.#required(what, this.optional(what, pattern))
  }

  /** Every captured group as a number. */
  numbers(what: string, pattern: RegExp): number[] {
    return this.#required(what, this.optionalNumbers(what, pattern))
  }

  /** The first two captured groups. */
  pair(what: string, pattern: RegExp): [number, number] {
    const [first, second] = this.numbers(what, pattern)
    return [this.#required(what, first), this.#required(what, second)]
  }

  optionalNumbers(what: string, pattern: RegExp): number[] | undefined {
    const match = this.#text.match(numeric(pattern))
    return match === null ? undefined : match.slice(1).map((group) => this.#numberOf(what, group))
  }

  text(what: string, pattern: RegExp): string {
    return this.#required(what, this.#text.match(numeric(pattern))?.[1])
  }

  /** Every match of a global pattern. */
  all(pattern: RegExp): RegExpExecArray[] {
    return [...this.#text.matchAll(numeric(pattern))]
  }

  has(pattern: RegExp): boolean {
    return pattern.test(this.#text)
  }

  #required<T>(what: string, found: T | undefined): T {
    if (found !== undefined) return found
    throw unreadable(`the output of ${this.#tool} has no readable line for ${what}`, this.#hint)
  }

  #numberOf(what: string, text: string | undefined): number {
    const value = Number(text)
    if (text !== undefined && text !== '' && Number.isFinite(value)) return value
    throw unreadable(`the output of ${this.#tool} has no number for ${what}`, this.#hint)
  }
}

function numeric(pattern: RegExp): RegExp {
  return new RegExp(pattern.source.replaceAll('NUMBER', '(\\d+(?:\\.\\d+)?)'), pattern.flags)
}
