import { defineFact } from './fact.ts'
import { firstLine, readSections, sections } from './sections.ts'

export interface Clocksource {
  /** `tsc`, `kvm-clock`, `hpet`, `acpi_pm` …; `unknown` where sysfs is hidden. */
  readonly current: string
  readonly available: readonly string[]
}

/** What the kernel reads the time from: decides what a timestamp costs in a guest. Source: sysfs clocksource0. */
export const clocksource = defineFact<[], Clocksource>({
  name: 'clocksource',
  command: () =>
    sections({
      current: firstLine('/sys/devices/system/clocksource/clocksource0/current_clocksource'),
      available: firstLine('/sys/devices/system/clocksource/clocksource0/available_clocksource'),
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    return {
      current: section('current') || 'unknown',
      available: section('available').split(/\s+/).filter(Boolean),
    }
  },
})
