import type { Steps } from '../../model/change.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { lastLines, moduleFailure } from '../failure.ts'

/** What a task wants of a service; absent = leave as it is. */
export interface WantedService {
  readonly name: string
  readonly state?: 'started' | 'stopped' | 'restarted' | 'reloaded' | undefined
  readonly enabled?: boolean | undefined
  readonly masked?: boolean | undefined
  /** Seconds between stop and start, for scripts. */
  readonly sleep?: number | undefined
}

/** Verb of a service manager that a state needs, given whether the service runs now; null when nothing is to do. */
export function verbFor(
  state: WantedService['state'],
  running: boolean,
): 'start' | 'stop' | 'restart' | 'reload' | null {
  switch (state) {
    case undefined:
      return null
    case 'started':
      return running ? null : 'start'
    case 'stopped':
      return running ? 'stop' : null
    case 'restarted':
      return 'restart'
    case 'reloaded':
      return running ? 'reload' : 'start'
  }
}

/** Yields one command of a service manager and explains its failure with the end of the service's log. */
export async function* serviceCommand(
  context: ModuleContext,
  summary: string,
  command: Command,
  log: Command | null,
): Steps<boolean> {
  const { applied, command: result } = yield { summary, action: command, allowFailure: true }
  if (result !== undefined && result.exitCode !== 0) throw await serviceFailure(context, summary, result, log)
  return applied
}

export async function serviceFailure(
  context: ModuleContext,
  summary: string,
  result: Pick<CommandResult, 'exitCode' | 'stdout' | 'stderr'>,
  log: Command | null,
) {
  const tail = log === null ? '' : (await context.run(log)).stdout
  const said = result.stderr.trim() || result.stdout.trim()
  return moduleFailure(
    'service-failed',
    `could not ${summary}: ${said.split('\n')[0] || `exit code ${result.exitCode}`}`,
    undefined,
    lastLines(tail.trim() === '' ? said : tail, 20),
  )
}
