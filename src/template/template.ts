import type { Value } from '../model/value.ts'

/**
 * A mapping whose values are made when asked for: `hostvars` of a thousand hosts costs nothing until one is read.
 * Templates treat it like a dictionary.
 */
export class LazyMap {
  readonly keys: () => readonly string[]
  readonly get: (name: string) => Value | LazyMap | undefined
  constructor(source: {
    readonly keys: () => readonly string[]
    readonly get: (name: string) => Value | LazyMap | undefined
  }) {
    this.keys = source.keys
    this.get = source.get
  }
}

/** Names that templates may use. Looked up lazily, so that only what is used is resolved. */
export interface Scope {
  /** The final value of a variable, or undefined when there is none. May throw TemplateError for what it refers to. */
  get(name: string): Value | LazyMap | undefined
  /** Absolute path of a file that `lookup('file', …)` names. Without it such a look-up is an error. */
  locate?(name: string): string
  /** Names of variables, for `lookup('varnames', …)`. */
  names?(): readonly string[]
}

/** Jinja2 text or an expression that did not work: syntax, an undefined name, a filter's complaint. */
export class TemplateError extends Error {
  /** The undefined variable's name, when that was it. */
  readonly undefinedName?: string
  /** The filter or test that does not exist, when that was it. */
  readonly unknown?: { readonly what: 'filter' | 'test'; readonly name: string }
  /** Line in the template, from 1. */
  readonly line?: number
  constructor(
    message: string,
    details: {
      undefinedName?: string
      unknown?: { what: 'filter' | 'test'; name: string }
      line?: number
    } = {},
  ) {
    super(message)
    this.name = 'TemplateError'
    if (details.undefinedName !== undefined) this.undefinedName = details.undefinedName
    if (details.unknown !== undefined) this.unknown = details.unknown
    if (details.line !== undefined) this.line = details.line
  }
}

/** True when the text has `{{`, `{%` or `{#`. */
export function hasTemplate(text: string): boolean {
  return /\{\{|\{%|\{#/.test(text)
}
