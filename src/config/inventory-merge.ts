import type { Group, Host, Inventory } from '../model/host.ts'
import type { Vars } from '../model/value.ts'
import { emptyVars, type HostDraft, mergeVars } from './inventory-builder.ts'
import { dynamicGroups, type VarsFolders } from './vars-folders.ts'

/** Gives every host its groups and variables, with Ansible's precedence. */
export function mergeInventory(
  { groups, hosts }: { groups: Map<string, Group>; hosts: readonly HostDraft[] },
  folders: VarsFolders,
  sources: readonly string[],
): Inventory {
  const priorities = new Map([...groups].map(([name, group]) => [name, takePriority(group.vars)]))
  const memberships = groupsOfHosts(groups)
  const order = (names: readonly string[]): string[] =>
    [...names].sort((a, b) => {
      const depth = (groups.get(a)?.depth ?? 0) - (groups.get(b)?.depth ?? 0)
      const priority = (priorities.get(a) ?? 1) - (priorities.get(b) ?? 1)
      return depth || priority || (a < b ? -1 : 1)
    })
  const merged = new Map<string, Host>()
  const drafts = hosts.some((host) => host.name === 'localhost')
    ? hosts
    : [...hosts, { name: 'localhost', vars: emptyVars() }]
  for (const { name, vars, location } of drafts) {
    const mine = order([...(memberships.get(name) ?? [])])
    const others = mine.filter((group) => group !== 'all')
    const result = emptyVars()
    // Ansible's VARIABLE_PRECEDENCE: in-file variables, then files beside the inventory, then beside the play.
    for (const group of ['all', ...others]) mergeVars(result, groups.get(group)?.vars ?? {})
    for (const where of ['inventory', 'play'] as const)
      mergeVars(result, folders.read(where, 'group_vars', 'all'))
    for (const where of ['inventory', 'play'] as const) {
      for (const group of others) mergeVars(result, folders.read(where, 'group_vars', group))
    }
    const isImplicit = !memberships.has(name)
    if (isImplicit) setDefault(result, 'ansible_connection', 'local')
    mergeVars(result, vars)
    for (const where of ['inventory', 'play'] as const)
      mergeVars(result, folders.read(where, 'host_vars', name))
    merged.set(name, { name, groups: mine, vars: result, ...(location ? { location } : {}) })
  }
  return { hosts: merged, groups: withFileVars(groups, folders), sources }
}

/** The implicit `localhost` is reached without ssh, whatever the variables of `all` say. */
function setDefault(vars: Vars, name: string, value: string): void {
  vars[name] = value
}

/** Groups with their variables from files added; a group that only a run fills appears when files are about it. */
function withFileVars(groups: Map<string, Group>, folders: VarsFolders): Map<string, Group> {
  const result = new Map<string, Group>()
  for (const [name, group] of groups)
    result.set(name, { ...group, vars: fileVars(name, group.vars, folders) })
  for (const name of dynamicGroups) {
    const vars = fileVars(name, emptyVars(), folders)
    if (!groups.has(name) && Object.keys(vars).length > 0) {
      result.set(name, { name, hosts: [], children: [], vars, depth: 1 })
    }
  }
  return result
}

function fileVars(name: string, own: Vars, folders: VarsFolders): Vars {
  const vars = mergeVars(emptyVars(), own)
  for (const where of ['inventory', 'play'] as const) mergeVars(vars, folders.read(where, 'group_vars', name))
  return vars
}

/** `ansible_group_priority` counts only where the inventory itself sets it, and is no variable of the hosts. */
function takePriority(vars: Vars): number {
  const value = Number(vars['ansible_group_priority'] ?? 1)
  delete vars['ansible_group_priority']
  return Number.isFinite(value) ? value : 1
}

/** Host name to the names of all its groups, parents included. */
function groupsOfHosts(groups: ReadonlyMap<string, Group>): Map<string, Set<string>> {
  const ancestors = new Map<string, Set<string>>()
  const parents = new Map<string, string[]>()
  for (const group of groups.values()) {
    for (const child of group.children) parents.set(child, [...(parents.get(child) ?? []), group.name])
  }
  const ancestorsOf = (name: string): Set<string> => {
    const known = ancestors.get(name)
    if (known) return known
    const found = new Set([name])
    for (const parent of parents.get(name) ?? []) for (const above of ancestorsOf(parent)) found.add(above)
    ancestors.set(name, found)
    return found
  }
  const result = new Map<string, Set<string>>()
  for (const group of groups.values()) {
    for (const host of group.hosts) {
      const mine = result.get(host) ?? new Set()
      for (const name of ancestorsOf(group.name)) mine.add(name)
      result.set(host, mine)
    }
  }
  return result
}
