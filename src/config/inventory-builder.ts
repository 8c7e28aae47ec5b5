import type { Group } from '../model/host.ts'
import type { Location } from '../model/location.ts'
import type { Value, Vars } from '../model/value.ts'
import type { Diagnostic } from './diagnostic.ts'
import { expandHostRange, splitPort } from './host-range.ts'

/** A group while the sources are read. */
export interface GroupDraft {
  readonly name: string
  readonly hosts: Set<string>
  readonly children: Set<string>
  readonly parents: Set<string>
  readonly vars: Vars
  readonly location?: Location
}

export interface HostDraft {
  readonly name: string
  readonly vars: Vars
  readonly location?: Location
}

/**
 * Collects groups, hosts and variables from any inventory format, in the order of the sources; later variables replace
 * earlier ones. Mistakes go to `diagnostics`; building goes on.
 */
export class InventoryBuilder {
  readonly diagnostics: Diagnostic[] = []
  readonly groups = new Map<string, GroupDraft>()
  readonly hosts = new Map<string, HostDraft>()

  constructor() {
    this.addGroup('all')
    this.addGroup('ungrouped')
  }

  complain(code: string, message: string, location?: Location, hint?: string): void {
    this.diagnostics.push({
      severity: 'error',
      code,
      message,
      ...(location ? { location } : {}),
      ...(hint === undefined ? {} : { hint }),
    })
  }

  addGroup(name: string, location?: Location): GroupDraft {
    const known = this.groups.get(name)
    if (known) return known
    if (!/^[^\s,:&![\]]+$/.test(name) || name.startsWith('-')) {
      const hint = 'use letters, digits, _ and -'
      this.complain('inventory-name', `"${name}" cannot be the name of a group`, location, hint)
    }
    const group: GroupDraft = {
      name,
      hosts: new Set(),
      children: new Set(),
      parents: new Set(),
      vars: emptyVars(),
      ...(location ? { location } : {}),
    }
    this.groups.set(name, group)
    return group
  }

  /** Adds the hosts that a line or key stands for (`web[01:10]:2222`) to a group; returns them. */
  addHosts(text: string, groupName: string, location?: Location): HostDraft[] {
    const { name: pattern, port } = splitPort(text)
    const names = expandHostRange(pattern)
    if (!names.ok) {
      this.complain('inventory-range', names.error, location)
      return []
    }
    return names.value.flatMap((name) => {
      const host = this.#addHost(name, location)
      if (!host) return []
      this.addGroup(groupName).hosts.add(name)
      if (port !== undefined) setVar(host.vars, 'ansible_port', port)
      return [host]
    })
  }

  #addHost(name: string, location?: Location): HostDraft | undefined {
    const known = this.hosts.get(name)
    if (known) return known
    if (!isHostName(name)) {
      const hint = 'use letters, digits, ., _, : and -, not starting with -; set ansible_host for an address'
      this.complain('inventory-name', `"${name}" cannot be the name of a host`, location, hint)
      return undefined
    }
    const host: HostDraft = { name, vars: emptyVars(), ...(location ? { location } : {}) }
    this.hosts.set(name, host)
    return host
  }

  addChild(parent: string, child: string, location?: Location): void {
    if (this.#reaches(child, parent)) {
      const message =
        parent === child
          ? `the group "${parent}" cannot be its own child`
          : `the group "${child}" already contains "${parent}": groups cannot go in a circle`
      this.complain('inventory-cycle', message, location)
      return
    }
    this.addGroup(parent).children.add(child)
    this.addGroup(child).parents.add(parent)
  }

  /** Every host in `all`; hosts in no group of their own in `ungrouped`, and groups without a parent below `all`. */
  finish(): { groups: Map<string, Group>; hosts: HostDraft[] } {
    const all = this.addGroup('all')
    const grouped = new Set<string>()
    for (const group of this.groups.values()) {
      if (group.name !== 'all' && group.name !== 'ungrouped')
        for (const host of group.hosts) grouped.add(host)
      if (group.name !== 'all' && group.parents.size === 0) {
        all.children.add(group.name)
        group.parents.add('all')
      }
    }
    const ungrouped = this.addGroup('ungrouped')
    for (const host of this.hosts.keys()) {
      if (grouped.has(host)) ungrouped.hosts.delete(host)
      else ungrouped.hosts.add(host)
    }
    // `ungrouped` comes first below `all`, as in Ansible.
    all.children.delete('ungrouped')
    const depths = this.#depths()
    const groups = new Map<string, Group>()
    for (const { name, hosts, children, vars } of this.groups.values()) {
      const list = name === 'all' ? ['ungrouped', ...children] : [...children]
      groups.set(name, { name, hosts: [...hosts], children: list, vars, depth: depths.get(name) ?? 1 })
    }
    return { groups, hosts: [...this.hosts.values()] }
  }

  #reaches(from: string, to: string): boolean {
    const open = [from]
    const seen = new Set(open)
    for (const name of open) {
      if (name === to) return true
      for (const child of this.groups.get(name)?.children ?? []) {
        if (!seen.has(child)) {
          seen.add(child)
          open.push(child)
        }
      }
    }
    return false
  }

  /** Longest way from `all`, which decides whose variables win. */
  #depths(): Map<string, number> {
    const depths = new Map<string, number>()
    const depthOf = (name: string): number => {
      const known = depths.get(name)
      if (known !== undefined) return known
      const parents = [...(this.groups.get(name)?.parents ?? [])]
      const depth = name === 'all' ? 0 : 1 + Math.max(0, ...parents.map(depthOf))
      depths.set(name, depth)
      return depth
    }
    for (const name of this.groups.keys()) depthOf(name)
    return depths
  }
}

/** Names reach file paths, ssh and shells' messages: nothing that any of them could misread. */
function isHostName(name: string): boolean {
  return /^[\p{L}\p{N}_.:][\p{L}\p{N}_.:%-]*$/u.test(name) && !/^\.+$/.test(name)
}

export function emptyVars(): Vars {
  return Object.create(null) as Vars
}

export function setVar(vars: Vars, name: string, value: Value): void {
  vars[name] = value
}

export function mergeVars(target: Vars, source: Vars): Vars {
  for (const name of Object.keys(source)) target[name] = source[name] as Value
  return target
}
