import type { OutputFormat } from '../../model/renderer.ts'
import type { Vars } from '../../model/value.ts'
import { printable } from '../../util/printable.ts'
import type { CommandEnvironment } from '../environment.ts'
import type { LabGuest } from '../lab-answer.ts'
import { exitCodeOf, runAdHoc } from '../run-ad-hoc.ts'
import type { RunOptions } from '../run-options.ts'

export interface GuestAction {
  /** Name of the command, shown as the stage. */
  readonly name: string
  /** A module with a parameter `guests`. */
  readonly module: string
  readonly params: Vars
  readonly format: OutputFormat | null
}

/** Runs a module on the hypervisors of guests, each with its own guests. Returns the exit code. */
export async function actOnGuests(
  guests: readonly LabGuest[],
  { name, module, params, format }: GuestAction,
  options: RunOptions,
  env: CommandEnvironment,
): Promise<number> {
  // Domains, because several labs on a host may have a guest of the same name.
  const byHost: Record<string, string[]> = {}
  for (const { hypervisor, domain } of guests) byHost[hypervisor] = [...(byHost[hypervisor] ?? []), domain]
  const idle: string[] = []
  const outcome = await runAdHoc(
    {
      pattern: Object.keys(byHost).join(':'),
      module,
      params: { ...params, guests: '{{ hvlab_chosen_guests[inventory_hostname] }}' },
      defaults: { hvlab_chosen_guests: byHost },
      become: true,
      name,
      task: `${name} ${guests.map(({ host }) => host).join(', ')}`,
      format,
      onEvent(event) {
        if (event.kind !== 'task.finished' || event.outcome.kind !== 'ok' || event.outcome.why === undefined)
          return
        idle.push(`nothing was to be done on ${event.host}: ${event.outcome.why}\n`)
      },
    },
    options,
    env,
  )
  // A person who named a guest wants to know, and a misspelt snapshot is found out.
  if (idle.length > 0 && format !== 'json' && format !== 'jsonl') env.stderr(printable(`\n${idle.join('')}`))
  return exitCodeOf(outcome)
}
