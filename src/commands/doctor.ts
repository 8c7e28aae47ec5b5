import { styleText } from 'node:util'
import { z } from 'zod'
import type { RunOutcome } from '../engine/run-options.ts'
import { defined } from '../util/defined.ts'
import { printable } from '../util/printable.ts'
import { answersOf } from './answers.ts'
import { compileFor } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import { hypervisorPattern } from './lab-guests.ts'
import { printData } from './print-data.ts'
import { exitCodeOf, runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

const finding = z.object({
  id: z.string(),
  level: z.enum(['ok', 'warning', 'error']),
  text: z.string(),
  hint: z.string().optional(),
})
/** What the module `preflight` says of a host. */
const answerSchema = z.object({ findings: z.array(finding) })
type Finding = z.output<typeof finding>

interface Diagnosis {
  readonly host: string
  readonly findings: readonly Finding[]
  /** Why there are no findings: the host was not reached, or a question failed. */
  readonly failure?: { readonly code: string; readonly message: string; readonly hint?: string }
}

const signs = { ok: 'ok', warning: 'warning', error: 'error' } as const
const looks = { ok: 'green', warning: 'yellow', error: 'red' } as const

/**
 * `hvlab doctor`: preflight alone on the hosts of the inventory, for the guests of the quick lab or of the inventory, each finding with what to do about it. Exit code 2 when a
 * host cannot carry the lab, 4 when one was not reached.
 */
export async function doctorCommand(options: RunOptions, env: CommandEnvironment): Promise<number> {
  // What the hosts are to carry stands in the pipeline; one with mistakes is `hvlab validate`'s business.
  const quick = await compileFor({ name: 'quick' }, options, env)
  const outcome = await runAdHoc(
    {
      pattern: hypervisorPattern,
      module: 'preflight',
      params: {},
      become: false,
      defaults: quick.ok ? quick.value.plan.defaults : {},
      name: 'doctor',
      format: 'silent',
    },
    options,
    env,
  )
  if (outcome === undefined) return exitCodeOf(outcome)
  const { diagnoses, exitCode } = diagnosesOf(outcome)
  if (!printData({ hosts: diagnoses }, options, env))
    env.stdout(diagnoses.map((diagnosis) => printDiagnosis(diagnosis, env.color)).join('\n'))
  return exitCode
}

/** Of each host its findings; else why there are none. */
function diagnosesOf(outcome: RunOutcome): {
  readonly diagnoses: readonly Diagnosis[]
  readonly exitCode: number
} {
  const { answers, failures, exitCode } = answersOf(outcome, 'preflight', answerSchema)
  const diagnoses = [...outcome.results.keys()].flatMap((host): Diagnosis[] => {
    const found = answers.filter((answer) => answer.host === host)
    if (found.length > 0) return found.map(({ answer }) => ({ host, ...answer }))
    return failures
      .filter((record) => record.host === host)
      .map(({ failure: { code, message, hint } }) => ({
        host,
        findings: [],
        failure: defined({ code, message, hint }),
      }))
  })
  return { diagnoses, exitCode }
}

/** What hosts sent cannot act on the terminal. */
export function printDiagnosis(diagnosis: Diagnosis, color: boolean): string {
  const { host, failure } = diagnosis
  const rows: readonly Finding[] = failure
    ? [{ id: failure.code, level: 'error', text: failure.message, hint: failure.hint }]
    : diagnosis.findings
  const lines = rows.flatMap(({ level, text, hint }) => [
    `  ${paint(color, looks[level], signs[level].padEnd(7))}  ${printable(text)}`,
    ...(hint === undefined || level === 'ok' ? [] : [`           → ${printable(hint)}`]),
  ])
  return `${paint(color, 'bold', host)}\n${lines.join('\n')}\n`
}

function paint(color: boolean, look: 'bold' | 'green' | 'yellow' | 'red', text: string): string {
  return color ? styleText(look, text, { validateStream: false }) : text
}
