import { knownNames, matchPattern } from '../config/pattern.ts'
import type { Event } from '../model/event.ts'
import { FailureError } from '../model/failure.ts'
import type { Group, Inventory } from '../model/host.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { guestsOf, type LabGuest } from './lab-answer.ts'
import { notRunning } from './not-running.ts'

/**
 * What guests are called besides their names in the inventory: by themselves (`guest1`, where several hypervisors have one of that name)
 * and as domains (`hvlab-guest1`), as `hvlab status` and `ssh` call them. In a pattern such a name stands for all guests that have it.
 */
export class GuestNames {
  readonly #guests: LabGuest[] = []
  readonly #silent: string[] = []

  /** Reads what a hypervisor has answered; `stage` is the one that asks. */
  learn(event: Event, stage: string): void {
    if (event.kind !== 'task.finished' || event.stage !== stage) return
    const { host, outcome, data } = event
    if (outcome.kind === 'failed' || outcome.kind === 'unreachable') this.#silent.push(host)
    else this.#guests.push(...guestsOf(host, data))
  }

  /** Hosts that a pattern stands for, guests by any of their names. Throws for a term that is nothing, and for a guest that is off. */
  match(inventory: Inventory, pattern: string): readonly string[] {
    const { hosts, unmatched } = matchPattern(this.#withNames(inventory), pattern)
    const [slip] = unmatched
    if (slip === undefined) return hosts
    const off = this.#guests.find(({ host, name, domain }) => [host, name, domain].includes(slip.term))
    if (off !== undefined) throw notRunning(off)
    const names = this.#guests.flatMap(({ host, name }) => [host, name])
    const silent =
      this.#silent.length > 0 ? `${this.#silent.join(', ')} gave no answer and may have it. ` : ''
    throw new FailureError({
      reason: 'config',
      code: 'no-hosts-matched',
      message: `There is no host, group or guest called "${slip.term}".`,
      hint: `${silent}${suggestion(slip.term, names) ?? knownNames(inventory)}`,
    })
  }

  #withNames(inventory: Inventory): Inventory {
    const groups = new Map<string, Group>(inventory.groups)
    for (const { host, name, domain } of this.#guests) {
      // Off, it is no host.
      if (!inventory.hosts.has(host)) continue
      for (const called of [name, domain]) {
        if (inventory.hosts.has(called) || inventory.groups.has(called)) continue
        const hosts = groups.get(called)?.hosts ?? []
        groups.set(called, { name: called, hosts: [...hosts, host], children: [], vars: {}, depth: 1 })
      }
    }
    return { ...inventory, groups }
  }
}
