import { isMap } from '../config/schema/common.ts'
import type { Value, Vars } from '../model/value.ts'
import { literal } from '../util/words.ts'

/** Groups that tasks of a pipeline make while it runs: `add_host` and `group_by`. A template in a name stands for anything. */
export class MadeGroups {
  readonly #names: RegExp[] = []

  /** Notes what a task makes, when it makes groups. */
  note(module: string, params: Vars | string): void {
    if (!isMap(params)) return
    if (module === 'group_by') this.#add(String(params['key'] ?? '').replaceAll(' ', '-'))
    if (module !== 'add_host') return
    for (const key of ['groups', 'group', 'groupname'])
      for (const name of listed(params[key])) this.#add(name)
  }

  has(name: string): boolean {
    return this.#names.some((made) => made.test(name))
  }

  #add(name: string): void {
    const parts = name.split(/\{\{.*?\}\}/s).map(literal)
    this.#names.push(new RegExp(`^${parts.join('.*')}$`, 's'))
  }
}

function listed(value: Value | undefined): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value.map(String)
  return String(value)
    .split(',')
    .map((name) => name.trim())
}
