import type { Effects } from '../model/event.ts'
import type { Host } from '../model/host.ts'
import type { Value, Vars } from '../model/value.ts'

/** What a run knows about one host, beyond the inventory. */
export class HostState {
  readonly host: Host
  /** From `setup` and modules that return facts, by name without `ansible_`. Untrusted data. */
  facts: Vars = Object.create(null)
  /** Names of facts that are variables without `ansible_` in front: those that a module gives so, as `packages`. */
  readonly plainFacts = new Set<string>()
  /** `set_fact` and `register`. Data: never read as templates again. */
  readonly set: Vars = Object.create(null)
  /** `include_vars`: templates, as in files of variables. */
  readonly included: Vars = Object.create(null)
  /** Variables of a host that came to be during the run: what a module found out about it, so data too. */
  readonly added: Vars = Object.create(null)
  /** Answers of facts' commands, until something on the host changes. */
  readonly factCache = new Map<string, Promise<unknown>>()
  /** A failed or unreachable host takes no part in later stages. */
  status: 'ok' | 'failed' | 'unreachable' = 'ok'

  constructor(host: Host) {
    this.host = host
  }

  /** The variables and facts that a task sets. */
  apply({ vars = {}, included = {}, facts = {} }: Effects): void {
    for (const [name, value] of Object.entries(vars)) this.setVariable(name, value)
    Object.assign(this.included, included)
    this.addFacts(facts)
  }

  addFacts(facts: Vars): void {
    for (const [name, value] of Object.entries(facts)) {
      if (!name.startsWith('ansible_')) this.plainFacts.add(name)
      this.facts[name.replace(/^ansible_/, '')] = value
    }
  }

  /** What was known of a host that is added anew. */
  takeFacts(before: HostState): void {
    Object.assign(this.facts, before.facts)
    for (const name of before.plainFacts) this.plainFacts.add(name)
  }

  setVariable(name: string, value: Value): void {
    this.set[name] = value
  }

  clearFacts(): void {
    this.facts = Object.create(null)
    this.plainFacts.clear()
    this.factCache.clear()
  }
}

/** Variables that say how a host is reached and as whom: what a host reports about itself cannot set them. */
export function isConnectionVariable(name: string): boolean {
  return (
    /^ansible_(?:host|port|user|password|connection|timeout|private_key_\w+|host_key_checking|shell_\w+|ssh_\w+|become\w*|sudo_\w+|su_\w+|\w+_interpreter)$/.test(
      name,
    ) || /^hvlab_(?:via|host_key)$/.test(name)
  )
}
