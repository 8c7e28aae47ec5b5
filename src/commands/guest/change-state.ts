import { ExitCode } from '../../model/exit-code.ts'
import { FailureError } from '../../model/failure.ts'
import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { RunOptions } from '../run-options.ts'
import { actOnGuests } from './act-on-guests.ts'
import { chosenGuests } from './choose-guest.ts'

export interface ChangeStateOptions extends RunOptions {
  /** Every guest of the inventory's hosts. */
  readonly all: boolean
  readonly force?: boolean
  /** Wait for a login; default true. */
  readonly wait?: boolean
  /** Seconds until the login works or the guest is off. */
  readonly patience?: number
}

/** `hvlab start|stop|restart|suspend|resume GUEST …`: the states of `libvirt_guest_state` under the names that people know. */
export async function changeStateCommand(
  command: 'start' | 'stop' | 'restart' | 'suspend' | 'resume',
  state: 'running' | 'stopped' | 'restarted' | 'paused' | 'saved',
  names: readonly string[],
  options: ChangeStateOptions,
  env: CommandEnvironment,
): Promise<number> {
  if (names.length === 0 && !options.all) throw noGuest(command)
  const guests = await chosenGuests(options.all ? undefined : names, command, options, env)
  if (typeof guests === 'number') return guests
  if (guests.length === 0) {
    env.stderr('There are no guests. `hvlab up` makes them.\n')
    return ExitCode.ok
  }
  const { force, wait, patience } = options
  const params = defined({ state, force, wait, deadline: patience })
  return await actOnGuests(
    guests,
    { name: command, module: 'libvirt_guest_state', params, format: options.format },
    options,
    env,
  )
}

function noGuest(command: string): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'usage',
    message: `hvlab ${command} needs the name of a guest.`,
    hint: '`hvlab status` lists guests; --all means every one.',
  })
}
