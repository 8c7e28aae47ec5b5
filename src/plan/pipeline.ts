import { describe } from '../config/describe.ts'
import { isMap } from '../config/schema/common.ts'
import {
  pipelineFile,
  playbookPlay,
  playStage,
  scriptStage,
  unsupportedStageKeywords,
} from '../config/schema/stage.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import type { Stage } from '../model/plan.ts'
import type { Value, Vars } from '../model/value.ts'
import { checkTemplates } from './check-templates.ts'
import type { CompileContext, Source } from './compile-context.ts'
import { checkNeeds, inOrderOfNeeds, type StageOrder } from './needs.ts'
import { compilePlay, compileScript, type StageHead, type StageSettings } from './stage.ts'
import { checkUnmatched } from './stage-hosts.ts'
import { withoutUnsupported } from './step-keywords.ts'
import { checkTags } from './tags.ts'

export interface CompiledPipeline {
  readonly name?: string
  /** Its `vars`. */
  readonly defaults: Vars
  readonly stages: readonly Stage[]
}

/** A pipeline (a map with `stages`) or an Ansible playbook (a list of plays). */
export function compileStages(
  context: CompileContext,
  source: Source,
  settings: Omit<StageSettings, 'defaults'>,
): CompiledPipeline {
  const { document } = source
  const { value } = document
  const defaults = isMap(value) && isMap(value['vars']) ? value['vars'] : (Object.create(null) as Vars)
  if (Array.isArray(value)) {
    return { defaults, stages: stagesOf(context, value, 'playbook', source, { ...settings, defaults }) }
  }
  if (!isMap(value)) {
    const hint = 'write name and stages, or a list of plays'
    context.error(
      'wrong-type',
      value === null
        ? 'the pipeline is empty'
        : `a pipeline must be a map with stages, not ${describe(value)}`,
      document.locate([]),
      hint,
    )
    return { defaults, stages: [] }
  }
  const { value: given, diagnostics } = checkAt(pipelineFile, value, document, [], {
    subject: 'the pipeline',
  })
  context.diagnostics.push(...diagnostics)
  checkTemplates(context, value['vars'], { document, path: ['vars'] })
  const list = Array.isArray(value['stages']) ? value['stages'] : []
  const stages = stagesOf(
    context,
    list,
    'pipeline',
    { document, path: ['stages'] },
    { ...settings, defaults },
  )
  return given?.name === undefined ? { defaults, stages } : { name: given.name, defaults, stages }
}

type Kind = 'pipeline' | 'playbook'

function stagesOf(
  context: CompileContext,
  list: readonly Value[],
  kind: Kind,
  source: Source,
  settings: StageSettings,
): Stage[] {
  const names = stageNames(list, kind)
  const order: StageOrder[] = []
  const left = new Map<string, readonly string[]>()
  const stages = list.flatMap((item, index): Stage[] => {
    const at = { document: source.document, path: [...source.path, index] }
    if (!isMap(item)) {
      const what = kind === 'pipeline' ? 'a stage' : 'a play'
      context.error('wrong-type', `${what} must be a map, not ${describe(item)}`, at.document.locate(at.path))
      return []
    }
    const name = names[index] ?? `stage-${index + 1}`
    const previous = index === 0 ? [] : [names[index - 1] ?? '']
    const needs = readNeeds(item['needs']) ?? previous
    order.push({
      name,
      needs,
      nameLocation: at.document.locate([...at.path, 'name']),
      needLocation: (need) => needLocation(at, item, need),
    })
    const head = { name, needs, location: at.document.locate(at.path) }
    const stage = compileStage(context, head, item, kind, at, settings)
    if (stage) return [stage]
    left.set(name, needs)
    return []
  })
  checkNeeds(context, order)
  checkTags(context, stages.length === 0 && left.size > 0)
  const mayBeEmpty = checkUnmatched(context, settings.inventory)
  return inOrderOfNeeds(
    stages.map((stage) => ({
      ...stage,
      needs: needsWithout(stage.needs, left),
      ...(mayBeEmpty.has(stage.name) ? { mayBeEmpty: true } : {}),
    })),
  )
}

function compileStage(
  context: CompileContext,
  head: StageHead,
  item: Vars,
  kind: Kind,
  source: Source,
  settings: StageSettings,
): Stage | undefined {
  const supported = withoutUnsupported(context, item, unsupportedStageKeywords, source, 'error')
  if (Object.keys(supported).length === 0) return undefined
  const subject = kind === 'pipeline' ? `the stage "${head.name}"` : `the play "${head.name}"`
  const words = { subject, key: 'keyword' }
  const path = [...source.path]
  if (Object.hasOwn(supported, 'script')) {
    const { value, diagnostics } = checkAt(scriptStage, supported, source.document, path, words)
    context.diagnostics.push(...diagnostics)
    return value ? compileScript(context, head, value, source, settings) : undefined
  }
  const schema = kind === 'pipeline' ? playStage : playbookPlay
  const { value, diagnostics } = checkAt(schema, supported, source.document, path, words)
  context.diagnostics.push(...diagnostics)
  if (value) return compilePlay(context, head, value, source, settings)
  // The stage is wrong, but each list in it can still be read: every mistake at once.
  const lists = ['roles', 'pre_tasks', 'tasks', 'post_tasks', 'handlers'].filter((key) =>
    Array.isArray(supported[key]),
  )
  const rest = Object.fromEntries(lists.map((key) => [key, supported[key]]))
  const tags = playbookPlay.shape.tags.safeParse(supported['tags']).data
  const hosts = playbookPlay.shape.hosts.safeParse(supported['hosts'])
  const { inventory, ...withoutHosts } = settings
  const parts = playbookPlay.parse({ ...rest, hosts: hosts.data ?? [], ...(tags ? { tags } : {}) })
  compilePlay(context, head, parts, source, hosts.success && inventory ? settings : withoutHosts)
  return undefined
}

/** Plays of a playbook get file-safe names made from theirs, each once. */
function stageNames(list: readonly Value[], kind: Kind): string[] {
  const taken = new Set<string>()
  return list.map((item, index) => {
    const written =
      isMap(item) && item['name'] !== undefined && item['name'] !== null ? String(item['name']) : ''
    if (kind === 'pipeline') return written === '' ? `stage-${index + 1}` : written
    const slug = written
      .normalize('NFKD')
      .replace(/[^A-Za-z0-9._]+/g, '-')
      .replace(/^[^A-Za-z0-9]+|-+$/g, '')
      .toLowerCase()
    const base = slug === '' ? `play-${index + 1}` : slug
    let name = base
    for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`
    taken.add(name)
    return name
  })
}

function readNeeds(value: Value | undefined): string[] | undefined {
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'object' ? [] : [String(value)]
}

function needLocation({ document, path }: Source, item: Vars, index: number) {
  if (item['needs'] === undefined) return document.locate(path)
  return document.locate(Array.isArray(item['needs']) ? [...path, 'needs', index] : [...path, 'needs'])
}

/** A stage that tags leave out hands its own needs on. */
function needsWithout(needs: readonly string[], left: ReadonlyMap<string, readonly string[]>): string[] {
  const seen = new Set<string>()
  const walk = (name: string): string[] => {
    if (seen.has(name)) return []
    seen.add(name)
    const inherited = left.get(name)
    return inherited ? inherited.flatMap(walk) : [name]
  }
  return needs.flatMap(walk)
}
