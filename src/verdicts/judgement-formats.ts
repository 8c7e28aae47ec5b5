import type { Value } from '../model/value.ts'
import { plainData } from '../util/json.ts'
import type { Judgement } from './judgement.ts'
import {
  judgementColumns,
  judgementHeadline,
  judgementNotes,
  judgementRow,
  judgementText,
  measureName,
} from './judgement-text.ts'
import { type Measure, metricName, unitOf } from './measure.ts'
import type { JudgementFormat } from './vocabulary.ts'
import { paragraphs } from './words.ts'

/** `exitCode` goes into the JSON, so that a program needs to read one thing only. */
export function writeJudgement(judgement: Judgement, format: JudgementFormat, exitCode: number): string {
  switch (format) {
    case 'text':
      return judgementText(judgement)
    case 'json':
    case 'jsonl':
      return `${JSON.stringify(judgementJson(judgement, exitCode), null, format === 'json' ? 2 : 0)}\n`
    case 'markdown':
      return judgementMarkdown(judgement)
    case 'junit':
      return judgementJunit(judgement)
  }
}

function judgementJson(judgement: Judgement, exitCode: number): Value {
  const { left, right, verdict, measures, missing, added, same, differences, incomparable } = judgement
  const named = (measure: Measure): Value => ({
    host: measure.hypervisor,
    subject: measure.subject,
    metric: metricName(measure),
  })
  return plainData({
    format: 'hvlab-verdict',
    format_version: 1,
    exit_code: exitCode,
    baseline: left,
    run: right,
    verdict: verdict ?? null,
    comparable: incomparable.length === 0,
    sentence: judgementHeadline(judgement),
    notes: judgementNotes(judgement),
    measures: measures.map(({ left: before, right: now, change: whole, tolerance, verdict: one }) => {
      const { pairing, sharedBlocks, ...change } = whole
      return {
        host: now.hypervisor,
        subject: now.subject,
        metric: metricName(now),
        unit: unitOf(now),
        before: before.values,
        now: now.values,
        change,
        pairing,
        shared_blocks: sharedBlocks,
        tolerance: tolerance ?? null,
        verdict: one ?? null,
      }
    }),
    missing: missing.map(named),
    added: added.map(named),
    same: same.map(named),
    differences,
  })
}

function judgementMarkdown(judgement: Judgement): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |`
  const table = [
    line(judgementColumns),
    `|${judgementColumns.map((_, index) => (index === 0 ? ' --- ' : ' ---: ')).join('|')}|`,
    ...judgement.measures.map((measure) => line(judgementRow(measure))),
  ]
  const notes = judgementNotes(judgement).map((note) => `- ${escapeMarkdown(note)}`)
  return paragraphs([[escapeMarkdown(judgementHeadline(judgement))], table, notes])
}

/** Code spans stay code; anything else of Markdown's is text. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\*_[\]<>|#]/g, (character) => `\\${character}`)
}

/**
 * One test case for each measure: regressions are failures, what is inconclusive or has no verdict is skipped with its
 * reason, because JUnit knows no third answer. The exit code of the command tells the three apart.
 */
function judgementJunit(judgement: Judgement): string {
  const { measures, missing, incomparable } = judgement
  const failures = measures.filter(({ verdict }) => verdict === 'regression').length
  const skipped = measures.filter(({ verdict }) => verdict !== 'regression' && verdict !== 'pass').length
  const cases = measures.map((measure) => {
    const [name, before, now, change, interval, tolerance, word = ''] = judgementRow(measure)
    const said = `${change} (${interval}), before ${before}, now ${now}, tolerance ${tolerance}`
    const body =
      measure.verdict === 'pass'
        ? ''
        : measure.verdict === 'regression'
          ? `<failure message="${xml(`slower: ${said}`)}"/>`
          : `<skipped message="${xml(`${incomparable.length > 0 ? 'not comparable' : word}: ${said}`)}"/>`
    return `    <testcase classname="hvlab.gate" name="${xml(name ?? '')}">${body}</testcase>`
  })
  const absent = missing.map(
    (measure) =>
      `    <testcase classname="hvlab.gate" name="${xml(measureName(measure))}"><skipped message="not measured now"/></testcase>`,
  )
  const count = cases.length + absent.length
  const totals = `tests="${count}" failures="${failures}" errors="0" skipped="${skipped + absent.length}"`
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites ${totals}>
  <testsuite name="${xml(`hvlab gate: ${judgement.right} against ${judgement.left}`)}" ${totals}>
${[...cases, ...absent].join('\n')}
    <system-out>${xml([judgementHeadline(judgement), ...judgementNotes(judgement)].join('\n'))}</system-out>
  </testsuite>
</testsuites>
`
}

/** XML 1.0 text: escaped, without the control characters that no escape can carry. */
function xml(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
