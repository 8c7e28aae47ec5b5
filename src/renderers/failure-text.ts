import type { Failure } from '../model/failure.ts'
import type { Location } from '../model/location.ts'
import { differenceLines, type FailureGroup } from '../util/failure-groups.ts'
import { namesOf } from '../util/host-names.ts'
import { counted } from '../util/words.ts'
import { indent, less, type Paint, wrapWide } from './style.ts'

/** Names that are longer stand in a line of their own. Characters. */
const TITLE_NAMES = 40
/** Kinds of evidence: more than these nobody reads. The journal has all. */
const EVIDENCE = 3

/**
 * A failure as people read it: what, where, the evidence, what to do. No trailing newline.
 * `title` says which stage, host and task it belongs to; `columns` how wide the terminal is, which breaks words otherwise.
 */
export function failureText(failure: Failure, title: string, paint: Paint, columns?: number): string {
  const { message, details, hint } = failure
  const middle = details === undefined ? [] : [evidenceText(details, paint)]
  return block(title, [paragraph(message, columns), ...middle], hint, failure, paint, columns)
}

/** The same failure of a task on hosts, below its stage, the hosts and the task. */
export function taskFailures(group: FailureGroup, paint: Paint, columns?: number): string {
  return groupText(group, (who) => `${group.stage} · ${who} · ${group.task}`, paint, columns)
}

/** The same failure on hosts, once. `titled` makes the title of what stands for the hosts. */
export function groupText(
  group: FailureGroup,
  titled: (who: string) => string,
  paint: Paint,
  columns?: number,
): string {
  const [first, other] = group.failures
  if (first === undefined) return ''
  if (other === undefined) return failureText(first.failure, titled(first.host), paint, columns)
  const hosts = new Set(group.failures.map(({ host }) => host))
  const names = namesOf(hosts)
  const isShort = names.length <= TITLE_NAMES
  return block(
    titled(isShort ? names : counted(hosts.size, 'host')),
    [
      ...(isShort ? [] : [paragraph(names, columns)]),
      paragraph(group.message, columns),
      ...differenceLines(group).map((row) => indent(wrapWide(row, less(columns, 4)), '    ')),
      ...evidenceLines(group, paint, columns),
    ],
    group.hint,
    first.failure,
    paint,
    columns,
  )
}

function block(
  title: string,
  middle: readonly string[],
  hint: string | undefined,
  { location, code }: Failure,
  paint: Paint,
  columns: number | undefined,
): string {
  return [
    `${paint('red', '✖')} ${paint('bold', title)}`,
    ...middle,
    ...(hint ? [paragraph(`hint: ${hint}`, columns).replace('hint:', paint('cyan', 'hint:'))] : []),
    ...(location ? [`  ${paint('dim', `${placeOf(location)}[${code}]`)}`] : []),
  ].join('\n')
}

function paragraph(text: string, columns: number | undefined): string {
  return indent(wrapWide(text, less(columns, 2)), '  ')
}

function evidenceText(details: string, paint: Paint): string {
  return indent(details.trimEnd(), paint('dim', '  │ '))
}

function evidenceLines(
  { evidence, failures }: FailureGroup,
  paint: Paint,
  columns: number | undefined,
): string[] {
  const isOne = evidence.length === 1 && new Set(failures.map(({ failure }) => failure.details)).size === 1
  const shown = evidence.slice(0, EVIDENCE)
  const rest = evidence.slice(EVIDENCE).flatMap(({ hosts }) => hosts)
  return [
    ...shown.flatMap(({ details, hosts: [host, ...others] }) => [
      ...(isOne
        ? []
        : [
            paragraph(
              `on ${host}${others.length > 0 ? `, and much the same on ${namesOf(others)}` : ''}:`,
              columns,
            ),
          ]),
      evidenceText(details, paint),
    ]),
    ...(rest.length > 0 ? [paragraph(`other words on ${namesOf(rest)}: the journal has them`, columns)] : []),
  ]
}

function placeOf({ file, line }: Location): string {
  return line === 0 ? '' : `at ${file}:${line} `
}
