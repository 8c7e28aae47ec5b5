import type { Finding } from './preflight.ts'

/** Less is an answer that came late. Seconds. */
const bearable = 120

/**
 * A host whose clock is wrong: it refuses package lists and certificates by their dates, and its guests start with its time.
 *
 * @param ahead How much later it is there than on the controller, seconds; undefined when the host does not say.
 */
export function clockFindings(ahead: number | undefined): Finding[] {
  if (ahead === undefined || Math.abs(ahead) < bearable) return []
  return [
    {
      id: 'clock',
      level: 'warning',
      text: `its clock is ${spanText(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} that of the machine where hvlab runs`,
      hint: 'Set it right, on whichever of the two is wrong (`timedatectl set-ntp true`): packages and certificates are refused by their dates, and guests start with the host’s time.',
    },
  ]
}

/** The largest unit that fits twice. */
function spanText(seconds: number): string {
  const units = [
    [86_400, 'days'],
    [3600, 'hours'],
    [60, 'minutes'],
  ] as const
  const [size, name] = units.find(([each]) => seconds >= 2 * each) ?? [1, 'seconds']
  return `${Math.round(seconds / size)} ${name}`
}
