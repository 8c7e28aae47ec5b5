import type { PlayStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'
import { render } from '../template/jinja.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'
import type { Engine } from './engine.ts'
import { atTop, type Inclusion, type Inherited } from './inherited.ts'
import type { Place } from './scopes.ts'
import { taskScope } from './scopes.ts'

/** Hosts that wait for a handler, and whether a task inside an inclusion of its role notified it. */
interface Notice {
  readonly hosts: Set<string>
  isInside: boolean
}

/** A handler that runs now, with what the last inclusion of its role gives it. */
interface Notified {
  readonly index: number
  readonly handler: Task
  readonly hosts: readonly string[]
  readonly inclusion: Inclusion | undefined
}

/**
 * The handlers of one play and who notified them. Each runs once a host at the next flush, in the order written; those of an included
 * role with the variables of its last inclusion, as in Ansible.
 */
export class Handlers {
  readonly #engine: Engine
  readonly #place: Place
  readonly #handlers: readonly Task[]
  /** The last inclusion of each role, by its key. */
  readonly #brought = new Map<string, Inclusion>()
  readonly #pending = new Map<number, Notice>()

  constructor(engine: Engine, place: Place, stage: PlayStage) {
    this.#engine = engine
    this.#place = place
    this.#handlers = stage.handlers
  }

  /** Names that no handler answers to on this host. */
  unknown(host: string, names: readonly string[]): string[] {
    return names.filter((name) => this.#answering(host, name, false).length === 0)
  }

  notify(host: string, names: readonly string[], by: Task, { inclusion }: Inherited): void {
    for (const index of names.flatMap((name) => this.#answering(host, name, inclusion !== undefined))) {
      const notice = this.#pending.get(index) ?? { hosts: new Set(), isInside: false }
      this.#pending.set(index, notice)
      notice.hosts.add(host)
      notice.isInside ||= inclusion !== undefined && this.#isOfRole(index, by)
    }
  }

  /** A role was included, with these variables. */
  bring(roles: readonly string[], inclusion: Inclusion): void {
    for (const role of roles) this.#brought.set(role, inclusion)
  }

  /** Takes the next handler to run, from an index on, and its hosts among those given; undefined when nothing is left. */
  takeNext(hosts: readonly string[], from: number): Notified | undefined {
    for (const [index, handler] of this.#handlers.entries()) {
      const notice = this.#pending.get(index)
      if (index < from || notice === undefined) continue
      const mine = hosts.filter((host) => notice.hosts.delete(host))
      if (mine.length === 0) continue
      const isIncluded = handler.isIncluded === true || notice.isInside
      return { index, handler, hosts: mine, inclusion: this.#inclusionOf(handler, isIncluded) }
    }
    return undefined
  }

  #inclusionOf({ role }: Task, isIncluded: boolean): Inclusion | undefined {
    return isIncluded && role !== undefined ? this.#brought.get(role) : undefined
  }

  /** The handler came with the role of the task, or with one that this depends on. */
  #isOfRole(index: number, { role }: Task): boolean {
    const own = this.#handlers[index]?.role
    if (role === undefined || own === undefined) return false
    return own === role || (this.#engine.plan.roles[role]?.dependencies ?? []).includes(own)
  }

  /** Every handler that listens to the topic; of several with the name, the last one, as in Ansible. */
  #answering(host: string, name: string, isInside: boolean): number[] {
    const listening = this.#handlers.flatMap((handler, index) =>
      handler.listen.includes(name) ? [index] : [],
    )
    const named = this.#handlers.flatMap((handler, index) =>
      this.#names(handler, host).includes(name) ? [index] : [],
    )
    const present = isInside ? [] : named.filter((index) => this.#handlers[index]?.isIncluded !== true)
    const last = present.at(-1) ?? named.at(-1)
    return last === undefined || listening.includes(last) ? listening : [...listening, last]
  }

  #names(handler: Task, host: string): string[] {
    if (handler.name === undefined) return []
    const role = handler.role === undefined ? undefined : this.#engine.plan.roles[handler.role]?.name
    const name = this.#filledIn(handler, handler.name, host)
    return role === undefined ? [name] : [name, `${role} : ${name}`]
  }

  #filledIn(handler: Task, name: string, host: string): string {
    if (!hasTemplate(name)) return name
    try {
      return render(name, taskScope(this.#engine, this.#place, handler, atTop, host))
    } catch (error) {
      // A handler whose name cannot be filled in cannot be notified by it; topics still reach it.
      if (error instanceof TemplateError) return name
      throw error
    }
  }
}
