import { z } from 'zod'
import { ExitCode } from '../../model/exit-code.ts'
import type { Vars } from '../../model/value.ts'
import { answersOf } from '../answers.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printFailures } from '../lab-guests.ts'
import { runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'

const resultSchema = z.object({
  hosts: z.array(
    z.object({
      sandbox: z.string(),
      host: z.string(),
      address: z.string(),
      state: z.string(),
      release: z.string(),
      host_key: z.string(),
      created: z.string(),
    }),
  ),
  damaged: z
    .array(z.object({ sandbox: z.string(), host: z.string(), file: z.string(), why: z.string() }))
    .default([]),
  key_file: z.string(),
  known_hosts: z.string(),
})
export type SandboxHosts = z.output<typeof resultSchema>
export type SandboxHost = SandboxHosts['hosts'][number]

export interface SandboxRun {
  readonly exitCode: ExitCode
  /** Undefined when the module did not come to its end, and when the sandbox was removed; a failure has been shown. */
  readonly sandbox: SandboxHosts | undefined
}

/** Runs the module `sandbox` on this machine alone, as root. `quiet` draws nothing; failures are told in any case. */
export async function runSandbox(
  params: Vars,
  name: string,
  options: RunOptions,
  env: CommandEnvironment,
  quiet?: 'quiet',
): Promise<SandboxRun> {
  const isQuestion = params['state'] === 'facts'
  const isQuiet = isQuestion || quiet !== undefined
  const outcome = await runAdHoc(
    {
      pattern: 'localhost',
      module: 'sandbox',
      params,
      become: true,
      name,
      format: isQuiet ? null : options.format,
    },
    isQuestion ? { ...options, check: false } : options,
    env,
  )
  if (outcome === undefined) return { exitCode: ExitCode.usage, sandbox: undefined }
  const { answers, failures, exitCode } =
    params['state'] === 'absent' ? { answers: [], ...outcome } : answersOf(outcome, 'sandbox', resultSchema)
  // What the module itself has failed at is drawn unless it is quiet.
  env.stderr(printFailures(isQuiet ? failures : failures.slice(outcome.failures.length)))
  return { exitCode, sandbox: answers[0]?.answer }
}
