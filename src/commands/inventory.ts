import { parseExtraVars } from '../config/extra-vars.ts'
import { loadInventory } from '../config/inventory.ts'
import { inventoryGraph, inventoryList } from '../config/inventory-data.ts'
import { matchHosts, readLimit } from '../config/pattern.ts'
import { printDiagnostics } from '../config/print-diagnostics.ts'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import { defaultInventory, searchPathOf } from '../plan/search-path.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CommandEnvironment } from './environment.ts'
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
  const warnings = loaded.ok ? loaded.value.warnings : []
  env.stderr(printDiagnostics([...errors, ...warnings], env))
  if (!loaded.ok || !extraVars.ok) return ExitCode.usage
  const { inventory } = loaded.value
  const hosts = limited(inventory, options.limit, env)
  if (!hosts) return ExitCode.usage
  if (options.host !== undefined) return printHost(inventory, options.host, extraVars.value, env)
  const isList = options.list || (!options.graph && options.format.startsWith('json'))
  env.stdout(
    isList ? json(inventoryList(inventory, hosts, extraVars.value)) : inventoryGraph(inventory, hosts),
  )
  return ExitCode.ok
}

/** Names of the hosts that `--limit` leaves; undefined after its mistake was printed. */
function limited(
  inventory: Inventory,
  limit: string | undefined,
  env: CommandEnvironment,
): ReadonlySet<string> | undefined {
  if (limit === undefined) return new Set(inventory.hosts.keys())
  try {
    const hosts = matchHosts(inventory, readLimit(limit, env.cwd))
    if (hosts.length > 0) return new Set(hosts)
    env.stderr(`error: --limit ${limit} matches no host of the inventory\n`)
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    env.stderr(`error: ${error.message}\n`)
  }
  return undefined
}

function printHost(inventory: Inventory, name: string, extraVars: object, env: CommandEnvironment): number {
  const host = inventory.hosts.get(name)
  if (host) {
    env.stdout(json({ ...host.vars, ...extraVars }))
    return ExitCode.ok
  }
  const hint = suggestion(name, inventory.hosts.keys())
  env.stderr(`error: the inventory has no host "${name}"\n${hint === undefined ? '' : `  hint: ${hint}\n`}`)
  return ExitCode.usage
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
