import type { Noise } from '../../src/bench/record.ts'

/** Counters of a machine that had nothing else to do during a trial of 3 s. */
export const quietNoise: Noise = {
  elapsed_s: 3.05,
  psi_cpu_s: 0.01,
  psi_memory_s: 0,
  psi_io_s: 0,
  steal_s: 0,
  busy_s: 3.1,
  context_switches: 900,
  throttled_s: 0,
  thermal_throttles: 0,
  mhz_low: null,
  mhz_high: null,
}
