import type { Location } from './location.ts'
import type { Vars } from './value.ts'

/** One machine of the inventory. `vars` are merged from the inventory with Ansible's precedence, still untemplated. */
export interface Host {
  readonly name: string
  /** Every group the host is in, parents included, `all` first, then by depth and name. */
  readonly groups: readonly string[]
  readonly vars: Vars
  readonly location?: Location
}

export interface Inventory {
  readonly hosts: ReadonlyMap<string, Host>
  /** Group name to its direct hosts and child groups, and its depth below `all`. */
  readonly groups: ReadonlyMap<string, Group>
  /** The files or folders it was read from, absolute. */
  readonly sources: readonly string[]
}

export interface Group {
  readonly name: string
  readonly hosts: readonly string[]
  readonly children: readonly string[]
  readonly vars: Vars
  readonly depth: number
}
