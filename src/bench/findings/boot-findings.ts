import type { BootTime } from '../record.ts'
import { duration, listed } from '../words.ts'
import type { Rule } from './finding.ts'

/** What people wait for. One start, of guests only: nothing is concluded from it either. */
export const loginFindings: Rule = ({ design, environments }) => {
  const took = environments.flatMap(({ subject, login_s: seconds }) =>
    seconds === null ? [] : `${subject} took ${duration(seconds)}`,
  )
  if (took.length === 0) return []
  const text = `From the start of its virtual machine to the first login over SSH ${listed(took)}, in one start that hvlab saw.`
  return [{ rule: 'start-to-login', level: 'fact', about: design.hypervisor, text }]
}

/** One boot of each, which is no trial: it is told, and nothing is concluded from it. */
export const bootFindings: Rule = ({ design, environments }) => {
  const guests = environments.flatMap(({ kind, subject, boot }) =>
    kind === 'guest' && boot !== null ? [{ subject, boot }] : [],
  )
  const native = environments.find(({ kind }) => kind === 'native')?.boot ?? null
  const [only] = guests
  if (only === undefined) return []
  // The table of machines has the parts of each.
  const took =
    guests.length === 1
      ? `${only.subject} took ${bootText(only.boot)}`
      : listed(guests.map(({ subject, boot }) => `${subject} took ${duration(bootSeconds(boot))}`))
  const beside =
    native === null || native.kernel_s === null
      ? ''
      : ` ${design.hypervisor}, another system, took ${bootText(native)}.`
  const text = `From the kernel's first instruction to the end of its boot ${took}, by systemd's account of one boot.${beside}`
  return [{ rule: 'boot-time', level: 'fact', about: design.hypervisor, text }]
}

/** `23.1 s (kernel 3.1 s and userspace 20 s)`. Firmware and loader stay out: guests often have none. */
export function bootText(boot: BootTime): string {
  const parts = bootParts(boot).map(([name, seconds]) => `${name} ${duration(seconds)}`)
  return `${duration(bootSeconds(boot))} (${listed(parts)})`
}

function bootSeconds(boot: BootTime): number {
  return bootParts(boot).reduce((sum, [, seconds]) => sum + seconds, 0)
}

function bootParts({ kernel_s, initrd_s, userspace_s }: BootTime): [name: string, seconds: number][] {
  const parts: [string, number | null][] = [
    ['kernel', kernel_s],
    ['initrd', initrd_s],
    ['userspace', userspace_s],
  ]
  return parts.flatMap(([name, seconds]): [string, number][] => (seconds === null ? [] : [[name, seconds]]))
}
