import type { EventBody } from '../model/event.ts'
import type { Task } from '../model/task.ts'
import type { Value } from '../model/value.ts'
import { render } from '../template/jinja.ts'
import { flag } from './conditions.ts'
import type { Engine } from './engine.ts'
import type { Inherited } from './inherited.ts'
import type { Place } from './scopes.ts'
import { taskScope } from './scopes.ts'
import type { VariableScope } from './vars.ts'

/** One task on one host: everything that its items share. */
export class TaskRun {
  readonly engine: Engine
  readonly task: Task
  readonly inherited: Inherited
  readonly place: { readonly stage: string; readonly host: string; readonly task: string }
  readonly scope: VariableScope
  /** `no_log`: nothing of what it does is shown or kept. */
  readonly isHidden: boolean
  readonly #where: Place

  /** Throws what `no_log` throws when it cannot be read, and when a file of `vars_files` is missing. */
  constructor(engine: Engine, where: Place, task: Task, inherited: Inherited, host: string) {
    this.engine = engine
    this.task = task
    this.inherited = inherited
    this.#where = where
    this.place = { stage: where.stage.name, host, task: task.id }
    this.scope = taskScope(engine, where, task, inherited, host)
    // Also for a task that needs none of its variables.
    if (where.stage.kind === 'play' && where.stage.varsFiles !== undefined) this.scope.names()
    this.isHidden = flag('no_log', task.noLog, this.scope) ?? false
  }

  /** Environments of play, blocks and task, outermost first. */
  get environment(): readonly Value[] {
    const { stage } = this.#where
    const outer = stage.kind === 'play' && stage.environment !== undefined ? [stage.environment] : []
    const own = this.task.environment === undefined ? [] : [this.task.environment]
    return [...outer, ...this.inherited.environment, ...own]
  }

  /** The host that it runs on: another one when delegated, which the item of a loop may name. */
  target(scope: VariableScope): string {
    return this.task.delegateTo === undefined ? this.place.host : render(this.task.delegateTo, scope)
  }

  /** Variables for connection and become of the host that the task runs on. */
  targetScope(scope: VariableScope, target: string): VariableScope {
    if (target === this.place.host) return scope
    return taskScope(this.engine, this.#where, this.task, this.inherited, target, true)
  }

  emit(event: EventBody): void {
    if (!this.isHidden) this.engine.bus.emit(event)
  }
}
