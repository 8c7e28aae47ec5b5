/** Counters of one machine at one moment. Null where the kernel or the container does not show them. */
export interface NoiseReading {
  /** Seconds since boot: the machine's own clock. */
  readonly uptimeS: number | null
  /** Seconds that some task waited for a CPU, since boot (PSI, `/proc/pressure/cpu`; kernels from 4.20). */
  readonly psiCpuS: number | null
  /** Seconds of steal over all CPUs, since boot: a hypervisor ran something else. Always 0 under TCG. */
  readonly stealS: number | null
  readonly clocksource: string | null
}

/** What changed between two readings around a trial. */
export interface Noise {
  /** By the machine's own clock. */
  readonly elapsedS: number | null
  readonly psiCpuS: number | null
  readonly stealS: number | null
}

/** Limits above which a trial counts as noisy: shares of the elapsed time. */
export const noiseLimits = { psiShare: 0.02, stealShare: 0.01 } as const

/** USER_HZ: the unit of /proc/stat on every Linux architecture hvlab knows. */
const ticksPerSecond = 100

/** Shell text that prints one reading; see `parseNoise`. */
export const noiseQuery =
  'cat /proc/uptime; head -n 1 /proc/stat; ' +
  'cat /proc/pressure/cpu 2>/dev/null; cat /sys/devices/system/clocksource/clocksource0/current_clocksource 2>/dev/null; true'

/** Sources: proc(5) uptime and stat, Documentation/accounting/psi.rst, sysfs clocksource0. */
export function parseNoise(text: string): NoiseReading {
  const uptime = text.match(/^(\d+\.\d+) \d+\.\d+$/m)?.[1]
  const steal = text.match(/^cpu +(?:\d+ +){7}(\d+)/m)?.[1]
  const psi = text.match(/^some .*total=(\d+)$/m)?.[1]
  return {
    uptimeS: uptime === undefined ? null : Number(uptime),
    psiCpuS: psi === undefined ? null : Number(psi) / 1e6,
    stealS: steal === undefined ? null : Number(steal) / ticksPerSecond,
    clocksource: text.match(/^([a-z][a-z0-9_-]*)$/m)?.[1] ?? null,
  }
}

export function noiseBetween(before: NoiseReading, after: NoiseReading): Noise {
  return {
    elapsedS: difference(before.uptimeS, after.uptimeS),
    psiCpuS: difference(before.psiCpuS, after.psiCpuS),
    stealS: difference(before.stealS, after.stealS),
  }
}

function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : Math.max(0, Number((after - before).toFixed(6)))
}

/** Words for what disturbed a trial; empty when nothing did, or when the kernel does not tell. */
export function noiseFlags(noise: Noise, elapsedS: number, where: 'host' | 'guest'): string[] {
  const flags: string[] = []
  if (noise.psiCpuS !== null && noise.psiCpuS > noiseLimits.psiShare * elapsedS)
    flags.push(`${where}-cpu-pressure`)
  if (noise.stealS !== null && noise.stealS > noiseLimits.stealShare * elapsedS) flags.push(`${where}-steal`)
  return flags
}
