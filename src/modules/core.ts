import { apt } from './apt.ts'
import { copy } from './copy.ts'
import { file } from './file.ts'
import type { Module } from './module.ts'
import { service } from './service.ts'
import { systemd } from './systemd.ts'
import { template } from './template.ts'

/** Ansible's modules that hvlab has. The lab's own are in registry.ts. */
export const coreModules: readonly Module[] = [apt, copy, file, service, systemd, template]
