import type { Event } from '../../model/event.ts'
import { defined } from '../../util/defined.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printFailures } from '../lab-guests.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'
import { chosenGuest } from './choose-guest.ts'

export interface LogsOptions extends RunOptions {
  /** Goes on with what comes, until it is interrupted. */
  readonly follow: boolean
  /** Only the last lines. */
  readonly lines?: number
}

/** `hvlab logs GUEST [-f]`: the serial log, as text that cannot act on the terminal; `jsonl` shows the events. */
export async function logsCommand(
  name: string,
  options: LogsOptions,
  env: CommandEnvironment,
): Promise<number> {
  const guest = await chosenGuest(name, 'logs', options, env)
  if (typeof guest === 'number') return guest
  const isEvents = options.format === 'json' || options.format === 'jsonl'
  let interrupted = false
  using _signals = env.onSignal(() => {
    interrupted = true
  })
  const show = (event: Event) => {
    // What comes after Ctrl-C is the shell's word that the reader was ended.
    if (event.kind !== 'task.output' || interrupted) return
    const write = event.stream === 'stdout' ? env.stdout : env.stderr
    write(`${event.line}\n`)
  }
  const { follow, lines } = options
  const outcome = await runAdHoc(
    defined({
      pattern: guest.hypervisor,
      module: 'libvirt_log',
      params: defined({ guest: guest.domain, follow, lines }),
      become: true,
      name: 'logs',
      format: isEvents ? options.format : null,
      onEvent: isEvents ? undefined : show,
    }),
    { ...options, check: false },
    env,
  )
  // An interruption is how following ends; it needs no words.
  if (outcome !== undefined && !isEvents)
    env.stderr(printFailures(outcome.failures.filter(({ failure }) => failure.reason !== 'cancelled')))
  return exitCodeOf(outcome)
}
