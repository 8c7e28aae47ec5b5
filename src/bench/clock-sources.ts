import type { Benchmark, Sample } from './record.ts'

/** Clock sources that a hypervisor emulates as a device: every read leaves the guest. */
export const emulatedClocks: ReadonlySet<string> = new Set(['hpet', 'acpi_pm', 'pit', 'jiffies'])

/** Each that a subject had in its trials, once: a kernel may change its clock source while it runs. */
export function clockSources(samples: readonly Sample[], subject: string): string[] {
  return [
    ...new Set(
      samples.filter((sample) => sample.subject === subject).flatMap(({ clocksource }) => clocksource ?? []),
    ),
  ]
}

/** All that a subject ran, rounds of several guests included. */
export function everySample({ samples, crowds }: Benchmark): Sample[] {
  return [...samples, ...crowds.flatMap((crowd) => crowd.samples)]
}
