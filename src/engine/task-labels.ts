import type { Task } from '../model/task.ts'
import { render } from '../template/jinja.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'
import type { Engine } from './engine.ts'
import type { VariableScope } from './vars.ts'

/** What people see of a task. Without a scope its name is not filled in: with `no_log` it may hold what must not be seen. */
export function taskLabels(
  engine: Engine,
  task: Task,
  scope: VariableScope | undefined,
): { name: string; module: string } {
  const { module } = task
  const role = task.role === undefined ? undefined : engine.plan.roles[task.role]?.name
  const name = task.name === undefined ? module : scope === undefined ? task.name : filledIn(task.name, scope)
  return { name: role === undefined ? name : `${role} : ${name}`, module }
}

/** A name that cannot be filled in is shown as it was written: the task itself will say what is wrong. */
export function filledIn(name: string, scope: VariableScope): string {
  if (!hasTemplate(name)) return name
  try {
    return render(name, scope)
  } catch (error) {
    if (error instanceof TemplateError) return name
    throw error
  }
}
