import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { count, lines } from '../facts/text.ts'
import { sh } from '../util/sh.ts'

/** What decides how fast a machine is, beside its CPU's name. Null = the kernel, or the container, does not show it. */
export interface Platform {
  /** Revision that the CPU runs, as the kernel writes it: `0xa0011d5`. */
  readonly microcode: string | null
  readonly numaNodes: number | null
  /** `on`, `off`, `forceoff`, `notsupported`, `notimplemented`. */
  readonly smt: string | null
  /** Of CPU 0, as sysfs writes it: `32768K`. */
  readonly l3Cache: string | null
  readonly frequencyDriver: string | null
  /** Whether CPUs may run above their nominal frequency. */
  readonly boost: boolean | null
  /** `always`, `madvise` or `never`. */
  readonly transparentHugePages: string | null
  readonly hugePages: number | null
  /** Name of a weakness to what the kernel does about it. */
  readonly mitigations: Readonly<Record<string, string>>
  readonly commandLine: string
}

/** Longest text that is kept of a host's answer. */
const longest = 1000
const devices = '/sys/devices/system'

/** Sources: sysfs, Documentation/ABI/testing/sysfs-devices-system-cpu; proc(5) meminfo, cmdline. */
export const platform = defineFact<[], Platform>({
  name: 'platform',
  command: () =>
    sections({
      microcode: sh`grep -m1 '^microcode' /proc/cpuinfo`,
      nodes: sh`ls -d ${`${devices}/node/`}node[0-9]*`,
      smt: sh`cat ${`${devices}/cpu/smt/control`}`,
      cache: sh`cat ${`${devices}/cpu/cpu0/cache/index3/size`}`,
      driver: sh`cat ${`${devices}/cpu/cpu0/cpufreq/scaling_driver`}`,
      boost: sh`cat ${`${devices}/cpu/cpufreq/boost`}`,
      noTurbo: sh`cat ${`${devices}/cpu/intel_pstate/no_turbo`}`,
      thp: sh`cat /sys/kernel/mm/transparent_hugepage/enabled`,
      hugePages: sh`grep '^HugePages_Total:' /proc/meminfo`,
      mitigations: sh`cd ${`${devices}/cpu/vulnerabilities`} && grep -s . *`,
      commandLine: sh`cat /proc/cmdline`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const text = (name: string): string | null => section(name).trim().slice(0, longest) || null
    return {
      microcode: text('microcode')?.match(/:\s*(\S+)$/)?.[1] ?? null,
      numaNodes: lines(section('nodes')).length || null,
      smt: text('smt'),
      l3Cache: text('cache'),
      frequencyDriver: text('driver'),
      boost: boost(section('boost'), section('noTurbo')),
      transparentHugePages: text('thp')?.match(/\[(\w+)\]/)?.[1] ?? null,
      hugePages: count(section('hugePages').match(/(\d+)$/)?.[1]),
      mitigations: Object.fromEntries(
        lines(section('mitigations')).flatMap((line) => {
          const [, name, what] = line.match(/^(\w{1,60}):(.*)$/) ?? []
          return name === undefined || what === undefined ? [] : [[name, what.slice(0, longest)]]
        }),
      ),
      commandLine: section('commandLine').trim().slice(0, longest),
    }
  },
})

/** intel_pstate has a switch of its own, the other way round. */
function boost(acpi: string, noTurbo: string): boolean | null {
  if (/^[01]$/.test(acpi)) return acpi === '1'
  return /^[01]$/.test(noTurbo) ? noTurbo === '0' : null
}
