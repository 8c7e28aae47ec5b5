import type { Location } from '../model/location.ts'
import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext } from './compile-context.ts'

/** A stage's name and what it needs, before anything else of it is known. */
export interface StageOrder {
  readonly name: string
  readonly needs: readonly string[]
  readonly nameLocation: Location
  needLocation(index: number): Location
}

/** Reports names given twice, needs that name no stage, and needs in a circle. */
export function checkNeeds(context: CompileContext, stages: readonly StageOrder[]): void {
  const byName = new Map<string, StageOrder>()
  for (const stage of stages) {
    if (byName.has(stage.name)) {
      const message = `two stages are called "${stage.name}"`
      context.error('stage-name-taken', message, stage.nameLocation, 'give every stage a name of its own')
    } else byName.set(stage.name, stage)
  }
  for (const stage of stages) {
    for (const [index, need] of stage.needs.entries()) {
      if (byName.has(need)) continue
      const message = `the stage "${stage.name}" needs "${need}", and no stage has that name`
      const hint = suggestion(need, byName.keys()) ?? `stages: ${[...byName.keys()].join(', ')}`
      context.error('needs-unknown', message, stage.needLocation(index), hint)
    }
  }
  reportCircles(context, byName)
}

/** Depth first; each circle is reported once, at the need that closes it. */
function reportCircles(context: CompileContext, byName: ReadonlyMap<string, StageOrder>): void {
  const done = new Set<string>()
  const visit = (stage: StageOrder, way: readonly string[]): void => {
    if (done.has(stage.name)) return
    for (const [index, need] of stage.needs.entries()) {
      const next = byName.get(need)
      if (!next) continue
      const start = [...way, stage.name].indexOf(need)
      if (start >= 0) {
        const circle = [...[...way, stage.name].slice(start), need].join(' → ')
        context.error(
          'needs-circle',
          `stages need each other in a circle: ${circle}`,
          stage.needLocation(index),
        )
      } else visit(next, [...way, stage.name])
    }
    done.add(stage.name)
  }
  for (const stage of byName.values()) visit(stage, [])
}

/** Stages so that each stands after those it needs; otherwise as they were written. Circles must have been reported. */
export function inOrderOfNeeds<S extends { readonly name: string; readonly needs: readonly string[] }>(
  stages: readonly S[],
): S[] {
  const byName = new Map(stages.map((stage) => [stage.name, stage]))
  const placed = new Set<S>()
  const open = new Set<S>()
  const place = (stage: S): void => {
    if (placed.has(stage) || open.has(stage)) return
    open.add(stage)
    for (const need of stage.needs) {
      const needed = byName.get(need)
      if (needed) place(needed)
    }
    placed.add(stage)
  }
  for (const stage of stages) place(stage)
  return [...placed]
}
