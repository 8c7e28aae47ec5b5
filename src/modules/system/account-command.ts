import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'

/** Yields a command of shadow-utils, which an unprivileged user's PATH may lack, and explains its failure. */
export async function* accountCommand(
  code: 'user-failed' | 'group-failed',
  summary: string,
  command: Command,
): Steps<boolean> {
  const { applied, command: result } = yield {
    summary,
    action: { ...command, parts: [...sh`PATH="$PATH:/usr/sbin:/sbin"; `.parts, ...command.parts] },
    allowFailure: true,
  }
  if (result !== undefined && result.exitCode !== 0) {
    const said = result.stderr.trim().split('\n').at(-1) || `exit code ${result.exitCode}`
    throw moduleFailure(
      code,
      `could not ${summary}: ${said}`,
      /ermission denied|cannot lock/.test(said) ? 'this needs become: yes' : undefined,
    )
  }
  return applied
}
