import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { RunOutcome } from '../../engine/run-options.ts'
import type { Event } from '../../model/event.ts'
import { ExitCode } from '../../model/exit-code.ts'
import type { Failure } from '../../model/failure.ts'
import type { Plan } from '../../model/plan.ts'
import { searchPathOf } from '../../plan/search-path.ts'
import { defined } from '../../util/defined.ts'
import { compilePlan } from '../compile-plan.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printFailures } from '../lab-guests.ts'
import { document, refuseFailure } from '../mistakes.ts'
import type { RunOptions } from '../run-options.ts'
import { runPlanHere } from '../run-plan.ts'
import { inventoryText } from '../sandbox/inventory-file.ts'
import { runSandbox } from '../sandbox/sandbox-hosts.ts'
import { sandboxOfRole, stepsOfTest, type TestStep, writePlay } from './plays.ts'

export interface RoleTestOptions extends RunOptions {
  readonly hosts: number
  /** Of the hosts, in turns. */
  readonly release?: string
  /** Leave the hosts there, to look at. */
  readonly keep: boolean
}

/**
 * `hvlab role test ROLE`: the role on fresh sandbox hosts, the role again, its own checks. What can be seen from the
 * files alone is refused before a host is made.
 */
export async function roleTestCommand(
  role: string,
  options: RoleTestOptions,
  env: CommandEnvironment,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'hvlab-role-'))
  try {
    const steps = stepsOfTest(role, searchPathOf(resolve(env.cwd)))
    const files = new Map(steps.map((step) => [step, writePlay(folder, role, step)]))
    const compile = async (inventory: string): Promise<Map<TestStep, Plan> | undefined> => {
      const plans = new Map<TestStep, Plan>()
      for (const [step, file] of files) {
        const compiled = await compilePlan({ file }, { ...options, inventory: [inventory] }, env)
        if (compiled === undefined) return undefined
        plans.set(step, compiled.plan)
      }
      return plans
    }
    if ((await compile('node1,')) === undefined) return ExitCode.usage
    return await onFreshHosts(sandboxOfRole(role), options, env, async (inventory) => {
      const file = join(folder, 'inventory.yml')
      await writeFile(file, inventory)
      const plans = await compile(file)
      return plans === undefined ? ExitCode.usage : await runSteps(role, plans, options, env)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function runSteps(
  role: string,
  plans: ReadonlyMap<TestStep, Plan>,
  options: RoleTestOptions,
  env: CommandEnvironment,
): Promise<number> {
  for (const [step, plan] of plans) {
    const changed: string[] = []
    const onEvent = (event: Event): void => {
      if (event.kind === 'task.finished' && event.outcome.kind === 'changed')
        changed.push(`${event.host}: ${event.name}`)
    }
    const { format } = options
    const run = { plan, runId: step, folder: null, format: drawn(options), onEvent }
    const { exitCode, failures } = await runPlanHere(run, options, env)
    if (exitCode !== ExitCode.ok) return format === 'json' ? tell(failures, exitCode, env) : exitCode
    if (step === 'repeat' && changed.length > 0)
      return refuseFailure(notIdempotent(role, changed), format, env)
  }
  if (options.format === 'json') document([], ExitCode.ok, 'json', env)
  const unchecked = plans.has('verify') ? '' : ' It has no tasks/verify.yml, so nothing more was checked.'
  env.stderr(`The role ${role} passed: its second run changed nothing.${unchecked}\n`)
  return ExitCode.ok
}

/** `--format json` is one document about the whole test; the runs are not drawn. */
function drawn({ format }: RoleTestOptions): RunOptions['format'] | null {
  return format === 'json' ? null : format
}

function tell(failures: RunOutcome['failures'], exitCode: ExitCode, env: CommandEnvironment): ExitCode {
  env.stderr(printFailures(failures))
  const diagnostics = failures.map(({ host, failure: { code, message, hint } }) =>
    defined({
      severity: 'error' as const,
      code,
      message: host === undefined ? message : `${host}: ${message}`,
      hint,
    }),
  )
  return document(diagnostics, exitCode, 'json', env)
}

/** Exported for its test. `changed`: host and task of each change of the second run. */
export function notIdempotent(role: string, changed: readonly string[]): Failure {
  return {
    reason: 'module',
    code: 'role-not-idempotent',
    message: `The second run of the role ${role} changed something: ${changed.join('; ')}.`,
    hint: 'Let these tasks ask first whether there is something to do; for a command that only asks: changed_when: false.',
  }
}

/** Makes hosts that nothing has touched, and removes them afterwards, however the work ends. */
async function onFreshHosts(
  sandbox: string,
  options: RoleTestOptions,
  env: CommandEnvironment,
  work: (inventory: string) => Promise<number>,
): Promise<number> {
  const { hosts, keep, release } = options
  const change = (params: Parameters<typeof runSandbox>[0], isQuiet = true) =>
    runSandbox({ name: sandbox, ...params }, 'sandbox', options, env, isQuiet ? 'quiet' : undefined)
  const remove = async () => (await change({ state: 'absent' })).exitCode
  const removed = await remove()
  if (removed !== ExitCode.ok) return removed
  let isUp = false
  try {
    const up = await change(defined({ hosts, release }), drawn(options) === null)
    if (up.sandbox === undefined) return up.exitCode
    isUp = true
    return await work(inventoryText(sandbox, up.sandbox))
  } finally {
    if (!keep) await remove()
    else if (isUp)
      env.stderr(
        `The hosts are still there: hvlab sandbox shell node1 --name ${sandbox}, then hvlab sandbox down --name ${sandbox}\n`,
      )
  }
}
