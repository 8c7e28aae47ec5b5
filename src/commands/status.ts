import { damageInWords } from '../lab/plan-guests.ts'
import { ExitCode } from '../model/exit-code.ts'
import { printable } from '../util/printable.ts'
import { textTable } from '../util/text-table.ts'
import type { CommandEnvironment } from './environment.ts'
import type { LabGuest } from './lab-answer.ts'
import { failureData, labGuests, printFailures } from './lab-guests.ts'
import { printData } from './print-data.ts'
import type { RunOptions } from './run-options.ts'

/** `hvlab status`: the guests on the hosts of the inventory, as the hosts say. */
export async function statusCommand(options: RunOptions, env: CommandEnvironment): Promise<number> {
  const lab = await labGuests(options, env, 'status')
  if (lab === undefined) return ExitCode.usage
  const guests = lab.guests.toSorted((a, b) => (a.hypervisor + a.name < b.hypervisor + b.name ? -1 : 1))
  const data = {
    guests: guests.map(publicData),
    damaged: lab.damaged,
    failures: failureData(lab.failures),
  }
  if (printData(data, options, env)) return lab.exitCode
  if (guests.length > 0) env.stdout(statusTable(guests, new Date()))
  else if (lab.failures.length === 0) env.stdout('There are no guests. `hvlab up` makes them.\n')
  for (const { hypervisor, domain, fields } of lab.damaged)
    env.stderr(
      `warning: ${hypervisor}: the domain ${printable(domain)} ${damageInWords(fields)}; it is not touched.\n  hint: Put its metadata right with \`virsh edit\`, or remove it with virsh.\n`,
    )
  env.stderr(printFailures(lab.failures))
  return lab.exitCode
}

/** What other programs may rely on. */
function publicData(guest: LabGuest) {
  const { hypervisor, name, host, domain, state, address, user, image, accelerator, lab, created } = guest
  const { ports, drift } = guest
  return {
    hypervisor,
    name,
    host,
    domain,
    state,
    address,
    user,
    image,
    accelerator,
    lab,
    created,
    ports,
    drift,
  }
}

/** What hosts sent cannot act on the terminal. */
export function statusTable(guests: readonly LabGuest[], now: Date): string {
  const head = ['HOST', 'GUEST', 'STATE', 'ADDRESS', 'IMAGE', 'ACCELERATOR', 'AGE', 'DRIFT']
  const rows = guests.map((guest) =>
    [
      guest.hypervisor,
      guest.host,
      guest.state,
      guest.address,
      guest.image,
      guest.accelerator.type === 'kvm' ? 'KVM' : 'TCG (emulated)',
      age(guest.created, now),
      guest.drift.length === 0 ? 'none' : String(guest.drift.length),
    ].map(printable),
  )
  const drifts = guests.flatMap(({ host, drift }) => drift.map((each) => printable(`${host}: ${each}`)))
  return [...textTable(head, rows, 'words'), ...(drifts.length > 0 ? ['', ...drifts] : []), ''].join('\n')
}

/** The largest unit that fits: `42 s`, `7 min`, `3 h`, `12 d`. */
export function age(created: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(created)) / 1000)
  if (!Number.isFinite(seconds) || seconds < 0) return 'unknown'
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
