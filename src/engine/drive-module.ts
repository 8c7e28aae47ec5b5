import type { Change, ChangeResult, ModuleResult, Steps } from '../model/change.ts'
import type { CommandResult } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import { saysDiskFull } from '../util/disk-full.ts'
import type { HostState } from './host-state.ts'

export interface DriveOptions {
  readonly check: boolean
  readonly access: HostAccess
  readonly state: HostState
  readonly onChange: (change: Change, isApplied: boolean) => void
}

export interface Driven {
  readonly result: ModuleResult
  /** How many changes the module wanted. */
  readonly changes: number
}

/**
 * Runs a module to its end: each change that it yields is shown in check mode, otherwise executed before the module
 * goes on. A change that fails is thrown into the module, which may clean up.
 */
export async function driveModule(steps: Steps, options: DriveOptions): Promise<Driven> {
  let changes = 0
  let step = await steps.next()
  while (!step.done) {
    changes += 1
    options.onChange(step.value, !options.check)
    let outcome: ChangeResult
    try {
      outcome = options.check ? { applied: false } : await execute(step.value, options)
    } catch (error) {
      step = await steps.throw(error)
      continue
    }
    step = await steps.next(outcome)
  }
  return { result: step.value, changes }
}

async function execute(change: Change, { access, state }: DriveOptions): Promise<ChangeResult> {
  const { action } = change
  try {
    if (typeof action === 'function') return { applied: true, value: await action() }
    if ('upload' in action) {
      await access.put(action.upload, action.path, action.options ?? {})
      return { applied: true }
    }
    const command = await access.run(action, { stream: true })
    if (command.exitCode !== 0 && change.allowFailure !== true) throw commandFailed(change.summary, command)
    return { applied: true, command }
  } finally {
    // Whatever was known about the host may be wrong now, also after a failure half-way.
    state.factCache.clear()
  }
}

function commandFailed(summary: string, result: CommandResult): FailureError {
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').slice(-12).join('\n')
  const details = said === '' ? {} : { details: said }
  if (saysDiskFull(said))
    return new FailureError({
      reason: 'exit-code',
      code: 'host-disk-full',
      message: `Could not ${summary}: a disk of the host is full.`,
      hint: 'Make room there (`df -h` shows where), then run again.',
      ...details,
    })
  return new FailureError({
    reason: 'exit-code',
    code: 'command-failed',
    message: `Could not ${summary}: the command ended with exit code ${result.exitCode}.`,
    ...details,
  })
}
