import type { Step, Task } from '../model/task.ts'
import { hasTemplate } from '../template/template.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext, Reach } from './compile-context.ts'

/** What a stage reaches through its includes, too. */
export function wholeReach(
  context: CompileContext,
  reach: Reach,
): { roles: string[]; handlers: string[]; notified: Reach['notified'][number][] } {
  const open = [reach]
  const seen = new Set<string>()
  const roles = new Set<string>()
  const handlers = new Set<string>()
  const notified: Reach['notified'][number][] = []
  for (const part of open) {
    for (const role of part.roles) roles.add(role)
    for (const key of part.handlers) handlers.add(key)
    notified.push(...part.notified)
    for (const key of part.includes) {
      const next = context.includeReach.get(key)
      if (!next || seen.has(key)) continue
      seen.add(key)
      open.push(next)
    }
  }
  return { roles: [...roles], handlers: [...handlers], notified }
}

/** Handlers of the roles that a stage reaches, then its own. */
export function stageHandlers(
  context: CompileContext,
  keys: readonly string[],
  own: readonly Step[],
): Task[] {
  const ofRoles = keys.flatMap((key) => context.roleHandlers.get(key) ?? [])
  return [...ofRoles, ...own.filter((step): step is Task => step.kind === 'task')]
}

/** Reports a `notify` that no handler answers. Names that templates make are only known during the run. */
export function checkNotified(
  context: CompileContext,
  handlers: readonly Task[],
  notified: Reach['notified'],
): void {
  const names = handlers.flatMap(({ name, listen, role }) => {
    const roleName = role === undefined ? undefined : context.roles.get(role)?.name
    const own = name === undefined ? [] : [name]
    return [
      ...own,
      ...own.flatMap((word) => (roleName === undefined ? [] : [`${roleName} : ${word}`])),
      ...listen,
    ]
  })
  if (handlers.some((handler) => handler.include || handler.module.startsWith('include_'))) return
  if (names.some(hasTemplate)) return
  const known = new Set(names)
  for (const { name, location } of notified) {
    if (known.has(name) || hasTemplate(name)) continue
    const hint =
      suggestion(name, known) ??
      (known.size === 0 ? 'the stage has no handlers' : `handlers: ${[...known].join(', ')}`)
    context.error('handler-unknown', `no handler is called "${name}"`, location, hint)
  }
}
