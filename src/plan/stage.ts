import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import type { z } from 'zod'
import type { playbookPlay, playStage, scriptStage } from '../config/schema/stage.ts'
import type { Inventory } from '../model/host.ts'
import type { Location } from '../model/location.ts'
import type { PlayStage, ScriptStage } from '../model/plan.ts'
import type { Step, Task } from '../model/task.ts'
import type { Vars } from '../model/value.ts'
import { defined } from '../util/defined.ts'
import { checkTemplates } from './check-templates.ts'
import { type CompileContext, newReach, type Scope, type Source } from './compile-context.ts'
import { checkNotified, stageHandlers, wholeReach } from './handlers.ts'
import { compileRoles } from './roles.ts'
import { stageHosts } from './stage-hosts.ts'
import { stageVars } from './stage-vars.ts'
import { isSelected } from './tags.ts'

/** What every stage of a pipeline shares. */
export interface StageSettings {
  /** Absent when it could not be read: then stages have no hosts. */
  readonly inventory?: Inventory
  /** Hosts that `--limit` leaves. */
  readonly limit?: ReadonlySet<string>
  /** The pipeline's own `vars`: may stand in `hosts`. */
  readonly defaults: Vars
  /** `-e`: may stand in `hosts`. */
  readonly extraVars: Vars
  /** Where files that the stage names are looked for, nearest first. */
  readonly folders: readonly string[]
}

export interface StageHead {
  readonly name: string
  readonly needs: readonly string[]
  readonly location: Location
}

/** A play, compiled; undefined when `--tags` leaves nothing of it. */
export function compilePlay(
  context: CompileContext,
  head: StageHead,
  given: z.output<typeof playStage> | z.output<typeof playbookPlay>,
  source: Source,
  settings: StageSettings,
): PlayStage | undefined {
  const part = (name: string): Source => ({ document: source.document, path: [...source.path, name] })
  const reach = newReach()
  context.roots.push(reach)
  const scope: Scope = {
    id: `${head.name}/`,
    folders: settings.folders,
    tags: given.tags ?? [],
    isHandlers: false,
    chain: [],
    reach,
  }
  for (const key of ['vars', 'environment', 'become', 'become_user'] as const)
    checkTemplates(context, given[key], part(key))
  const section = (name: 'pre_tasks' | 'tasks' | 'post_tasks'): Step[] =>
    context.compileSteps(given[name], part(name), { ...scope, id: `${head.name}/${name}.` })
  const pre = section('pre_tasks')
  const before = new Set(reach.handlers)
  const roles = compileRoles(context, given.roles, part('roles'), { ...scope, id: `${head.name}/roles.` })
  const ofRoles = new Set([...reach.handlers].filter((key) => !before.has(key)))
  const main = [...roles, ...section('tasks')]
  const post = section('post_tasks')
  const handlerScope = { ...scope, id: `${head.name}/handlers.`, isHandlers: true, mayNotRun: true, tags: [] }
  const own = context.compileSteps(given.handlers, part('handlers'), handlerScope)
  const reached = wholeReach(context, reach)
  const handlers = stageHandlers(context, reached.handlers, own, { ofRoles, ofImports: reach.handlers })
  checkNotified(context, handlers, reached.notified)
  const { pattern, hosts } = stageHosts(context, given.hosts, head.name, part('hosts'), settings)
  const isFiltered = context.tags.only.length + context.tags.skip.length > 0
  const steps = handlers.length === 0 ? [...pre, ...main, ...post] : withFlushes(head, [pre, main, post])
  if (isFiltered && pre.length + main.length + post.length === 0) return undefined
  const inherited = defined({
    noLog: given.no_log,
    ignoreUnreachable: given.ignore_unreachable,
    checkMode: given.check_mode,
    diff: given.diff,
    runOnce: given.run_once,
  })
  return defined({
    kind: 'play' as const,
    ...head,
    pattern,
    hosts,
    ...stageVars(context, given.vars, given.vars_files, settings.folders, part('vars_files')),
    become: given.become,
    becomeUser: given.become_user,
    becomeMethod: given.become_method,
    environment: given.environment,
    gatherFacts: given.gather_facts ?? true,
    strategy: given.strategy ?? ('linear' as const),
    serial: given.serial === undefined ? [] : [given.serial].flat(),
    maxFailPercentage: given.max_fail_percentage,
    anyErrorsFatal: given.any_errors_fatal ?? false,
    ignoreErrors: given.ignore_errors,
    forceHandlers: given.force_handlers ?? false,
    steps: steps.map((step) => ({ ...inherited, ...step })),
    handlers: handlers.map((handler) => ({ ...inherited, ...handler })),
    roles: [...reach.roles],
  })
}

/** Ansible's order: handlers run after pre_tasks, after roles and tasks, and after post_tasks. */
function withFlushes(head: StageHead, sections: readonly (readonly Step[])[]): Step[] {
  return sections.flatMap((steps, index) => (steps.length === 0 ? [] : [...steps, flush(head, index)]))
}

function flush(head: StageHead, index: number): Task {
  return {
    kind: 'task',
    id: `${head.name}/flush.${index}`,
    module: 'meta',
    params: { _raw_params: 'flush_handlers' },
    when: [],
    tags: ['always'],
    vars: Object.create(null) as Vars,
    notify: [],
    listen: [],
    location: head.location,
  }
}

/** A zx script on hosts; undefined when `--tags` leaves it out. */
export function compileScript(
  context: CompileContext,
  head: StageHead,
  given: z.output<typeof scriptStage>,
  source: Source,
  settings: StageSettings,
): ScriptStage | undefined {
  const locate = (key: string): Location => source.document.locate([...source.path, key])
  const at = { document: source.document, path: [...source.path, 'hosts'] }
  const { pattern, hosts } = stageHosts(context, given.hosts, head.name, at, settings)
  const script = settings.folders
    .map((folder) => resolve(folder, given.script))
    .find((file) => existsSync(file))
  if (!['.mts', '.mjs'].includes(extname(given.script))) {
    context.error('wrong-value', 'a script must end with .mts or .mjs', locate('script'))
  } else if (script === undefined) {
    const hint = `looked in ${settings.folders.join(', ')}`
    context.error('script-missing', `there is no script ${given.script}`, locate('script'), hint)
  }
  for (const tag of given.tags ?? []) context.knownTags.add(tag)
  if (!isSelected(given.tags ?? [], context.tags)) return undefined
  return defined({
    kind: 'script' as const,
    ...head,
    pattern,
    hosts,
    script: script ?? given.script,
    vars: stageVars(context, given.vars, undefined, settings.folders, source).vars,
    become: given.become,
  })
}
