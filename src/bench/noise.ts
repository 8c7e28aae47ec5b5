import { script } from '../util/sh.ts'
import type { Noise, QemuUse } from './record.ts'

/** Counters of one machine at one moment, most of them since boot. Null where the kernel or the container does not show them. */
export interface NoiseReading {
  /** Seconds since boot: the machine's own clock. */
  readonly uptimeS: number | null
  /** Seconds that some task waited (PSI; kernels from 4.20). */
  readonly psiCpuS: number | null
  readonly psiMemoryS: number | null
  readonly psiIoS: number | null
  /** Seconds of steal over all CPUs: a hypervisor ran something else. Always 0 under TCG. */
  readonly stealS: number | null
  /** CPU-seconds that programs and the kernel ran, over all CPUs. */
  readonly busyS: number | null
  readonly contextSwitches: number | null
  /** Seconds that a CPU quota held back the reader's control group or one above it. */
  readonly throttledS: number | null
  readonly thermalThrottles: number | null
  /** `scaling_cur_freq` of every CPU that scales. */
  readonly mhz: readonly number[]
  readonly clocksource: string | null
  /** CPU-seconds of the children that the reading shell has waited for (times(1p)). */
  readonly childrenS: number | null
  /** Only with a domain: QEMU's process. */
  readonly qemu: QemuReading | null
}

interface QemuReading {
  readonly pid: number | null
  /** All of its threads, those of vhost included where libvirt has a control group for the domain. */
  readonly cpuS: number
  readonly waitedS: number | null
  readonly voluntarySwitches: number | null
  readonly forcedSwitches: number | null
  readonly throttledS: number | null
}

/** USER_HZ: the unit of /proc/stat and /proc/PID/stat on every Linux architecture hvlab knows. */
const ticksPerSecond = 100

/**
 * Shell functions. `mark TEXT` prints a line and the machine's own clock, both at once and without starting a process, so that
 * the moment at which the line arrives says what the clock showed then. `counters [PID]` prints the counters as `file:line`,
 * with those of a QEMU process when its id is given: one grep for all, because every process that is started costs an
 * emulated guest ten milliseconds. `control_groups FILE…` finds the `cpu.stat` files of the control groups that /proc/PID/cgroup
 * names and of those above them, in either version of cgroups; libvirt puts each vCPU into one of its own.
 */
export const noiseFunctions = script(`control_groups() {
  sort -u "$@" | while IFS=: read -r number names path; do
    case ",$names," in
      ,,) top=/sys/fs/cgroup ;;
      *,cpu,*) top=/sys/fs/cgroup/$names; [ -d "$top" ] || top=/sys/fs/cgroup/cpu ;;
      *) continue ;;
    esac
    while :; do
      [ ! -r "$top$path/cpu.stat" ] || echo "$top$path/cpu.stat"
      case $path in ''|/) break ;; esac
      path=\${path%/*}
    done
  done | sort -u
}
own_groups=$(control_groups /proc/self/cgroup 2>/dev/null)
mark() {
  read -r uptime rest < /proc/uptime
  printf '%s\\nuptime %s\\n' "$1" "$uptime"
}
counters() {
  grep -sHE '^(cpu |ctxt |some |[0-9]+$|[a-z][a-z0-9_-]*$|throttled_(time|usec) )' /proc/stat \\
    /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io $own_groups \\
    /sys/devices/system/clocksource/clocksource0/current_clocksource \\
    /sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq /sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/*_throttle_count
  if [ -n "$1" ]; then
    grep -sH '' "/proc/$1/stat" "/proc/$1/task/"*/schedstat
    grep -sHE '^(non)?voluntary_ctxt_switches' "/proc/$1/task/"*/status
    grep -sE '^throttled_(time|usec) ' /dev/null $(control_groups "/proc/$1/task/"*/cgroup 2>/dev/null) | sed 's/^/qemu /'
  fi
  true
}`)

/** Sources: proc(5), Documentation/accounting/psi.rst, cgroup-v1 and -v2 `cpu.stat`, sysfs clocksource0, cpufreq, thermal_throttle. */
export function parseNoise(text: string): NoiseReading {
  const values = (file: string, line = '(\\d+)'): number[] =>
    [...text.matchAll(new RegExp(`^${file}:${line}$`, 'gm'))].map((match) => Number(match[1]))
  const one = (file: string, line: string): number | null => values(file, line)[0] ?? null
  const psi = (what: string): number | null =>
    scaled(one(`/proc/pressure/${what}`, 'some .*total=(\\d+)'), 1e-6)
  const cpu = (text.match(/^\/proc\/stat:cpu +([\d ]+)$/m)?.[1] ?? '').trim().split(' ').map(Number)
  return {
    uptimeS: numberOf(text.match(/^uptime (\d+\.\d+)$/m)?.[1]),
    psiCpuS: psi('cpu'),
    psiMemoryS: psi('memory'),
    psiIoS: psi('io'),
    stealS: scaled(cpu[7] ?? null, 1 / ticksPerSecond),
    busyS: busySeconds(cpu),
    contextSwitches: one('/proc/stat', 'ctxt (\\d+)'),
    throttledS: throttled(text, '/sys/fs/cgroup/'),
    thermalThrottles: sum(values('/sys/devices/system/cpu/cpu\\d+/thermal_throttle/[a-z]+_throttle_count')),
    mhz: values('/sys/devices/system/cpu/cpu\\d+/cpufreq/scaling_cur_freq').map((khz) => khz / 1000),
    clocksource: text.match(/^\/sys\/devices\/system\/clocksource\/.*:([a-z][a-z0-9_-]*)$/m)?.[1] ?? null,
    childrenS: childrenSeconds(text),
    qemu: parseQemu(text, values),
  }
}

/** CPU-seconds as libvirt gives them (`virsh domstats --cpu-total`); where it does not, from the process, in steps of 10 ms. */
function parseQemu(text: string, values: (file: string, line: string) => number[]): QemuReading | null {
  // The name of the process stands in brackets and may hold anything: count from the last one.
  const fields = text.match(/^\/proc\/\d+\/stat:.*\) ([^)]*)$/m)?.[1]?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  const libvirtNs = text.match(/^ *cpu\.time=(\d+)$/m)?.[1]
  const cpuS = libvirtNs === undefined ? ticks / ticksPerSecond : Math.round(Number(libvirtNs) / 1000) / 1e6
  if (Number.isNaN(cpuS)) return null
  const waits = values('/proc/\\d+/task/\\d+/schedstat', '\\d+ (\\d+) \\d+')
  const pid = text.match(/^\/proc\/(\d+)\/stat:/m)?.[1]
  return {
    pid: pid === undefined ? null : Number(pid),
    cpuS,
    waitedS: scaled(sum(waits), 1e-9),
    voluntarySwitches: sum(values('/proc/\\d+/task/\\d+/status', 'voluntary_ctxt_switches:\\s+(\\d+)')),
    forcedSwitches: sum(values('/proc/\\d+/task/\\d+/status', 'nonvoluntary_ctxt_switches:\\s+(\\d+)')),
    throttledS: throttled(text, 'qemu /sys/fs/cgroup/'),
  }
}

/** User, nice and system time; guest time is in user time already. Interrupts are nobody's work and left out. */
function busySeconds([user, nice, system]: readonly number[]): number | null {
  if (user === undefined || nice === undefined || system === undefined) return null
  const ticks = user + nice + system
  return Number.isNaN(ticks) ? null : ticks / ticksPerSecond
}

/** Version 1 counts nanoseconds, version 2 microseconds. */
function throttled(text: string, from: string): number | null {
  const found = [...text.matchAll(/^(.*cpu\.stat):throttled_(time|usec) (\d+)$/gm)].filter(([, file = '']) =>
    file.startsWith(from),
  )
  return sum(found.map(([, , unit, value]) => Number(value) * (unit === 'time' ? 1e-9 : 1e-6)))
}

/** The second line of `times`: user and system time of children, `0m1.23s 0m0.04s`. */
function childrenSeconds(text: string): number | null {
  const lines = [...text.matchAll(/^(\d+)m(\d+(?:\.\d+)?)s (\d+)m(\d+(?:\.\d+)?)s$/gm)]
  const [, userM, userS, systemM, systemS] = lines[1] ?? []
  const total = Number(userM) * 60 + Number(userS) + Number(systemM) * 60 + Number(systemS)
  return Number.isNaN(total) ? null : total
}

const numberOf = (text: string | undefined): number | null => (text === undefined ? null : Number(text))
const sum = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((total, value) => total + value, 0)
const scaled = (value: number | null, factor: number): number | null =>
  value === null ? null : value * factor

/** What changed between two readings around a trial. */
export function noiseBetween(before: NoiseReading, after: NoiseReading): Noise {
  return {
    elapsed_s: difference(before.uptimeS, after.uptimeS),
    psi_cpu_s: difference(before.psiCpuS, after.psiCpuS),
    psi_memory_s: difference(before.psiMemoryS, after.psiMemoryS),
    psi_io_s: difference(before.psiIoS, after.psiIoS),
    steal_s: difference(before.stealS, after.stealS),
    busy_s: difference(before.busyS, after.busyS),
    context_switches: difference(before.contextSwitches, after.contextSwitches),
    throttled_s: difference(before.throttledS, after.throttledS),
    thermal_throttles: difference(before.thermalThrottles, after.thermalThrottles),
    mhz_low: after.mhz.length === 0 ? null : Math.round(Math.min(...after.mhz)),
    mhz_high: after.mhz.length === 0 ? null : Math.round(Math.max(...after.mhz)),
  }
}

/** What QEMU used between two readings; null when its process was not there both times. */
export function qemuBetween({ qemu: before }: NoiseReading, { qemu: after }: NoiseReading): QemuUse | null {
  if (before === null || after === null) return null
  return {
    cpu_s: difference(before.cpuS, after.cpuS) ?? 0,
    waited_s: difference(before.waitedS, after.waitedS),
    context_switches_voluntary: difference(before.voluntarySwitches, after.voluntarySwitches),
    context_switches_forced: difference(before.forcedSwitches, after.forcedSwitches),
    throttled_s: difference(before.throttledS, after.throttledS),
  }
}

export function difference(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : Math.max(0, Number((after - before).toFixed(6)))
}
