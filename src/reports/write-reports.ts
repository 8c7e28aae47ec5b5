import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readRecordedRun } from '../bench/recorded-run.ts'
import { refuseNewerResults } from '../bench/results-file.ts'
import { figure, intervalHeading, percent, range, times } from '../bench/words.ts'
import type { SummaryTable } from '../model/event.ts'
import type { LanguageCode } from '../model/language-code.ts'
import { reportHtml } from './html.ts'
import { english, type Language, languageOf } from './language.ts'
import { localised } from './localised.ts'
import { reportMarkdown } from './markdown.ts'
import { type Results, resultsOf } from './results.ts'
import { resultsJson } from './results-json.ts'

export interface WrittenReports {
  /** Absolute paths: HTML first, as what people open. */
  readonly files: readonly string[]
  readonly answer: string
  readonly summary: SummaryTable
}

/**
 * Reads a run's folder and writes report.html, report.md and results.json into it; in another language than English
 * report.id.html and report.id.md.
 */
export async function writeReports(folder: string, code: LanguageCode = 'en'): Promise<WrittenReports> {
  const language = languageOf(code)
  const ending = code === 'en' ? '' : `.${code}`
  await refuseNewerResults(join(folder, 'results.json'))
  const results = resultsOf(await readRecordedRun(folder))
  const contents: [name: string, text: string][] = [
    [`report${ending}.html`, await reportHtml(results, language)],
    [`report${ending}.md`, reportMarkdown(results, language)],
    ['results.json', `${JSON.stringify(resultsJson(results), null, 2)}\n`],
  ]
  await Promise.all(contents.map(([name, text]) => writeFile(join(folder, name), text)))
  return {
    files: contents.map(([name]) => join(folder, name)),
    answer: language.say(results.answer),
    summary: summaryTable(localised(results, language), language),
  }
}

/** The short table for the terminal: words first, then figures. */
export function summaryTable(results: Results, { say }: Language = english): SummaryTable {
  const interval = intervalHeading(results.comparisons.map(({ slowdown }) => slowdown))
  return {
    title: results.answer,
    columns: ['workload', 'native', 'guest', 'efficiency', 'slowdown', interval].map(say),
    rows: results.comparisons.map((comparison) =>
      [
        results.manyGuests ? `${comparison.guest}: ${comparison.workload.title}` : comparison.workload.title,
        `${figure(comparison.native.median)} ${comparison.metric.unit}`,
        `${figure(comparison.guestValues.median)} ${comparison.metric.unit}`,
        percent(comparison.efficiencyPercent.centre),
        times(comparison.slowdown.centre),
        range(comparison.slowdown.low, comparison.slowdown.high, times),
      ].map(say),
    ),
    footnotes: results.hosts.flatMap(({ findings }) =>
      findings.filter(({ level }) => level === 'caution').map(({ text }) => text),
    ),
  }
}
