import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readRecordedRun } from '../../../src/bench/recorded-run.ts'
import { openMetrics } from '../../../src/reports/openmetrics.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { journal, recordedEvents } from './recorded-journal.ts'

interface Dashboard {
  readonly templating: { list: { name: string; definition?: string }[] }
  readonly panels: { title: string; targets: { expr: string; legendFormat: string }[] }[]
}

/** Metric → the labels that its samples have, in the export of a run. */
async function exported(folder: string): Promise<Map<string, Set<string>>> {
  const lines = openMetrics([await readRecordedRun(folder)]).split('\n')
  const metrics = new Map<string, Set<string>>()
  for (const line of lines) {
    const [, name, labels = ''] = line.match(/^(\w+)\{(.*)\} \S+ \S+$/) ?? []
    if (name !== undefined)
      metrics.set(name, new Set([...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)))
  }
  return metrics
}

t.test('the dashboard asks for metrics and labels that the export has', async (t) => {
  const metrics = await exported(t.testdir({ 'journal.jsonl': journal(recordedEvents()) }))
  const { panels, templating } = JSON.parse(
    readFileSync(join(packageRoot, 'grafana/hvlab.json'), 'utf8'),
  ) as Dashboard
  const variables = new Set(templating.list.map(({ name }) => name))
  const asked = new Set<string>()
  /** Checks a PromQL selector, `hvlab_x{a="b",c=~"$d"}`. */
  const check = (name: string, labels: readonly string[], where: string): void => {
    asked.add(name)
    t.ok(metrics.has(name), `${where}: ${name} is exported`)
    for (const label of labels)
      t.ok(metrics.get(name)?.has(label), `${where}: ${name} has the label ${label}`)
  }
  for (const { title, targets } of panels) {
    for (const { expr, legendFormat } of targets) {
      const selectors = [...expr.matchAll(/(hvlab_\w+)\{([^}]*)\}/g)]
      t.ok(selectors.length > 0, `${title}: asks for something`)
      for (const [, name = '', inner = ''] of selectors) {
        const labels = [...inner.matchAll(/(\w+)=~?"/g)].map(([, label = '']) => label)
        const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
        check(name, [...labels, ...shown], title)
      }
      for (const [, variable = ''] of expr.matchAll(/\$(\w+)/g))
        t.ok(variables.has(variable) || variable === '__range', `${title}: $${variable} is a variable`)
    }
  }
  for (const { name, definition } of templating.list.filter((one) => one.definition !== undefined)) {
    const [, metric = '', label = ''] = definition?.match(/^label_values\((\w+), (\w+)\)$/) ?? []
    check(metric, [label], `variable ${name}`)
  }
  t.same(
    [...metrics.keys()].filter((name) => !asked.has(name)),
    [],
    'every metric is shown',
  )
})
