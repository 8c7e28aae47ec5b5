import { defineFact } from '../facts/fact.ts'
import { sh } from '../util/sh.ts'
import type { BootTime } from './record.ts'

/**
 * How long the last boot took: `systemd-analyze time`; null without systemd, and while the boot goes on. Containers have userspace only, guests that
 * are started with their kernel neither firmware nor loader. Source: systemd-analyze(1), src/analyze/analyze-time-data.c.
 */
export const bootTime = defineFact<[], BootTime | null>({
  name: 'boot-time',
  command: () => sh`LC_ALL=C systemd-analyze time 2>/dev/null || :`,
  parse({ stdout }) {
    const said = stdout.match(/^Startup finished in (.*)$/m)?.[1] ?? ''
    const part = (name: string): number | null =>
      seconds(said.match(new RegExp(`([^+]+) \\(${name}\\)`))?.[1])
    const userspace = part('userspace')
    if (userspace === null) return null
    return {
      firmware_s: part('firmware'),
      loader_s: part('loader'),
      kernel_s: part('kernel'),
      initrd_s: part('initrd'),
      userspace_s: userspace,
    }
  },
})

const units: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600 }

/** `850ms`, `2.345s`, `1min 2.345s`. */
function seconds(text: string | undefined): number | null {
  const parts = [...(text ?? '').matchAll(/(\d+(?:\.\d+)?)(us|ms|s|min|h)\b/g)]
  if (parts.length === 0) return null
  const sum = parts.reduce((total, [, value, unit = 's']) => total + Number(value) * (units[unit] ?? 1), 0)
  return Number(sum.toFixed(6))
}
