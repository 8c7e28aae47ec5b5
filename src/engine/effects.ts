import type { Effects } from '../model/event.ts'
import type { Vars } from '../model/value.ts'
import type { Engine } from './engine.ts'

/** Does what a task wants done inside the run: variables, facts, new hosts. */
export function applyEffects(engine: Engine, host: string, effects: Effects | undefined): void {
  if (effects === undefined) return
  engine.inventory.state(host).apply(effects)
  if (effects.hosts === undefined || effects.hosts.length === 0) return
  for (const added of effects.hosts) engine.inventory.add(added)
  engine.bus.emit({ kind: 'hosts.added', hosts: effects.hosts })
}

/** The effects of several items as one. */
export function mergeEffects(all: readonly Effects[]): Effects {
  const merged = (part: 'vars' | 'included' | 'facts'): Vars =>
    Object.assign(Object.create(null), ...all.map((effects) => effects[part] ?? {})) as Vars
  const [vars, included, facts] = [merged('vars'), merged('included'), merged('facts')]
  const hosts = all.flatMap((effects) => effects.hosts ?? [])
  const notified = [...new Set(all.flatMap((effects) => effects.notified ?? []))]
  return {
    ...(Object.keys(vars).length === 0 ? {} : { vars }),
    ...(Object.keys(included).length === 0 ? {} : { included }),
    ...(Object.keys(facts).length === 0 ? {} : { facts }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(notified.length === 0 ? {} : { notified }),
  }
}
