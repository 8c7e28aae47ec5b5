import { canonicalJson } from '../util/canonical-json.ts'
import type { GuestMetadata } from './metadata.ts'

/** A guest as a person asks for it. */
export interface WantedGuest {
  readonly lab: string
  readonly name: string
  /** Name of the image, for people, and its key in the store. */
  readonly image: string
  readonly imageKey: string
  readonly vcpus: number
  readonly memoryMb: number
  readonly diskGb: number
  readonly network: string
  readonly accelerator: 'auto' | 'kvm' | 'tcg'
  /** Undefined: what suits the accelerator. */
  readonly cpu?: string
  /** Public key that may log in. */
  readonly authorizedKey: string
}

/** What a guest was made from, with Ansible-like names: these are the words of messages about differences. */
interface GuestConfig {
  readonly image: string
  readonly vcpus: number
  readonly memory_mb: number
  readonly disk_gb: number
  readonly network: string
  readonly accelerator: string
  readonly cpu: string
  readonly login_key: string
}

/** What metadata keeps, as JSON with sorted keys. */
export function configText(wanted: WantedGuest, accelerator: 'kvm' | 'tcg', cpu: string): string {
  return canonicalJson(configOf(wanted, accelerator, cpu))
}

/**
 * How an existing guest differs from the wanted one, in words; empty when it does not. What is left to hvlab
 * (accelerator `auto`, no CPU model) is no difference, whatever was chosen at the time.
 */
export function differences(existing: GuestMetadata, wanted: WantedGuest): string[] {
  const was = readConfig(existing.config)
  const accelerator = wanted.accelerator === 'auto' ? existing.accelerator : wanted.accelerator
  const now = configOf(wanted, accelerator, wanted.cpu ?? String(was['cpu']))
  return configChanges(existing.config, now)
}

/** What differs between parameters as metadata keeps them and parameters now: `vcpus 2 → 4`. */
export function configChanges(before: string, now: object): string[] {
  const was = readConfig(before)
  return Object.entries(now)
    .filter(([name, value]) => was[name] !== value)
    .map(([name, value]) => `${name} ${shown(was[name])} → ${shown(value)}`)
}

/** Virtual processors that a guest was made with; 1 when that was edited away. */
export function configuredVcpus(metadata: GuestMetadata): number {
  const { vcpus } = readConfig(metadata.config)
  return typeof vcpus === 'number' && vcpus >= 1 ? vcpus : 1
}

function configOf(wanted: WantedGuest, accelerator: 'kvm' | 'tcg', cpu: string): GuestConfig {
  return {
    image: wanted.imageKey,
    vcpus: wanted.vcpus,
    memory_mb: wanted.memoryMb,
    disk_gb: wanted.diskGb,
    network: wanted.network,
    accelerator,
    cpu,
    login_key: wanted.authorizedKey,
  }
}

function readConfig(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // Edited by hand: then everything differs, and the message says so.
  }
}

/** Digests and keys are too long for a sentence; their ends tell them apart. */
function shown(value: unknown): string {
  const text = value === undefined ? 'unknown' : String(value)
  if (/^[0-9a-f]{64}$/.test(text)) return text.slice(0, 12)
  return text.length > 40 ? `…${text.slice(-12)}` : text
}
