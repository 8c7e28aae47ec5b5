import type { Value, Vars } from '../model/value.ts'
import { renderValue } from '../template/jinja.ts'
import type { LazyMap, Scope } from '../template/template.ts'
import { TemplateError } from '../template/template.ts'
import type { FileKind } from './locate-file.ts'

/** Variables of one origin. Those from files are templates; what hosts and results say is data and stays as it is. */
export interface Layer {
  readonly vars: Vars
  readonly isData: boolean
}

export const templates = (vars: Vars): Layer => ({ vars, isData: false })
export const data = (vars: Vars): Layer => ({ vars, isData: true })

export interface ScopeSources {
  /** From the lowest precedence to the highest. */
  readonly layers: readonly Layer[]
  /** Names that no layer can override: `inventory_hostname`, `hostvars` … */
  readonly magic: (name: string, scope: VariableScope) => Value | LazyMap | undefined
  readonly locate?: (name: string, kind: FileKind) => string
  /** Whose variables they are, when not the task's own: for messages. */
  readonly host?: string
}

/**
 * The variables of one task on one host. A variable is found in the highest layer that has it, filled in when it is
 * asked for, and kept. One that refers to itself, also through others, is an error that shows the circle.
 */
export class VariableScope implements Scope {
  readonly #sources: ScopeSources
  readonly #known = new Map<string, Value | LazyMap>()
  readonly #beingResolved: string[]

  /** @param outer The scope that asks: a circle may lead through several. */
  constructor(sources: ScopeSources, outer?: VariableScope) {
    this.#sources = sources
    this.#beingResolved = outer === undefined ? [] : outer.#beingResolved
  }

  /** A scope with one more layer above all others, e.g. a loop's item. */
  with(vars: Vars): VariableScope {
    return new VariableScope({ ...this.#sources, layers: [...this.#sources.layers, data(vars)] })
  }

  get(name: string): Value | LazyMap | undefined {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const value = this.#find(name)
    if (value !== undefined) this.#known.set(name, value)
    return value
  }

  locate(name: string, kind: FileKind = 'files'): string {
    if (this.#sources.locate === undefined) throw new TemplateError("'lookup' cannot read files here")
    return this.#sources.locate(name, kind)
  }

  /** Every name that a layer has a value for. */
  names(): string[] {
    return [...new Set(this.#sources.layers.flatMap(({ vars }) => Object.keys(vars)))]
  }

  #find(name: string): Value | LazyMap | undefined {
    const magic = this.#sources.magic(name, this)
    if (magic !== undefined) return magic
    for (let index = this.#sources.layers.length - 1; index >= 0; index -= 1) {
      const layer = this.#sources.layers[index]
      if (layer === undefined || !Object.hasOwn(layer.vars, name)) continue
      const value = layer.vars[name] ?? null
      return layer.isData ? value : this.#resolve(name, value)
    }
    return undefined
  }

  #resolve(name: string, value: Value): Value {
    const { host } = this.#sources
    const shown = host === undefined ? name : `hostvars['${host}'].${name}`
    if (this.#beingResolved.includes(shown)) {
      const circle = [...this.#beingResolved.slice(this.#beingResolved.indexOf(shown)), shown]
      throw new TemplateError(`the variable '${shown}' refers to itself: ${circle.join(' → ')}`)
    }
    this.#beingResolved.push(shown)
    try {
      return renderValue(value, this)
    } catch (error) {
      throw error instanceof TemplateError ? within(error, name) : error
    } finally {
      this.#beingResolved.pop()
    }
  }
}

/** Says which variable's template was wrong, once: the innermost. */
function within(error: TemplateError, name: string): TemplateError {
  if (error.message.includes('in the variable') || error.message.includes('refers to itself')) return error
  const details = error.undefinedName === undefined ? {} : { undefinedName: error.undefinedName }
  return new TemplateError(`${error.message}, in the variable '${name}'`, details)
}
