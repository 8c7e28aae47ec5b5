import type { PlayStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'
import { render } from '../template/jinja.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'
import type { Engine } from './engine.ts'
import { atTop } from './inherited.ts'
import type { Place } from './scopes.ts'
import { taskScope } from './scopes.ts'

/** The handlers of one play and who notified them. Each runs once a host at the next flush, in the order written. */
export class Handlers {
  readonly #engine: Engine
  readonly #place: Place
  readonly #handlers: readonly Task[]
  readonly #pending = new Map<number, Set<string>>()

  constructor(engine: Engine, place: Place, stage: PlayStage) {
    this.#engine = engine
    this.#place = place
    this.#handlers = stage.handlers
  }

  /** Names that no handler answers to on this host. */
  unknown(host: string, names: readonly string[]): string[] {
    return names.filter((name) => this.#answering(host, name).length === 0)
  }

  notify(host: string, names: readonly string[]): void {
    for (const index of names.flatMap((name) => this.#answering(host, name))) {
      const hosts = this.#pending.get(index) ?? new Set()
      hosts.add(host)
      this.#pending.set(index, hosts)
    }
  }

  /** Takes the next handler to run, from an index on, and its hosts among those given; undefined when nothing is left. */
  takeNext(
    hosts: readonly string[],
    from: number,
  ): { index: number; handler: Task; hosts: string[] } | undefined {
    for (const [index, handler] of this.#handlers.entries()) {
      if (index < from) continue
      const pending = this.#pending.get(index)
      const mine = hosts.filter((host) => pending?.has(host))
      if (pending === undefined || mine.length === 0) continue
      for (const host of mine) pending.delete(host)
      return { index, handler, hosts: mine }
    }
    return undefined
  }

  /** Every handler that listens to the topic; of several with the name, the last one, as in Ansible. */
  #answering(host: string, name: string): number[] {
    const listening = this.#handlers.flatMap((handler, index) =>
      handler.listen.includes(name) ? [index] : [],
    )
    const named = this.#handlers.findLastIndex((handler) => this.#names(handler, host).includes(name))
    return named === -1 || listening.includes(named) ? listening : [...listening, named]
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
