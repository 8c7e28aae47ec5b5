import { hostsOfGroup, knownNames, matchPattern, type PatternMatch } from '../config/pattern.ts'
import { FailureError } from '../model/failure.ts'
import type { Inventory } from '../model/host.ts'
import type { Location } from '../model/location.ts'
import type { Vars } from '../model/value.ts'
import { render } from '../template/jinja.ts'
import { hasTemplate, TemplateError } from '../template/template.ts'
import type { CompileContext, Source } from './compile-context.ts'

interface HostSettings {
  readonly inventory?: Inventory
  readonly limit?: ReadonlySet<string>
  readonly defaults: Vars
  readonly extraVars: Vars
}

/** A pattern of which something is not in the inventory. */
export interface UnmatchedHosts {
  readonly stage: string
  readonly pattern: string
  readonly match: PatternMatch
  readonly location: Location
}

/** The pattern of a stage, and its hosts now, within `--limit` */
export function stageHosts(
  context: CompileContext,
  written: readonly string[],
  stage: string,
  source: Source,
  { inventory, limit, defaults, extraVars }: HostSettings,
): { pattern: string; hosts: string[] } {
  const location = source.document.locate(source.path)
  const pattern = renderPattern(context, written.join(','), { ...defaults, ...extraVars }, location)
  if (!inventory || pattern === undefined) return { pattern: written.join(','), hosts: [] }
  try {
    const match = matchPattern(inventory, pattern)
    if (match.unmatched.length > 0 || match.hosts.length === 0)
      context.unmatched.push({ stage, pattern, match, location })
    const hosts = limit ? match.hosts.filter((host) => limit.has(host)) : [...match.hosts]
    if (match.hosts.length > 0 && hosts.length === 0) {
      context.warn('limit-leaves-none', `--limit leaves no host to the stage "${stage}"`, location)
    }
    return { pattern, hosts }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error
    context.error(error.failure.code, error.failure.message, location, error.failure.hint)
    return { pattern, hosts: [] }
  }
}

/** `hosts: "{{ target }}"` may use the variables of the pipeline and of `-e`, nothing of the hosts. */
function renderPattern(
  context: CompileContext,
  pattern: string,
  vars: Vars,
  location: Location,
): string | undefined {
  if (!hasTemplate(pattern)) return pattern
  try {
    return render(pattern, { get: (name) => (Object.hasOwn(vars, name) ? vars[name] : undefined) })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const hint = 'hosts may use variables of the pipeline and of -e'
    context.error('template-syntax', `the pattern cannot be made: ${error.message}`, location, hint)
    return undefined
  }
}

/**
 * Reports patterns that match nothing, once all tasks are known. Returns the stages that may well have no host: those of groups that
 * tasks make.
 */
export function checkUnmatched(context: CompileContext, inventory: Inventory | undefined): Set<string> {
  const mayBeEmpty = new Set<string>()
  if (inventory === undefined) return mayBeEmpty
  for (const { stage, pattern, match, location } of context.unmatched) {
    const unmatched = match.unmatched.filter(({ term }) => !context.madeGroups.has(term))
    if (unmatched.length < match.unmatched.length) mayBeEmpty.add(stage)
    else if (hostsOfGroup(inventory, 'all').length === 0) {
      const hint = 'write hosts into inventory/, or give another inventory with -i'
      context.error('no-hosts-matched', 'the inventory has no host', location, hint)
      break
    }
    reportUnmatched(context, inventory, pattern, { ...match, unmatched }, location, mayBeEmpty.has(stage))
  }
  return mayBeEmpty
}

function reportUnmatched(
  context: CompileContext,
  inventory: Inventory,
  pattern: string,
  { hosts, unmatched, isDynamic }: PatternMatch,
  location: Location,
  mayBeEmpty: boolean,
): void {
  const isEmpty = hosts.length === 0 && !isDynamic && !mayBeEmpty
  for (const { term, meant } of unmatched) {
    const message = `no host or group of the inventory is called "${term}"`
    const hint = meant === undefined ? knownNames(inventory) : `did you mean "${meant}"?`
    if (isEmpty) context.error('no-hosts-matched', message, location, hint)
    else context.warn('no-hosts-matched', message, location, hint)
  }
  if (isEmpty && unmatched.length === 0) {
    const message = `the pattern "${pattern}" matches no host of the inventory`
    context.error(
      'no-hosts-matched',
      message,
      location,
      'add hosts to the group, or give another inventory with -i',
    )
  }
}
