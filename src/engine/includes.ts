import { dirname, resolve } from 'node:path'
import { FailureError } from '../model/failure.ts'
import type { Step, Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { render } from '../template/jinja.ts'
import { pythonText } from '../template/python-text.ts'
import { newDictionary } from '../template/runtime-value.ts'
import { didYouMean } from '../util/did-you-mean.ts'
import { canonicalJson } from '../util/json.ts'
import { firstFalse } from './conditions.ts'
import { failureOf } from './failures.ts'
import type { Inherited } from './inherited.ts'
import { itemsOrReason, itemVariables } from './loop-items.ts'
import type { Going, PlayRun } from './play-run.ts'
import { reportStep } from './report-step.ts'
import type { ItemResult } from './run-item.ts'
import { failedResult, skippedResult } from './run-item.ts'
import { taskScope } from './scopes.ts'
import { data, templates } from './vars.ts'

type RunSteps = (
  play: PlayRun,
  steps: readonly Step[],
  hosts: readonly string[],
  inherited: Inherited,
) => Promise<Going>

/** What one host includes, once for every item of a loop. */
interface Wanted {
  readonly key: string
  readonly index: number
  readonly itemVars: Vars
}

interface Group {
  readonly wanted: Wanted
  readonly hosts: string[]
}

/**
 * `include_tasks` and `include_role`: each host says what it includes, hosts that include the same go through it
 * together, one inclusion after the other.
 */
export async function runInclude(
  play: PlayRun,
  task: Task,
  hosts: readonly string[],
  inherited: Inherited,
  runSteps: RunSteps,
): Promise<Going> {
  const groups = new Map<string, Group>()
  const failed: string[] = []
  let going: readonly string[] = hosts
  for (const host of hosts) {
    const result = wantedBy(play, task, inherited, host)
    if (!Array.isArray(result)) {
      reportStep(play, task, host, result, inherited)
      if (result.outcome.kind === 'skipped') continue
      failed.push(host)
      continue
    }
    for (const wanted of result) {
      const key = canonicalJson([wanted.index, wanted.key, wanted.itemVars])
      const group = groups.get(key) ?? { wanted, hosts: [] }
      group.hosts.push(host)
      groups.set(key, group)
    }
  }
  going = going.filter((host) => !failed.includes(host))
  for (const { wanted, hosts: mine } of [...groups.values()].sort(
    (a, b) => a.wanted.index - b.wanted.index,
  )) {
    const still = mine.filter((host) => going.includes(host))
    if (still.length === 0 || play.stopsWork()) continue
    const steps = play.engine.plan.includes[wanted.key] ?? []
    const included: ItemResult = {
      outcome: { kind: 'ok', why: `includes ${wanted.key}` },
      data: newDictionary([['changed', false]]),
    }
    for (const host of still)
      reportStep(play, { ...task, id: `${task.id}#${wanted.index}` }, host, included, inherited)
    const around = inside(task, inherited, wanted)
    share(play, task, steps, around)
    const result = await runSteps(play, steps, still, around)
    const left = new Set(result.going)
    going = going.filter((host) => !still.includes(host) || left.has(host))
    failed.push(...result.failed)
  }
  return { going, failed }
}

/**
 * Variables of roles that a file imports are known to the whole play from now on, those of included ones with `public: true`; handlers
 * of an included role have the variables of its last inclusion. As in Ansible.
 */
function share(play: PlayRun, task: Task, steps: readonly Step[], { inclusion }: Inherited): void {
  const roles = rolesIn(steps)
  const isPublic = typeof task.params !== 'string' && task.params['public'] === true
  if (task.module === 'include_tasks' || isPublic) for (const role of roles) play.shared.add(role)
  if (task.module === 'include_role' && inclusion !== undefined) play.handlers.bring(roles, inclusion)
}

function rolesIn(steps: readonly Step[]): string[] {
  return steps.flatMap((step) =>
    step.kind === 'block' ? [...(step.role === undefined ? [] : [step.role]), ...rolesIn(step.block)] : [],
  )
}

/** Files that include themselves end by a condition; one without it would go on for ever. */
const deepest = 100
/** What `inside` adds to the variables. */
const layersOfAnInclude = 2

/** The include's own condition is asked once; those of the blocks around it hold for its tasks, as in Ansible. */
function inside(task: Task, outer: Inherited, wanted: Wanted): Inherited {
  const inclusion = {
    idPrefix: `${task.id}#${wanted.index}/`,
    includeVars: [...outer.includeVars, templates(task.vars), data(wanted.itemVars)],
  }
  return {
    ...outer,
    ...inclusion,
    ...(task.module === 'include_role' ? { inclusion } : {}),
    keywords: { ...outer.keywords, ...keywordsOf(task) },
  }
}

/** What Ansible lets an include pass on without `apply`: where and as whom its tasks run is inherited from blocks. */
function keywordsOf(task: Task): Inherited['keywords'] {
  return task.role === undefined ? {} : { role: task.role }
}

function wantedBy(play: PlayRun, task: Task, inherited: Inherited, host: string): Wanted[] | ItemResult {
  try {
    if (inherited.includeVars.length >= deepest * layersOfAnInclude) throw tooDeep(task)
    const scope = taskScope(play.engine, play.place, task, inherited, host)
    if (task.loop === undefined) {
      const condition = firstFalse('when', task.when, scope)
      if (condition !== undefined) return skippedResult(`when: ${String(condition)} is false`)
      return [{ key: keyOf(play, task, (text) => render(text, scope)), index: 0, itemVars: newDictionary() }]
    }
    const wanted: Wanted[] = []
    const items = itemsOrReason(task, task.loop, scope)
    if (typeof items === 'string') return skippedResult(items)
    for (const index of items.keys()) {
      const itemVars = itemVariables(task, items, index)
      const itemScope = scope.with(itemVars)
      if (firstFalse('when', task.when, itemScope) !== undefined) continue
      wanted.push({ key: keyOf(play, task, (text) => render(text, itemScope)), index, itemVars })
    }
    return wanted.length === 0 ? skippedResult('the loop includes nothing') : wanted
  } catch (error) {
    return failedResult(failureOf(error, task.location))
  }
}

function keyOf(play: PlayRun, task: Task, fill: (text: string) => string): string {
  const { includes } = play.engine.plan
  if (task.include !== undefined && Object.hasOwn(includes, task.include.key)) return task.include.key
  const params: Vars = typeof task.params === 'string' ? newDictionary([['file', task.params]]) : task.params
  const text = (name: string): string | undefined => {
    const value: Value | undefined = params[name]
    return value === undefined || value === null ? undefined : fill(pythonText(value))
  }
  const candidates =
    task.module === 'include_role'
      ? [`role:${text('name') ?? ''}:${text('tasks_from') ?? 'main'}`]
      : fileCandidates(play, task, text('file') ?? text('_raw_params') ?? '')
  const { includeVariant = '' } = task
  const found = candidates.map((key) => `${key}${includeVariant}`).find((key) => Object.hasOwn(includes, key))
  if (found !== undefined) return found
  throw notFound(task, candidates, Object.keys(includes))
}

function fileCandidates(play: PlayRun, task: Task, file: string): string[] {
  const role = task.role === undefined ? undefined : play.engine.plan.roles[task.role]?.path
  const folders = [
    dirname(task.location.file),
    ...(role === undefined ? [] : [resolve(role, 'tasks'), role]),
    dirname(play.engine.plan.file),
    ...play.engine.plan.searchPath,
  ]
  return [...new Set(folders.map((folder) => resolve(folder, file)))]
}

function tooDeep(task: Task): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'import-circle',
    message: `There are ${deepest} inclusions inside each other.`,
    hint: 'A file that includes itself needs a condition that is false in the end.',
    location: task.location,
  })
}

function notFound(task: Task, candidates: readonly string[], known: readonly string[]): FailureError {
  const [wanted = ''] = candidates
  const meant = didYouMean(wanted, known)
  return new FailureError({
    reason: 'module',
    code: 'include-not-found',
    message: `There is nothing to include at ${candidates.join(' or ')}.`,
    ...(meant === undefined ? {} : { hint: `Did you mean ${meant}?` }),
    location: task.location,
  })
}
