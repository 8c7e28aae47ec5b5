import {
  changedNames,
  changeInWords,
  configOf,
  type GuestConfig,
  readConfig,
  type WantedGuest,
} from './guest-config.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'

/** What it takes to make a running guest as it is wanted; a stopped one needs no restart. */
export type Effort = 'live' | 'restart' | 'recreate'

/** One thing in which a guest is not as it is wanted. */
export interface Difference {
  /** The parameter. */
  readonly name: string
  /** `vcpus 2 → 4`. */
  readonly text: string
  readonly effort: Effort
}

/**
 * How an existing guest differs from the wanted one; empty when it does not. What is left to hvlab (accelerator
 * `auto`, no CPU model) is no difference, whatever was chosen at the time. Pure.
 */
export function guestDifferences(existing: GuestMetadata, wanted: WantedGuest): Difference[] {
  const was = readConfig(existing.config)
  const accelerator = wanted.accelerator === 'auto' ? existing.accelerator : wanted.accelerator
  const cpu = wanted.cpu ?? (typeof was['cpu'] === 'string' ? was['cpu'] : 'unknown')
  const now = configOf(wanted, accelerator, cpu)
  return changedNames(was, now).map((name) => ({
    name,
    text: changeInWords(name, was[name], now[name]),
    effort: effortOf(name, was, now),
  }))
}

/** The largest of several; undefined when there are none. */
export function effortOfAll(differences: readonly Difference[]): Effort | undefined {
  const order: readonly Effort[] = ['recreate', 'restart', 'live']
  return order.find((effort) => differences.some((difference) => difference.effort === effort))
}

function effortOf(name: string, was: GuestConfig, now: GuestConfig): Effort {
  switch (name) {
    case 'networks':
    case 'ports':
      return 'live'
    case 'vcpus':
      // Taking processors away needs the guest's help; a restart does not.
      return rises(was[name], now[name]) && number(now[name]) <= number(was['vcpus_max']) ? 'live' : 'restart'
    case 'vcpus_max':
      return (was[name] ?? was['vcpus']) === (now[name] ?? now['vcpus']) ? 'live' : 'restart'
    case 'memory_mb':
      return number(now[name]) <= number(was['memory_max_mb']) ? 'live' : 'restart'
    case 'disk_gb':
      return rises(was[name], now[name]) ? 'live' : 'recreate'
    case 'disks':
      return onlyMore(disksOf(was), disksOf(now)) ? 'live' : 'recreate'
    case 'disk':
      return modeOf(was) === modeOf(now) ? 'restart' : 'recreate'
    case 'image':
    case 'network':
    case 'login_key':
    case 'cloud_init':
    case 'address':
      return 'recreate'
    default:
      return 'restart'
  }
}

/** Whether the disks that were there stay as they are, or grow. */
function onlyMore(was: readonly GuestConfig[], now: readonly GuestConfig[]): boolean {
  return was.every((disk, index) => {
    const next = now[index]
    if (next === undefined) return false
    const changed = changedNames(disk, next)
    return changed.every((name) => name === 'size_gb' && rises(disk[name], next[name]))
  })
}

function disksOf(config: GuestConfig): GuestConfig[] {
  const disks = config['disks']
  return Array.isArray(disks) ? disks.filter((disk) => typeof disk === 'object' && disk !== null) : []
}

function modeOf(config: GuestConfig): unknown {
  const disk = config['disk']
  return typeof disk === 'object' && disk !== null && 'mode' in disk ? disk.mode : 'overlay'
}

function rises(was: unknown, now: unknown): boolean {
  return number(now) > number(was)
}

/** Metadata may have been edited: what is no number is never within a limit. */
function number(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}
