import type { Diagnostic } from '../config/diagnostic.ts'
import type { Lack, Step, Task } from '../model/task.ts'
import { counted } from '../util/words.ts'
import type { CompileContext, Reach, Scope } from './compile-context.ts'

/*
 * What Ansible has and hvlab has not: modules, parameters, keywords, filters. A role for many systems is full of them, in tasks that this
 * system never runs. So they are errors where they are certain to be reached, as far as conditions, loops and names tell; elsewhere
 * they are warnings, and the task fails when it is reached after all.
 */

/** What one step lacks. */
export interface FoundLack {
  readonly diagnostics: readonly Diagnostic[]
  readonly reach: Reach
  /** Within its file, nothing stands between the start and the step. */
  readonly isUnconditional: boolean
}

/**
 * Compiles one step. Where hvlab lacks something that it needs, a task that fails stands in its place. `compile` gives undefined for
 * a step with mistakes, and nothing for one that tags leave out.
 */
export function withLacks(context: CompileContext, scope: Scope, compile: () => Step[] | undefined): Step[] {
  const before = context.lackCount
  const steps = compile()
  const found = context.takeLacks(before)
  if (found.length === 0 || steps?.length === 0) return steps ?? []
  context.lacking.push({
    ...{ diagnostics: found, reach: scope.reach },
    isUnconditional: scope.mayNotRun !== true && steps?.every(isUnconditional) !== false,
  })
  return (steps ?? []).map((step) => lackingStep(step, found))
}

/** A loop over a variable may have no items. */
export function isUnconditional(step: Step): boolean {
  return step.when.length === 0 && !(step.kind === 'task' && typeof step.loop === 'string')
}

function lackingStep(step: Step, found: readonly Diagnostic[]): Task {
  const [first] = found
  const lack: Lack = {
    message: found.map(({ message }) => message).join('; '),
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
  }
  if (step.kind === 'task') return { ...step, lack }
  const { block: _, rescue: __, always: ___, once: ____, ...rest } = step
  return {
    ...rest,
    ...{ kind: 'task', module: 'block', params: Object.create(null), notify: [], listen: [], lack },
  }
}

/** Adds what was found to the diagnostics, when all stages are compiled. */
export function reportLacks(context: CompileContext): void {
  const certain = new Set(context.roots)
  for (const reach of certain) {
    for (const key of reach.certain) {
      const next = context.includeReach.get(key)
      if (next) certain.add(next)
    }
  }
  const possible = new Map<string, Diagnostic[]>()
  for (const { diagnostics, reach, isUnconditional } of context.lacking) {
    for (const diagnostic of diagnostics) {
      if (isUnconditional && certain.has(reach)) context.diagnostics.push(diagnostic)
      else possible.set(diagnostic.message, [...(possible.get(diagnostic.message) ?? []), diagnostic])
    }
  }
  for (const [message, all] of possible) {
    const places = new Set(all.map(({ location }) => JSON.stringify(location)))
    const more = places.size === 1 ? '' : `, as ${counted(places.size - 1, 'other task')} would`
    const [first] = all
    const hint = first?.hint === undefined ? [] : [first.hint]
    context.warn('lacking', `${message}: the task fails if it is reached${more}`, first?.location, ...hint)
  }
}
