import type { Plan, PlayStage, Stage } from '../model/plan.ts'
import type { Block, Step, Task } from '../model/task.ts'

export interface GuestQuestions {
  readonly plan: Plan
  /** Whether a result is of one of the questions, by the id under which the engine keeps it. */
  readonly isAnswer: (task: string) => boolean
}

/**
 * The plan that asks how guests differ from what a plan declares of them, and changes nothing: its tasks `libvirt_guest`
 * with `libvirt_guest_info` in their place, and of what comes before them only what sets variables. A task that asks
 * and may fail here is left behind: what it would have set is missed by name where it is needed. Undefined when the plan
 * declares no guests. Pure.
 */
export function guestQuestions(plan: Plan): GuestQuestions | undefined {
  const declaring = includesWithGuests(plan)
  const asks = plan.stages.filter(
    (stage) => stage.kind === 'play' && stage.steps.some((step) => declares(step, declaring)),
  )
  if (asks.length === 0) return undefined
  const needed = withNeeds(plan.stages, asks)
  const includes = keptIncludes(plan, declaring)
  const keep = (steps: readonly Step[]) => steps.flatMap((step) => kept(step, includes, declaring))
  const asking = {
    ...plan,
    includes: Object.fromEntries(
      Object.entries(plan.includes).map(([key, steps]) => [key, includes.has(key) ? keep(steps) : []]),
    ),
    stages: needed.map((stage) =>
      stage.kind === 'play' ? { ...withoutConsequences(stage), steps: keep(stage.steps) } : stage,
    ),
  }
  const ids = new Set(
    [
      ...asking.stages.map((stage) => (stage.kind === 'play' ? stage.steps : [])),
      ...Object.values(asking.includes),
    ].flatMap(idsOfQuestions),
  )
  // The engine appends `#n` to tasks of an include that is reached several times.
  return { plan: asking, isAnswer: (task) => ids.has(task) || ids.has(task.replace(/#\d+$/, '')) }
}

function idsOfQuestions(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    if (step.kind === 'block') return idsOfQuestions([...step.block, ...step.rescue, ...step.always])
    return step.module === question ? [step.id] : []
  })
}

const question = 'libvirt_guest_info'

/** Task lists with a task libvirt_guest, also by what they include. */
function includesWithGuests(plan: Plan): ReadonlySet<string> {
  return closure(plan, (step, found) => declares(step, found))
}

/** Task lists of which anything stays. */
function keptIncludes(plan: Plan, declaring: ReadonlySet<string>): ReadonlySet<string> {
  return closure(plan, (step, found) => kept(step, found, declaring).length > 0)
}

/** The includes with a step of that kind, where that may depend on other includes. */
function closure(plan: Plan, is: (step: Step, found: ReadonlySet<string>) => boolean): ReadonlySet<string> {
  const found = new Set<string>()
  for (let before = -1; before < found.size; ) {
    before = found.size
    for (const [key, steps] of Object.entries(plan.includes))
      if (steps.some((step) => is(step, found))) found.add(key)
  }
  return found
}

function declares(step: Step, includes: ReadonlySet<string>): boolean {
  if (step.kind === 'block')
    return [...step.block, ...step.rescue, ...step.always].some((inner) => declares(inner, includes))
  if (step.module === 'libvirt_guest') return true
  if (step.include !== undefined) return includes.has(step.include.key)
  // By a name that a template gives: it may be any of them.
  return isInclude(step) && includes.size > 0
}

const isInclude = ({ module }: Task): boolean => module === 'include_tasks' || module === 'include_role'

/** What stays of a step: nothing, or a step. */
function kept(step: Step, includes: ReadonlySet<string>, declaring: ReadonlySet<string>): Step[] {
  if (step.kind === 'block') {
    const part = (name: 'block' | 'rescue' | 'always') =>
      step[name].flatMap((inner) => kept(inner, includes, declaring))
    const block: Block = { ...step, block: part('block'), rescue: part('rescue'), always: part('always') }
    return block.block.length + block.rescue.length + block.always.length > 0 ? [block] : []
  }
  if (step.module === 'libvirt_guest') return [asQuestion(step)]
  if (declares(step, declaring)) return [step]
  if (isInclude(step)) {
    const isEmpty = step.include === undefined ? includes.size === 0 : !includes.has(step.include.key)
    return isEmpty ? [] : [{ ...step, ignoreErrors: true }]
  }
  return setsVariables(step) ? [{ ...step, notify: [], ignoreErrors: true }] : []
}

/** Judgements on the result are of what libvirt_guest returns. */
function asQuestion(task: Task): Task {
  const { until: _until, failedWhen: _failed, changedWhen: _changed, ...same } = task
  return { ...same, module: question, notify: [] }
}

/** Questions, as people mark them for check mode, and modules whose purpose is to know something. */
function setsVariables({ module, checkMode, changedWhen }: Task): boolean {
  if (['set_fact', 'preflight', 'stat', 'image_info', 'setup'].includes(module)) return true
  return (checkMode === false || checkMode === 'no') && changedWhen?.length === 1 && changedWhen[0] === false
}

/** One host that gives no answer stops no other. */
function withoutConsequences({ maxFailPercentage: _most, ...stage }: PlayStage): PlayStage {
  return { ...stage, handlers: [], serial: [], anyErrorsFatal: false }
}

/** The stages in their order, with all that they need. */
function withNeeds(all: readonly Stage[], stages: readonly Stage[]): Stage[] {
  const wanted = new Set(stages)
  for (const stage of wanted) for (const other of all) if (stage.needs.includes(other.name)) wanted.add(other)
  return all.filter((stage) => wanted.has(stage))
}
