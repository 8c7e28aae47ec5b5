import type { CommandEnvironment } from './environment.ts'
import { hypervisorPattern } from './lab-guests.ts'
import { exitCodeOf, runAdHoc } from './run-ad-hoc.ts'
import type { RunOptions } from './run-options.ts'

export interface DownOptions extends RunOptions {
  /** The image store too. */
  readonly images: boolean
  /** Only this lab's; default: everything that hvlab made. */
  readonly lab?: string
}

/** `hvlab down`: removes what hvlab made on the hosts of the inventory, found by its metadata there. Twice is fine. */
export async function downCommand(options: DownOptions, env: CommandEnvironment): Promise<number> {
  const params = {
    state: 'absent',
    images: options.images,
    ...(options.lab === undefined ? {} : { lab: options.lab }),
  }
  const outcome = await runAdHoc(
    {
      pattern: hypervisorPattern,
      module: 'libvirt_lab',
      params,
      become: true,
      name: 'down',
      format: options.format,
    },
    options,
    env,
  )
  return exitCodeOf(outcome)
}
