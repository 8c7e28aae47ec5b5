import { dirname } from 'node:path'
import { isController } from '../connections/settings.ts'
import type { Plan, PlayStage, Role, ScriptStage } from '../model/plan.ts'
import type { Task } from '../model/task.ts'
import type { Value, Vars } from '../model/value.ts'
import { render } from '../template/jinja.ts'
import { plain } from '../template/runtime-value.ts'
import { LazyMap } from '../template/template.ts'
import { chosenVars } from './chosen-vars.ts'
import { type HostState, isConnectionVariable } from './host-state.ts'
import type { Inherited } from './inherited.ts'
import { locateFile, placesOf } from './locate-file.ts'
import type { RunInventory } from './run-inventory.ts'
import type { RunOptions } from './run-options.ts'
import { data, type Layer, type ScopeSources, templates, VariableScope } from './vars.ts'

/** Stands for a parameter that is not given: `mode: "{{ wanted | default(omit) }}"`. */
export const omitMark = '__omit_place_holder__7b2f0c2b9d1d4a0f'

/** What variables come from. */
export interface VariableSources {
  readonly plan: Plan
  readonly inventory: RunInventory
  readonly options: Pick<RunOptions, 'check' | 'diff' | 'forks' | 'verbosity' | 'runId'>
}

/** Where a task runs; what its variables depend on. */
export interface Place {
  readonly stage: PlayStage | ScriptStage
  /** Hosts of the play, in all its batches, that take part still. */
  readonly alive: () => readonly string[]
  /** Keys of roles that includes have made known to the whole play so far. */
  readonly shared?: ReadonlySet<string>
  readonly batch: readonly string[]
}

/** The variables of a task on a host, with Ansible's precedence, lowest first. */
export function taskScope(
  sources: VariableSources,
  place: Place,
  task: Task,
  inherited: Inherited,
  host: string,
  isDelegate = false,
): VariableScope {
  const { stage } = place
  const state = sources.inventory.state(host)
  const role = task.role === undefined ? undefined : sources.plan.roles[task.role]
  const roles = rolesOf(sources, place, role)
  const magic: ScopeSources['magic'] = (name, asking) =>
    name === 'ansible_delegated_vars'
      ? delegatedVars(sources, place, task, inherited, asking)
      : magicVariable(sources, state, name, { asking, place, role })
  const chosen: Layer[] = []
  const below = [
    // What the connection takes when nobody says anything else.
    data(isController(host) ? {} : { ansible_connection: 'ssh' }),
    ...roles.map(({ defaults }) => templates(defaults)),
    templates(sources.plan.defaults),
    templates(state.host.vars),
    data(state.added),
    data(injectedFacts(state)),
    templates(stage.vars),
  ]
  for (const file of (stage.kind === 'play' && stage.varsFiles) || []) {
    const layers = [...below, ...chosen, templates(sources.plan.extraVars)]
    const hasFacts = Object.keys(state.facts).length > 0
    chosen.push(chosenVars(file, { scope: new VariableScope({ layers, magic }), hasFacts, isDelegate }))
  }
  return new VariableScope({
    layers: [
      ...below,
      ...chosen,
      ...roles.map(({ vars }) => templates(vars)),
      ...inherited.blockVars.map(templates),
      templates(task.vars),
      templates(state.included),
      data(state.set),
      ...(role === undefined ? [] : [templates(role.params)]),
      ...inherited.includeVars,
      templates(sources.plan.extraVars),
    ],
    magic,
    locate: (name, kind) => locateFile(kind, name, placesOf(sources.plan, task)),
  })
}

/** The variables that the host has to which the task is delegated, by its name. */
function delegatedVars(
  sources: VariableSources,
  place: Place,
  { delegateTo, ...task }: Task,
  inherited: Inherited,
  asking: VariableScope,
): LazyMap | undefined {
  if (delegateTo === undefined) return undefined
  const target = render(delegateTo, asking)
  const scope = taskScope(sources, place, task, inherited, target, true)
  // Whose task it is does not change, as in Ansible.
  const get = (name: string) => (name === 'inventory_hostname' ? asking : scope).get(name)
  const vars = new LazyMap({ keys: () => ['inventory_hostname', ...scope.names()], get })
  return new LazyMap({ keys: () => [target], get: (name) => (name === target ? vars : undefined) })
}

/**
 * A host's variables outside any play: what `hostvars` shows.
 * @param asking The scope in which `hostvars` stands.
 */
export function hostScope(sources: VariableSources, host: string, asking?: VariableScope): VariableScope {
  const state = sources.inventory.state(host)
  return new VariableScope(
    {
      layers: [
        templates(sources.plan.defaults),
        templates(state.host.vars),
        data(state.added),
        data(injectedFacts(state)),
        templates(state.included),
        data(state.set),
        templates(sources.plan.extraVars),
      ],
      magic: (name, inner) => magicVariable(sources, state, name, { asking: inner }),
      host,
    },
    asking,
  )
}

/** Roles of the stage are visible to all its tasks; the task's own wins. */
function rolesOf(sources: VariableSources, { stage, shared }: Place, own: Role | undefined): Role[] {
  const keys = [...(stage.kind === 'play' ? (stage.roles ?? []) : []), ...(shared ?? [])]
  const roles = keys.flatMap((key) => sources.plan.roles[key] ?? []).filter((role) => role !== own)
  const dependencies = (own?.dependencies ?? []).flatMap((key) => sources.plan.roles[key] ?? [])
  return [...roles, ...dependencies, ...(own === undefined ? [] : [own])]
}

/** Facts as variables: by the name that their module gave them, except for those that would redirect connections. */
function injectedFacts(state: HostState): Vars {
  const vars: Vars = Object.create(null)
  for (const [name, value] of Object.entries(state.facts)) {
    const variable = state.plainFacts.has(name) ? name : `ansible_${name}`
    if (!isConnectionVariable(variable)) vars[variable] = value
  }
  return vars
}

interface Around {
  readonly asking: VariableScope
  readonly place?: Place
  readonly role?: Role | undefined
}

function magicVariable(
  sources: VariableSources,
  state: HostState,
  name: string,
  around: Around,
): Value | LazyMap | undefined {
  const { plan, options, inventory } = sources
  const { place, role } = around
  switch (name) {
    case 'inventory_hostname':
      return state.host.name
    case 'inventory_hostname_short':
      return state.host.name.split('.')[0] ?? state.host.name
    case 'group_names':
      return state.host.groups.filter((group) => group !== 'all').sort()
    case 'groups':
      return Object.assign(
        Object.create(null) as Vars,
        Object.fromEntries([...inventory.groupHosts()].map(([group, hosts]) => [group, [...hosts]])),
      )
    case 'hostvars':
      return hostVars(sources, around.asking)
    case 'ansible_facts':
      return state.facts
    case 'omit':
      return omitMark
    case 'playbook_dir':
      return dirname(plan.file)
    case 'inventory_dir':
      return plan.inventory.sources[0] === undefined ? undefined : dirname(plan.inventory.sources[0])
    case 'inventory_file':
      return plan.inventory.sources[0]
    case 'ansible_check_mode':
      return options.check
    case 'ansible_diff_mode':
      return options.diff
    case 'ansible_forks':
      return options.forks
    case 'ansible_verbosity':
      return options.verbosity
    case 'hvlab_run_id':
      return options.runId
    case 'role_name':
    case 'ansible_role_name':
      return role?.name
    case 'role_path':
      return role?.path
    case 'ansible_play_name':
      return place?.stage.name
    case 'ansible_play_hosts':
      return place === undefined ? undefined : [...place.alive()]
    case 'play_hosts':
    case 'ansible_play_batch': {
      const alive = new Set(place?.alive())
      return place?.batch.filter((host) => alive.has(host))
    }
    case 'ansible_play_hosts_all':
      return place === undefined ? undefined : [...place.stage.hosts]
    default:
      return undefined
  }
}

function hostVars(sources: VariableSources, asking: VariableScope): LazyMap {
  return new LazyMap({
    keys: () => sources.inventory.hostNames(),
    get: (host) => {
      if (!sources.inventory.has(host)) return undefined
      const scope = hostScope(sources, host, asking)
      return new LazyMap({ keys: () => scope.names(), get: (name) => scope.get(name) })
    },
  })
}

/** A variable's value, read whole; undefined when there is none. */
export function variableOf(scope: VariableScope, name: string): Value | undefined {
  const value = scope.get(name)
  return value === undefined ? undefined : plain(value)
}
