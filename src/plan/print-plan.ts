import { styleText } from 'node:util'
import { shortPath } from '../config/print-diagnostics.ts'
import type { Plan, Stage } from '../model/plan.ts'
import type { Step, Task } from '../model/task.ts'
import { printable } from '../util/printable.ts'

export interface PrintPlanOptions {
  readonly color: boolean
  readonly cwd: string
}

interface Row {
  readonly depth: number
  readonly title: string
  readonly id: string
  readonly notes: string
}

/** A plan for people: every stage with its hosts, every task with its id, roles and includes unfolded. */
export function printPlan(plan: Plan, { color, cwd }: PrintPlanOptions): string {
  const bold = (text: string): string => (color ? styleText('bold', text, { validateStream: false }) : text)
  const dim = (text: string): string => (color ? styleText('dim', text, { validateStream: false }) : text)
  const head = `${bold(oneLine(plan.name))}  ${dim(shortPath(plan.file, cwd))}\n${dim(`fingerprint ${plan.fingerprint.slice(0, 12)}`)}`
  const stages = plan.stages.map((stage) => {
    const rows = rowsOfStage(plan, stage)
    const width = Math.min(60, Math.max(0, ...rows.map((row) => row.depth * 2 + row.title.length)))
    const lines = rows.map(({ depth, title, id, notes }) =>
      `  ${`${'  '.repeat(depth)}${title}`.padEnd(width)}  ${dim(id)}${notes === '' ? '' : `  ${dim(notes)}`}`.trimEnd(),
    )
    return [`${bold(oneLine(stage.name))}  ${stageNotes(stage)}`, ...lines].join('\n')
  })
  return `${[head, ...stages].join('\n\n')}\n`
}

function stageNotes(stage: Stage): string {
  const needs = stage.needs.length === 0 ? 'starts at once' : `after ${stage.needs.join(', ')}`
  return `${needs} · ${stage.pattern}: ${hostList(stage.hosts)}`
}

function hostList(hosts: readonly string[]): string {
  if (hosts.length === 0) return 'no host yet'
  const shown = hosts.slice(0, 8).join(', ')
  return hosts.length > 8 ? `${shown} and ${hosts.length - 8} more` : shown
}

function rowsOfStage(plan: Plan, stage: Stage): Row[] {
  if (stage.kind === 'script') return [{ depth: 0, title: `script ${stage.script}`, id: '', notes: '' }]
  const facts = stage.gatherFacts
    ? [{ depth: 0, title: 'gather facts', id: `${stage.name}/facts`, notes: '' }]
    : []
  const handlers = stage.handlers.map((handler) => taskRow(plan, handler, 1))
  return [
    ...facts,
    ...rowsOf(plan, stage.steps, 0, []),
    ...(handlers.length > 0
      ? [{ depth: 0, title: 'handlers, when notified', id: '', notes: '' }, ...handlers]
      : []),
  ]
}

function rowsOf(plan: Plan, steps: readonly Step[], depth: number, chain: readonly string[]): Row[] {
  return steps.flatMap((step) => {
    if (step.kind === 'task') return taskRows(plan, step, depth, chain)
    const parts = (['block', 'rescue', 'always'] as const).flatMap((part) => {
      if (part === 'block') return rowsOf(plan, step.block, depth + 1, chain)
      if (step[part].length === 0) return []
      return [{ depth, title: part, id: '', notes: '' }, ...rowsOf(plan, step[part], depth + 1, chain)]
    })
    const title = step.name ?? (step.role === undefined ? 'block' : `role ${step.role}`)
    return [{ depth, title: oneLine(title), id: step.id, notes: notesOf(step) }, ...parts]
  })
}

function taskRows(plan: Plan, task: Task, depth: number, chain: readonly string[]): Row[] {
  const key = task.include?.key
  const isOpen = key !== undefined && !chain.includes(key)
  const included = isOpen ? rowsOf(plan, plan.includes[key] ?? [], depth + 1, [...chain, key]) : []
  return [taskRow(plan, task, depth), ...included]
}

function taskRow(plan: Plan, task: Task, depth: number): Row {
  const role = task.role === undefined ? undefined : (plan.roles[task.role]?.name ?? task.role)
  const what = task.name ?? (task.module === 'meta' ? metaWord(task) : task.module)
  const module = task.name === undefined ? '' : ` (${task.module})`
  const prefix = role === undefined || depth > 0 ? '' : `${role} : `
  return { depth, title: oneLine(`${prefix}${what}${module}`), id: task.id, notes: notesOf(task) }
}

function metaWord(task: Task): string {
  const word = typeof task.params === 'string' ? undefined : task.params['_raw_params']
  return word === 'flush_handlers' ? 'run notified handlers' : `meta ${String(word)}`
}

function notesOf(step: Step): string {
  const when = step.when.length === 0 ? [] : [`when ${step.when.map(String).join(' and ')}`]
  const tags = step.tags.length === 0 || step.tags.join() === 'always' ? [] : [`tags ${step.tags.join(', ')}`]
  const loop = step.kind === 'task' && step.loop !== undefined ? ['loops'] : []
  const lack = step.kind === 'task' && step.lack !== undefined ? [`fails: ${step.lack.message}`] : []
  return oneLine([...lack, ...loop, ...when, ...tags].join(' · '))
}

/** Names and conditions are free text: none of it acts on a terminal or breaks a row. */
function oneLine(text: string): string {
  return printable(text)
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim()
}
