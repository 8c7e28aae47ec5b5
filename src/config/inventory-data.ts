import type { Inventory } from '../model/host.ts'
import type { Vars } from '../model/value.ts'

/** The form of `ansible-inventory --list`: groups with hosts and children, variables of hosts under `_meta`. */
export function inventoryList(
  inventory: Inventory,
  hosts: ReadonlySet<string>,
  extraVars: Vars = {},
): Record<string, unknown> {
  const groups = new Map<string, Record<string, readonly string[]>>()
  for (const name of groupsInOrder(inventory)) {
    const group = inventory.groups.get(name)
    if (!group) continue
    const own = name === 'all' ? [] : group.hosts.filter((host) => hosts.has(host))
    const children = group.children.filter(
      (child) => child !== 'ungrouped' || hasHosts(inventory, child, hosts),
    )
    const parts = { ...(children.length > 0 ? { children } : {}), ...(own.length > 0 ? { hosts: own } : {}) }
    if (Object.keys(parts).length > 0) groups.set(name, parts)
  }
  const hostvars = [...inventory.hosts.values()]
    .filter((host) => hosts.has(host.name) && host.groups.length > 0)
    .map((host): [string, Vars] => [host.name, { ...host.vars, ...extraVars }])
    .filter(([, vars]) => Object.keys(vars).length > 0)
  return Object.fromEntries<unknown>([['_meta', { hostvars: Object.fromEntries(hostvars) }], ...groups])
}

function hasHosts(inventory: Inventory, group: string, hosts: ReadonlySet<string>): boolean {
  return (inventory.groups.get(group)?.hosts ?? []).some((host) => hosts.has(host))
}

function groupsInOrder(inventory: Inventory): string[] {
  const names = ['all']
  for (const name of names) {
    for (const child of inventory.groups.get(name)?.children ?? [])
      if (!names.includes(child)) names.push(child)
  }
  return names
}

/** The form of `ansible-inventory --graph`. */
export function inventoryGraph(inventory: Inventory, hosts: ReadonlySet<string>): string {
  return `${graphLines(inventory, 'all', 0, hosts).join('\n')}\n`
}

function graphLines(inventory: Inventory, name: string, depth: number, hosts: ReadonlySet<string>): string[] {
  const group = inventory.groups.get(name)
  if (!group) return []
  const own = name === 'all' ? [] : group.hosts.filter((host) => hosts.has(host))
  return [
    branch(`@${name}:`, depth),
    ...group.children.flatMap((child) => graphLines(inventory, child, depth + 1, hosts)),
    ...own.map((host) => branch(host, depth + 1)),
  ]
}

function branch(text: string, depth: number): string {
  return depth === 0 ? text : `${'  |'.repeat(depth)}--${text}`
}
