import { styleText } from 'node:util'
import { z } from 'zod'
import type { RunOutcome } from '../engine/run-options.ts'
import { compileFor } from './compile-plan.ts'
import type { CommandEnvironment } from './environment.ts'
import { hypervisorPattern } from './lab-guests.ts'
import { printData } from './print-data.ts'
import { exitCodeOf, runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

/** Findings come back from hosts through the module's result: read like any data from outside. */
const findings = z.array(
  z.object({
    id: z.string(),
    level: z.enum(['ok', 'warning', 'error']),
    text: z.string(),
    hint: z.string().optional(),
  }),
)

interface Diagnosis {
  readonly host: string
  readonly findings: z.output<typeof findings>
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
      format: null,
    },
    options,
    env,
  )
  if (outcome === undefined) return exitCodeOf(outcome)
  const diagnoses = diagnosesOf(outcome)
  if (!printData({ hosts: diagnoses }, options, env))
    env.stdout(diagnoses.map((diagnosis) => printDiagnosis(diagnosis, env.color)).join('\n'))
  return outcome.exitCode
}

function diagnosesOf(outcome: RunOutcome): Diagnosis[] {
  return [...outcome.results].flatMap(([host, tasks]) =>
    [...tasks.values()].map(({ outcome: end, data }) => {
      const found = findings.safeParse(data['findings'])
      if (found.success) return { host, findings: found.data }
      if (end.kind !== 'failed' && end.kind !== 'unreachable') return { host, findings: [] }
      const { code, message, hint } = end.failure
      return { host, findings: [], failure: { code, message, ...(hint === undefined ? {} : { hint }) } }
    }),
  )
}

function printDiagnosis(diagnosis: Diagnosis, color: boolean): string {
  const { host, failure } = diagnosis
  const rows: z.output<typeof findings> = failure
    ? [{ id: failure.code, level: 'error', text: failure.message, hint: failure.hint }]
    : diagnosis.findings
  const lines = rows.flatMap(({ level, text, hint }) => [
    `  ${paint(color, looks[level], signs[level].padEnd(7))}  ${text}`,
    ...(hint === undefined || level === 'ok' ? [] : [`           → ${hint}`]),
  ])
  return `${paint(color, 'bold', host)}\n${lines.join('\n')}\n`
}

function paint(color: boolean, look: 'bold' | 'green' | 'yellow' | 'red', text: string): string {
  return color ? styleText(look, text, { validateStream: false }) : text
}
