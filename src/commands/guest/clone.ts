import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'
import { chosenGuests } from './choose-guest.ts'

export interface CloneOptions extends RunOptions {
  /** Leave the new guest off. */
  readonly stopped: boolean
  readonly wait?: boolean
  readonly patience?: number
}

/** `hvlab clone GUEST NAME`: a second guest with what is on the first one's disk, on the same hypervisor. */
export async function cloneCommand(
  guest: string,
  name: string,
  options: CloneOptions,
  env: CommandEnvironment,
): Promise<number> {
  const guests = await chosenGuests([guest], 'clone', options, env)
  if (typeof guests === 'number') return guests
  const [source] = guests
  const params = defined({
    guest: source?.domain ?? guest,
    name,
    state: options.stopped ? 'stopped' : 'running',
    wait: options.wait,
    deadline: options.patience,
  })
  const pattern = source?.hypervisor ?? ''
  return exitCodeOf(
    await runAdHoc(
      {
        pattern,
        module: 'libvirt_clone',
        params,
        become: true,
        name: 'clone',
        task: `clone ${source?.host ?? guest} as ${name}`,
        format: options.format,
      },
      options,
      env,
    ),
  )
}
