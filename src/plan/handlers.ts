import type { Step, Task } from '../model/task.ts'
import { hasTemplate } from '../template/template.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext, Reach } from './compile-context.ts'

/**
 * What a stage reaches through its includes, too. What a file notifies that may never be included is nobody's mistake yet: the run
 * tells.
 */
export function wholeReach(
  context: CompileContext,
  reach: Reach,
): { handlers: string[]; notified: Reach['notified'][number][] } {
  const open = [{ part: reach, isSure: true }]
  const seen = new Set<string>()
  const handlers = new Set<string>()
  const notified: Reach['notified'][number][] = []
  for (const { part, isSure } of open) {
    for (const key of part.handlers) handlers.add(key)
    if (isSure) notified.push(...part.notified)
    for (const [keys, isInclusionSure] of [
      [part.includes, isSure],
      [part.possible, false],
    ] as const)
      for (const key of keys) {
        const next = context.includeReach.get(key)
        const mark = `${key} ${isInclusionSure}`
        if (!next || seen.has(mark)) continue
        seen.add(mark)
        open.push({ part: next, isSure: isInclusionSure })
      }
  }
  return { handlers: [...handlers], notified }
}

/** In Ansible's order: those of the stage's `roles:`, its own, and those of roles that tasks import or include. */
export function stageHandlers(
  context: CompileContext,
  keys: readonly string[],
  own: readonly Step[],
  { ofRoles, ofImports }: { readonly ofRoles: ReadonlySet<string>; readonly ofImports: ReadonlySet<string> },
): Task[] {
  const handlersOf = (key: string): readonly Task[] => {
    const handlers = context.roleHandlers.get(key) ?? []
    return ofImports.has(key) ? handlers : handlers.map((handler) => ({ ...handler, isIncluded: true }))
  }
  return [
    ...keys.filter((key) => ofRoles.has(key)).flatMap(handlersOf),
    ...own.filter((step): step is Task => step.kind === 'task'),
    ...keys.filter((key) => !ofRoles.has(key)).flatMap(handlersOf),
  ]
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
