import type { Command, CommandResult } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess, QueryOptions } from '../../model/host-access.ts'

/** Runs a command of a build that has to succeed; `message` says what could not be done otherwise. */
export async function must(
  host: HostAccess,
  command: Command,
  message: string,
  onOutput?: QueryOptions['onOutput'],
): Promise<CommandResult> {
  const result = await host.run(command, onOutput === undefined ? {} : { onOutput })
  if (result.exitCode === 0) return result
  throw new FailureError({
    reason: 'module',
    code: 'image-build-failed',
    message: `${message} (exit code ${result.exitCode})`,
    ...(/No space left on device/.test(result.stderr)
      ? { hint: 'Free some disk space where the image store is: a build needs about 8 GB.' }
      : {}),
    details: result.stderr.trim().split('\n').slice(-20).join('\n'),
  })
}
