import type { Rule } from './finding.ts'
import type { BootTime } from './record.ts'
import { duration, listed } from './words.ts'

/** What people wait for. One start, of guests only: nothing is concluded from it either. */
export const loginFindings: Rule = ({ environments }) =>
  environments.flatMap(({ subject, login_s: seconds }) =>
    seconds === null
      ? []
      : [
          {
            rule: 'start-to-login',
            level: 'fact',
            about: subject,
            text: `From the start of its virtual machine to the first login over SSH ${subject} took ${duration(seconds)}, in one start that hvlab saw.`,
          },
        ],
  )

/** One boot of each, which is no trial: it is told, and nothing is concluded from it. */
export const bootFindings: Rule = ({ design, environments }) =>
  design.subjects.flatMap(({ id, baseline }) => {
    const boot = (subject: string | null): BootTime | null =>
      environments.find((environment) => environment.subject === subject)?.boot ?? null
    const [own, native] = [boot(id), boot(baseline)]
    if (baseline === null || own === null) return []
    const beside =
      native === null || native.kernel_s === null
        ? ''
        : ` ${design.hypervisor}, another system, took ${bootText(native)}.`
    return [
      {
        rule: 'boot-time',
        level: 'fact',
        about: id,
        text: `From the kernel's first instruction to the end of its boot ${id} took ${bootText(own)}, by systemd's account of one boot.${beside}`,
      },
    ]
  })

/** `23.1 s (kernel 3.1 s and userspace 20 s)`. Firmware and loader stay out: guests often have none. */
export function bootText({ kernel_s, initrd_s, userspace_s }: BootTime): string {
  const parts: [string, number | null][] = [
    ['kernel', kernel_s],
    ['initrd', initrd_s],
    ['userspace', userspace_s],
  ]
  const there = parts.flatMap(([name, seconds]): [string, number][] =>
    seconds === null ? [] : [[name, seconds]],
  )
  const whole = there.reduce((sum, [, seconds]) => sum + seconds, 0)
  return `${duration(whole)} (${listed(there.map(([name, seconds]) => `${name} ${duration(seconds)}`))})`
}
