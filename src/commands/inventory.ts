import { parseExtraVars } from '../config/extra-vars.ts'
import { loadInventory } from '../config/inventory.ts'
import { inventoryGraph, inventoryList } from '../config/inventory-data.ts'
import { knownNames, limitedHosts } from '../config/pattern.ts'
import { printDiagnostics } from '../config/print-diagnostics.ts'
import { ExitCode } from '../model/exit-code.ts'
import type { Inventory } from '../model/host.ts'
import { defaultInventory, searchPathOf } from '../plan/search-path.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CommandEnvironment } from './environment.ts'
import { refuse, refuseFailure } from './mistakes.ts'
import type { RunOptions } from './run-options.ts'

export interface InventoryCommandOptions
  extends Pick<RunOptions, 'inventory' | 'limit' | 'extraVars' | 'format'> {
  readonly list: boolean
  readonly graph: boolean
  readonly host?: string
}

/** Shows the inventory as hvlab reads it: `--list` and `--host` as JSON (Ansible's form), else the groups as a tree. */
export async function inventoryCommand(
  options: InventoryCommandOptions,
  env: CommandEnvironment,
): Promise<number> {
  const sources = options.inventory.length > 0 ? options.inventory : defaultInventory(searchPathOf(env.cwd))
  const loaded = loadInventory(sources, { cwd: env.cwd })
  const extraVars = parseExtraVars(options.extraVars, env.cwd)
  const errors = [...(loaded.ok ? [] : loaded.error), ...(extraVars.ok ? [] : extraVars.error)]
  const { format, host, limit } = options
  if (!loaded.ok || !extraVars.ok) return refuse(errors, format, env)
  const { inventory, warnings } = loaded.value
  env.stderr(printDiagnostics(warnings, env))
  const hosts =
    limit === undefined ? new Set(inventory.hosts.keys()) : limitedHosts(inventory, limit, env.cwd)
  if (host !== undefined) return printHost(inventory, host, extraVars.value, format, env)
  const isList = options.list || (!options.graph && options.format.startsWith('json'))
  env.stdout(
    isList ? json(inventoryList(inventory, hosts, extraVars.value)) : inventoryGraph(inventory, hosts),
  )
  return ExitCode.ok
}

function printHost(
  inventory: Inventory,
  name: string,
  extraVars: object,
  format: RunOptions['format'],
  env: CommandEnvironment,
): number {
  const host = inventory.hosts.get(name)
  if (host) {
    env.stdout(json({ ...host.vars, ...extraVars }))
    return ExitCode.ok
  }
  const message = `the inventory has no host "${name}"`
  const hint = suggestion(name, inventory.hosts.keys()) ?? knownNames(inventory)
  return refuseFailure({ reason: 'config', code: 'host-unknown', message, hint }, format, env)
}

function json(value: unknown): string {
  return `${JSON.stringify(sorted(value), null, 4)}\n`
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}
