import { bootTime } from '../../bench/boot-fact.ts'
import { measuringMachine } from '../../bench/machine-fact.ts'
import { platform } from '../../bench/platform-fact.ts'
import type { Environment, Tool } from '../../bench/record.ts'
import { clocksource } from '../../facts/clocksource.ts'
import { cpu } from '../../facts/cpu.ts'
import { memory } from '../../facts/memory.ts'
import { virtualization } from '../../facts/virtualization.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { bootEnded } from './boot-ended.ts'
import { domainShape } from './domain-shape.ts'
import { guestImage } from './guest-image.ts'
import { hypervisorSoftware, type MeasuredGuest } from './guests.ts'
import { findTools, type ToolNeed, toolMissing } from './tools.ts'

/** A machine that can measure, and what is recorded about it. */
export interface Measurable {
  readonly environment: Omit<Environment, 'subject' | 'cpus_used'>
  /** CPUs that a process may use there. */
  readonly cpus: number
  readonly allowedCpus: string
}

export async function nativeMachine(context: ModuleContext, needs: readonly ToolNeed[]): Promise<Measurable> {
  const machine = await describe(context, context, context.host, () =>
    findTools(context, context.host, needs),
  )
  return {
    ...machine,
    environment: {
      ...machine.environment,
      kind: 'native',
      login_s: null,
      domain: null,
      hypervisor_software: await context.fact(hypervisorSoftware),
    },
  }
}

export async function guestMachine(
  context: ModuleContext,
  guest: MeasuredGuest,
  tools: (access: HostAccess) => Promise<Tool[]>,
): Promise<Measurable> {
  await bootEnded(context, guest.name)
  const access = context.peer(guest.name)
  const machine = await describe(context, access, guest.name, () => tools(access))
  const shape = await context.freshFact(domainShape, guest.domain.name)
  return {
    ...machine,
    environment: {
      ...machine.environment,
      kind: 'guest',
      login_s: guest.loginSeconds,
      domain: {
        name: guest.domain.name,
        reason: guest.domain.metadata?.acceleratorReason || null,
        image: await guestImage(context, guest),
        ...shape,
      },
      hypervisor_software: null,
    },
  }
}

async function describe(
  context: ModuleContext,
  access: HostAccess,
  name: string,
  findTools: () => Promise<Tool[]>,
) {
  const [machine, around, processor, ram, layers, clock, boot, tools] = await Promise.all([
    access.freshFact(measuringMachine),
    access.freshFact(platform),
    access.fact(cpu),
    access.fact(memory),
    access.fact(virtualization),
    access.freshFact(clocksource),
    access.freshFact(bootTime),
    findTools(),
  ])
  if (!machine.hasTaskset) throw toolMissing(name, 'taskset', 'util-linux')
  return {
    cpus: processor.usable,
    allowedCpus: machine.allowedCpus,
    environment: {
      hypervisor: context.host,
      os: machine.os,
      kernel: machine.kernel,
      cpu_model: processor.model,
      cpus_online: processor.online,
      memory_mib: ram.totalMb,
      governor: processor.governor,
      platform: {
        sockets: processor.sockets,
        cores_per_socket: processor.coresPerSocket,
        threads_per_core: processor.threadsPerCore,
        numa_nodes: around.numaNodes,
        l3_cache: around.l3Cache,
        microcode: around.microcode,
        smt: around.smt,
        frequency_driver: around.frequencyDriver,
        boost: around.boost,
        transparent_huge_pages: around.transparentHugePages,
        huge_pages: around.hugePages,
        mitigations: { ...around.mitigations },
        kernel_command_line: around.commandLine,
      },
      virtualization: [...layers.layers],
      boot,
      clocksource: clock.current,
      clocksources_available: [...clock.available],
      tools,
    },
  }
}
