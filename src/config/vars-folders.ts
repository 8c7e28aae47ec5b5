import { join } from 'node:path'
import type { Group } from '../model/host.ts'
import type { Vars } from '../model/value.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { Diagnostic } from './diagnostic.ts'
import { emptyVars, type InventoryBuilder, mergeVars } from './inventory-builder.ts'
import { findVarsFiles, namesWithVars, readVarsFile } from './vars-files.ts'

/** Groups that a run fills: their variables are kept although the inventory has no such host yet. */
export const dynamicGroups: readonly string[] = ['guests']

/** `group_vars/` and `host_vars/` beside the inventories and beside the pipeline, each file read once. */
export class VarsFolders {
  readonly warnings: Diagnostic[] = []
  readonly #inventory: readonly string[]
  readonly #play: readonly string[]
  readonly #builder: InventoryBuilder
  readonly #cache = new Map<string, Vars>()
  /** Names that a folder has variables for: most hosts have none, and a set is asked faster than a disk. */
  readonly #names = new Map<string, ReadonlySet<string>>()

  constructor(
    inventory: readonly string[],
    play: string | undefined,
    builder: InventoryBuilder,
    groups: Map<string, Group>,
  ) {
    this.#inventory = [...new Set(inventory)]
    this.#play = play === undefined || this.#inventory.includes(play) ? [] : [play]
    this.#builder = builder
    this.#findStrays('group_vars', groups)
    this.#findStrays('host_vars', builder.hosts)
  }

  read(where: 'inventory' | 'play', kind: 'group_vars' | 'host_vars', name: string): Vars {
    const key = `${where}/${kind}/${name}`
    const known = this.#cache.get(key)
    if (known) return known
    const vars = emptyVars()
    for (const folder of where === 'inventory' ? this.#inventory : this.#play) {
      if (!this.#namesIn(join(folder, kind)).has(name)) continue
      for (const file of findVarsFiles(join(folder, kind), name)) {
        const read = readVarsFile(file)
        if (read.ok) mergeVars(vars, read.value)
        else this.#builder.diagnostics.push(...read.error)
      }
    }
    this.#cache.set(key, vars)
    return vars
  }

  #namesIn(folder: string): ReadonlySet<string> {
    const known = this.#names.get(folder) ?? new Set(namesWithVars(folder))
    this.#names.set(folder, known)
    return known
  }

  /** A file that names nobody is most often a typing error. */
  #findStrays(kind: 'group_vars' | 'host_vars', known: ReadonlyMap<string, unknown>): void {
    for (const folder of [...this.#inventory, ...this.#play]) {
      for (const name of this.#namesIn(join(folder, kind))) {
        if (known.has(name) || name === 'localhost' || dynamicGroups.includes(name)) continue
        const what = kind === 'group_vars' ? 'group' : 'host'
        const file = findVarsFiles(join(folder, kind), name)[0] ?? join(folder, kind, name)
        const hint = suggestion(name, known.keys())
        this.warnings.push({
          severity: 'warning',
          code: 'vars-unused',
          message: `the inventory has no ${what} "${name}": these variables are not used`,
          location: { file, line: 1, column: 1 },
          ...(hint === undefined ? {} : { hint }),
        })
      }
    }
  }
}
