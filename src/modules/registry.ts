import { benchmark } from './benchmark.ts'
import { coreModules } from './core.ts'
import { hostTuning } from './guests/host_tuning.ts'
import { libvirtClone } from './guests/libvirt_clone.ts'
import { libvirtDaemons } from './guests/libvirt_daemons.ts'
import { libvirtGuest } from './guests/libvirt_guest.ts'
import { libvirtGuestInfo } from './guests/libvirt_guest_info.ts'
import { libvirtGuestState } from './guests/libvirt_guest_state.ts'
import { libvirtLab } from './guests/libvirt_lab.ts'
import { libvirtLog } from './guests/libvirt_log.ts'
import { libvirtNetwork } from './guests/libvirt_network.ts'
import { libvirtSnapshot } from './guests/libvirt_snapshot.ts'
import { placement } from './guests/placement.ts'
import { image } from './image.ts'
import { imageInfo } from './image_info.ts'
import type { Module } from './module.ts'
import { preflight } from './preflight.ts'
import { report } from './report.ts'
import { sandbox } from './sandbox.ts'

/** Looks modules up by the names that tasks use. */
export interface ModuleRegistry {
  /** By name or alias; `ansible.builtin.` and `ansible.legacy.` in front count for nothing. */
  findModule(name: string): Module | undefined
  /** In the order of their names. */
  allModules(): readonly Module[]
}

// One line a module for the lab's own; Ansible's are in core.ts.
const list: readonly Module[] = [
  ...coreModules,
  benchmark,
  hostTuning,
  image,
  imageInfo,
  libvirtClone,
  libvirtDaemons,
  libvirtGuest,
  libvirtGuestInfo,
  libvirtGuestState,
  libvirtLab,
  libvirtLog,
  libvirtNetwork,
  libvirtSnapshot,
  placement,
  preflight,
  report,
  sandbox,
]

/** Builds a registry; two modules that claim one name are a bug and say so. */
export function moduleRegistry(modules: readonly Module[]): ModuleRegistry {
  const byName = new Map<string, Module>()
  for (const module of modules) {
    for (const name of [module.name, ...(module.aliases ?? [])]) {
      if (byName.has(name)) throw new Error(`two modules are called ${name}`)
      byName.set(name, module)
    }
  }
  const sorted = [...modules].sort((a, b) => (a.name < b.name ? -1 : 1))
  return {
    findModule: (name) => byName.get(name.replace(/^ansible\.(builtin|legacy)\./, '')),
    allModules: () => sorted,
  }
}

/** Every module that hvlab has. */
export const modules: ModuleRegistry = moduleRegistry(list)
export const findModule = modules.findModule
export const allModules = modules.allModules
