import { createHash } from 'node:crypto'
import { record } from '../facts/json.ts'
import { canonicalJson, parsedJson } from '../util/json.ts'
import type { PortForward } from './access/port-forward.ts'
import type { CloudInit } from './cloud-init.ts'
import { type ExtraDisk, type Hardware, plainDisk } from './hardware.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'

/** A guest as a person asks for it. */
export interface WantedGuest extends Hardware {
  readonly lab: string
  readonly name: string
  /** Name of the image, for people, and its key in the store. */
  readonly image: string
  readonly imageKey: string
  readonly accelerator: 'auto' | 'kvm' | 'tcg'
  /** Undefined: what suits the accelerator. */
  readonly cpu?: string
  /** Public key that may log in. */
  readonly authorizedKey: string
  readonly cloudInit?: CloudInit
  /** On its main network; default: what DHCP has reserved for it. */
  readonly address?: StaticAddress
  readonly ports: readonly PortForward[]
}

/** An address that the guest sets itself, as on a bridge, where hvlab has no DHCP. */
export interface StaticAddress {
  /** With its prefix length: `10.0.0.7/24`. */
  readonly ip: string
  readonly gateway?: string
  readonly dns: readonly string[]
}

/**
 * What a guest was declared as: the parameters of libvirt_guest, whose names are the words of messages about
 * differences. What is at its default is left out, so that guests made before a parameter existed do not differ.
 */
export type GuestConfig = Readonly<Record<string, unknown>>

/** What metadata keeps, as JSON with sorted keys. */
export function configText(wanted: WantedGuest, accelerator: 'kvm' | 'tcg', cpu: string): string {
  return canonicalJson(configOf(wanted, accelerator, cpu))
}

export function configOf(wanted: WantedGuest, accelerator: 'kvm' | 'tcg', cpu: string): GuestConfig {
  return given({
    image: wanted.imageKey,
    vcpus: wanted.vcpus,
    vcpus_max: wanted.vcpusMax,
    topology: wanted.topology,
    memory_mb: wanted.memoryMb,
    memory_max_mb: wanted.memoryMaxMb,
    hugepages: wanted.hugepages,
    pinning: wanted.pinning && given({ ...wanted.pinning }),
    numa: wanted.numa,
    disk_gb: wanted.diskGb,
    disk: unless(given({ ...wanted.disk }), { ...plainDisk }),
    disks: unless(wanted.disks.map(diskConfig), []),
    network: wanted.network,
    networks: unless(wanted.networks, []),
    address: wanted.address,
    accelerator,
    cpu,
    firmware: unless(wanted.firmware, 'direct'),
    tpm: unless(wanted.tpm, false),
    agent: unless(wanted.agent, true),
    login_key: wanted.authorizedKey,
    // A digest: passwords and keys may be in it, and metadata is for everybody who may use libvirt.
    cloud_init: wanted.cloudInit && digest(wanted.cloudInit),
    ports: unless(wanted.ports, []),
  })
}

/** The configuration that metadata keeps; empty when somebody edited it: then everything differs, and messages say so. */
export function readConfig(text: string): GuestConfig {
  return record(parsedJson(text)) as GuestConfig
}

/** The names whose values differ, in the order in which the declaration has them. */
export function changedNames(was: GuestConfig, now: GuestConfig): string[] {
  return [...new Set([...Object.keys(now), ...Object.keys(was)])].filter(
    (name) => canonicalJson(was[name] ?? null) !== canonicalJson(now[name] ?? null),
  )
}

/** What differs between parameters as metadata keeps them and parameters now: `vcpus 2 → 4`. */
export function configChanges(before: string, now: GuestConfig): string[] {
  const was = readConfig(before)
  return changedNames(was, now).map((name) => changeInWords(name, was[name], now[name]))
}

/** Virtual processors that a guest was made with; 1 when that was edited away. */
export function configuredVcpus(metadata: GuestMetadata): number {
  const { vcpus } = readConfig(metadata.config)
  return typeof vcpus === 'number' && vcpus >= 1 ? vcpus : 1
}

export function changeInWords(name: string, was: unknown, now: unknown): string {
  return `${name} ${shown(was)} → ${shown(now)}`
}

/** What a copy of a guest is declared as: the hypervisor's ports lead to the original. */
export function configOfClone(config: string): string {
  const { ports: _ports, ...same } = readConfig(config)
  return canonicalJson(same)
}

function diskConfig({ sizeGb, ...disk }: ExtraDisk): GuestConfig {
  return given({ size_gb: sizeGb, ...disk })
}

/** Without what is undefined. */
function given(values: Record<string, unknown>): GuestConfig {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}

function unless(value: unknown, usual: unknown): unknown {
  return canonicalJson(value) === canonicalJson(usual) ? undefined : value
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** Digests and keys are too long for a sentence; their ends tell them apart. */
function shown(value: unknown): string {
  if (value === undefined) return 'default'
  if (typeof value === 'object') return canonicalJson(value)
  const text = String(value)
  if (/^[0-9a-f]{64}$/.test(text)) return text.slice(0, 12)
  return text.length > 40 ? `…${text.slice(-12)}` : text
}
