import type { Group, Host, Inventory } from '../model/host.ts'
import type { Vars } from '../model/value.ts'
import { HostState } from './host-state.ts'

/** A host that came to be while the run went on. */
export interface NewHost {
  readonly name: string
  readonly groups: readonly string[]
  readonly vars: Vars
}

/** The inventory while a run goes on: hosts can be added, and each has a state. */
export class RunInventory {
  readonly #sources: readonly string[]
  readonly #hosts: Map<string, Host>
  readonly #groups: Map<string, Group>
  readonly #states = new Map<string, HostState>()
  readonly #added = new Set<string>()

  constructor(inventory: Inventory) {
    this.#sources = inventory.sources
    this.#hosts = new Map(inventory.hosts)
    this.#groups = new Map(inventory.groups)
  }

  /** As it is now, for patterns. */
  get inventory(): Inventory {
    return { sources: this.#sources, hosts: this.#hosts, groups: this.#groups }
  }

  hostNames(): string[] {
    return [...this.#hosts.keys()]
  }

  hosts(): Host[] {
    return [...this.#hosts.values()]
  }

  has(name: string): boolean {
    return this.#hosts.has(name)
  }

  isAdded(name: string): boolean {
    return this.#added.has(name)
  }

  /** Group names to host names, children's hosts included, as the variable `groups` shows them. */
  groupHosts(): ReadonlyMap<string, readonly string[]> {
    const members = new Map<string, string[]>([...this.#groups.keys()].map((group) => [group, []]))
    for (const host of this.#hosts.values()) {
      // The implicit localhost is in no group, not even in `all`.
      for (const group of host.groups) {
        const list = members.get(group)
        if (list === undefined) members.set(group, [host.name])
        else list.push(host.name)
      }
    }
    return members
  }

  /** The state of a host. One that no inventory names (a `delegate_to`) has a state, but is in no group. */
  state(name: string): HostState {
    const known = this.#states.get(name)
    if (known !== undefined) return known
    const host = this.#hosts.get(name) ?? { name, groups: [], vars: Object.create(null) }
    const state = new HostState(host)
    this.#states.set(name, state)
    return state
  }

  /** Adds a host, or gives an existing one further groups and variables. Variables of its groups count below its own. */
  add({ name, groups, vars }: NewHost): Host {
    const old = this.#hosts.get(name)
    const allGroups = this.#withParents(new Set(['all', ...(old?.groups ?? []), ...groups]))
    const merged: Vars = Object.create(null)
    for (const group of allGroups) Object.assign(merged, this.#groups.get(group)?.vars)
    Object.assign(merged, old?.vars)
    const host: Host = { name, groups: allGroups, vars: merged }
    this.#hosts.set(name, host)
    this.#added.add(name)
    for (const group of groups) this.#addMember(group, name)
    const state = new HostState(host)
    const before = this.#states.get(name)
    if (before !== undefined) {
      state.takeFacts(before)
      Object.assign(state.set, before.set)
      Object.assign(state.included, before.included)
      Object.assign(state.added, before.added)
      state.status = before.status
    }
    Object.assign(state.added, vars)
    this.#states.set(name, state)
    return host
  }

  #addMember(name: string, host: string): void {
    const fresh: Group = { name, hosts: [], children: [], vars: Object.create(null), depth: 1 }
    const group = this.#groups.get(name) ?? fresh
    if (!group.hosts.includes(host)) this.#groups.set(name, { ...group, hosts: [...group.hosts, host] })
  }

  /** `all` first, then by depth and name. */
  #withParents(names: Set<string>): string[] {
    let before = -1
    while (names.size !== before) {
      before = names.size
      for (const group of this.#groups.values()) {
        if (group.children.some((child) => names.has(child))) names.add(group.name)
      }
    }
    const depth = (name: string): number => (name === 'all' ? 0 : (this.#groups.get(name)?.depth ?? 1))
    return [...names].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))
  }
}
