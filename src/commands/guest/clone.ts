import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'
import { chosenGuest } from './choose-guest.ts'

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
  const source = await chosenGuest(guest, 'clone', options, env)
  if (typeof source === 'number') return source
  const params = defined({
    guest: source.domain,
    name,
    state: options.stopped ? 'stopped' : 'running',
    wait: options.wait,
    deadline: options.patience,
  })
  return exitCodeOf(
    await runAdHoc(
      {
        pattern: source.hypervisor,
        module: 'libvirt_clone',
        params,
        become: true,
        name: 'clone',
        task: `clone ${source.host} as ${name}`,
        format: options.format,
      },
      options,
      env,
    ),
  )
}
