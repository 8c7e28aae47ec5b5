import { knownNames, matchPattern, type PatternMatch } from '../config/pattern.ts'
import { dynamicGroups } from '../config/vars-folders.ts'
import { parseYaml } from '../config/yaml.ts'
import { FailureError } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import type { Location } from '../model/location.ts'
import type { Plan, PlayStage } from '../model/plan.ts'
import type { Value, Vars } from '../model/value.ts'
import { modules as allOfThem, type ModuleRegistry } from '../modules/registry.ts'
import { defined } from '../util/defined.ts'
import { CompileContext, newReach } from './compile-context.ts'
import { fingerprintOf } from './fingerprint.ts'
import { compileSteps } from './steps.ts'

export interface AdHocOptions {
  /** Folders for roles, templates and images, the lab's own first. */
  readonly searchPath: readonly string[]
  readonly become?: boolean
  readonly extraVars?: Vars
  /** `vars` of a pipeline, weaker than the inventory's. */
  readonly defaults?: Vars
  /** Hosts that `--limit` leaves. */
  readonly limit?: ReadonlySet<string>
  /**
   * Hosts that are asked for their guests first, when the pattern speaks of the group `guests`, or of names that
   * nothing else has: a stage of its own, so that guests are hosts here as they are after a deployment.
   */
  readonly guestsFrom?: string
  /** Name of the one stage, default `ad-hoc`. */
  readonly name?: string
  /** Name of its task; default: the module's. */
  readonly task?: string
  /** Default: every module that hvlab has. */
  readonly modules?: ModuleRegistry
}

/**
 * A plan of one task on the hosts of a pattern: `exec`, `status` and `down` are such. Parameters are a map, or text as in
 * a playbook (`name=value …`, free-form, or JSON). Throws a FailureError for a pattern without hosts, an unknown module
 * and wrong parameters.
 */
export function adHocPlan(
  inventory: Inventory,
  pattern: string,
  module: string,
  params: Vars | string,
  options: AdHocOptions,
): Plan {
  const name = options.name ?? 'ad-hoc'
  const { guestsFrom } = options
  const match = matchPattern(inventory, pattern)
  const asks = guestsFrom !== undefined && mayNameGuests(inventory, match, guestsFrom)
  const stage: PlayStage = {
    ...stageOf(name, stepsOf(name, module, params, options, options.task), options.become),
    pattern,
    hosts: asks
      ? match.hosts.filter((host) => options.limit?.has(host) !== false)
      : hostsOf(inventory, pattern, options.limit),
    needs: asks ? [guestStage] : [],
  }
  const first: PlayStage[] = asks
    ? [
        {
          ...stageOf(guestStage, stepsOf(guestStage, 'libvirt_lab', { state: 'facts' }, options), true),
          pattern: guestsFrom,
          hosts: hostsOf(inventory, guestsFrom, options.limit),
        },
      ]
    : []
  const plan = {
    name,
    file: name,
    searchPath: options.searchPath,
    inventory,
    stages: [...first, stage],
    roles: {},
    includes: {},
    defaults: options.defaults ?? (Object.create(null) as Vars),
    extraVars: options.extraVars ?? (Object.create(null) as Vars),
  }
  return { ...plan, fingerprint: fingerprintOf(plan) }
}

/** The stage that asks for guests. */
export const guestStage = 'find-guests'

/** Names that are no slip of the pen may be of guests, where there is a host that can be asked. */
function mayNameGuests(inventory: Inventory, match: PatternMatch, guestsFrom: string): boolean {
  if (match.isDynamic) return true
  const isSlip = ({ meant }: PatternMatch['unmatched'][number]): boolean =>
    meant !== undefined && !dynamicGroups.includes(meant)
  return (
    match.unmatched.length > 0 &&
    !match.unmatched.some(isSlip) &&
    matchPattern(inventory, guestsFrom).hosts.length > 0
  )
}

function stageOf(name: string, steps: PlayStage['steps'], become: boolean | undefined): PlayStage {
  return defined({
    kind: 'play' as const,
    name,
    needs: [],
    pattern: '',
    hosts: [],
    location: nowhere(name),
    vars: Object.create(null) as Vars,
    become,
    gatherFacts: false,
    strategy: 'free' as const,
    serial: [],
    anyErrorsFatal: false,
    forceHandlers: false,
    steps,
    handlers: [],
    roles: [],
  })
}

function hostsOf(inventory: Inventory, pattern: string, limit: ReadonlySet<string> | undefined): string[] {
  const { hosts, unmatched } = matchPattern(inventory, pattern)
  const kept = limit ? hosts.filter((host) => limit.has(host)) : [...hosts]
  if (kept.length > 0 && unmatched.length === 0) return kept
  // A term that names nothing is a slip of the pen: nothing is done on the rest before somebody looked.
  const [slip] = unmatched
  const isOutside = slip === undefined && hosts.length > 0
  throw new FailureError({
    reason: 'config',
    code: 'no-hosts-matched',
    message:
      slip === undefined
        ? `the pattern "${pattern}" matches no host ${isOutside ? 'that --limit leaves' : 'of the inventory'}`
        : `no host or group of the inventory is called "${slip.term}"`,
    hint: slip?.meant === undefined ? knownNames(inventory) : `did you mean "${slip.meant}"?`,
  })
}

/** The task goes the way of every task in a file, so that it is read and checked alike. */
function stepsOf(
  name: string,
  module: string,
  params: Vars | string,
  options: AdHocOptions,
  task?: string,
): PlayStage['steps'] {
  const context = new CompileContext({
    searchPath: options.searchPath,
    modules: options.modules ?? allOfThem,
    tags: { only: [], skip: [] },
    compileSteps: (self) => (list, source, scope) => compileSteps(self, list, source, scope),
  })
  const document = parseYaml(JSON.stringify([defined({ name: task, [module]: readText(params) })]), name)
  if (!document.ok) throw failure(document.error)
  const scope = {
    id: `${name}/`,
    folders: options.searchPath,
    tags: [],
    isHandlers: false,
    chain: [],
    reach: newReach(),
  }
  const steps = compileSteps(context, document.value.value, { document: document.value, path: [] }, scope)
  const errors = context.diagnostics.filter((diagnostic) => diagnostic.severity === 'error')
  if (errors.length > 0) throw failure(errors)
  return steps.map((step) => ({ ...step, location: nowhere(name) }))
}

/** What a command line asks for stands in no file. */
function nowhere(name: string): Location {
  return { file: name, line: 0, column: 0 }
}

/** `-a '{"name": "x"}'` is a map; other text is what a task could have after the module's name. */
function readText(params: Vars | string): Value {
  if (typeof params !== 'string' || !/^\s*\{(?!\{)/.test(params)) return params === '' ? null : params
  const document = parseYaml(params, '-a')
  if (!document.ok)
    throw failure(document.error.map(({ message, ...rest }) => ({ ...rest, message: `-a: ${message}` })))
  return document.value.value
}

function failure(errors: readonly { code: string; message: string; hint?: string }[]): FailureError {
  const [first] = errors
  return new FailureError(
    defined({
      reason: 'config' as const,
      code: first?.code ?? 'invalid-parameter',
      message: errors.map((error) => error.message).join('; '),
      hint: first?.hint,
    }),
  )
}
