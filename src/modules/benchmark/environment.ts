import { measuringMachine } from '../../bench/machine-fact.ts'
import type { Environment } from '../../bench/record.ts'
import { clocksource } from '../../facts/clocksource.ts'
import { cpu } from '../../facts/cpu.ts'
import { memory } from '../../facts/memory.ts'
import { virtualization } from '../../facts/virtualization.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess, ModuleContext } from '../module.ts'
import { bootEnded } from './boot-ended.ts'
import { domainShape, hypervisorSoftware, type MeasuredGuest } from './guests.ts'

/** A machine that can measure, and what is recorded about it. */
export interface Measurable {
  readonly environment: Omit<Environment, 'subject' | 'cpus_used'>
  /** CPUs that a process may use there. */
  readonly cpus: number
  readonly allowedCpus: string
}

export async function nativeMachine(context: ModuleContext, tool: string): Promise<Measurable> {
  const machine = await describe(context, context, context.host, tool)
  return {
    ...machine,
    environment: {
      ...machine.environment,
      kind: 'native',
      domain: null,
      hypervisor_software: await context.fact(hypervisorSoftware),
    },
  }
}

export async function guestMachine(
  context: ModuleContext,
  guest: MeasuredGuest,
  tool: string,
): Promise<Measurable> {
  await bootEnded(context, guest.name)
  const machine = await describe(context, context.peer(guest.name), guest.name, tool)
  const shape = await context.freshFact(domainShape, guest.domain.name)
  return {
    ...machine,
    environment: {
      ...machine.environment,
      kind: 'guest',
      domain: { name: guest.domain.name, reason: guest.domain.metadata?.acceleratorReason || null, ...shape },
      hypervisor_software: null,
    },
  }
}

async function describe(context: ModuleContext, access: HostAccess, name: string, tool: string) {
  const [machine, processor, ram, layers, clock] = await Promise.all([
    access.freshFact(measuringMachine, tool),
    access.fact(cpu),
    access.fact(memory),
    access.fact(virtualization),
    access.freshFact(clocksource),
  ])
  if (machine.toolPath === null || machine.toolVersion === null) throw missing(name, tool)
  if (machine.toolVersion.startsWith('0.')) throw tooOld(name, tool, machine.toolVersion)
  if (!machine.hasTaskset) throw missing(name, 'taskset', 'util-linux')
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
      virtualization: [...layers.layers],
      clocksource: clock.current,
      clocksources_available: [...clock.available],
      tool: { name: tool, version: machine.toolVersion, path: machine.toolPath, sha256: machine.toolSha256 },
    },
  }
}

function missing(name: string, tool: string, packageName = tool): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-missing',
    message: `${tool} is not installed on ${name}.`,
    hint: `Install the package ${packageName} there; for a guest, add it to the image.`,
  })
}

function tooOld(name: string, tool: string, version: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-too-old',
    message: `${tool} ${version} on ${name} is too old.`,
    hint: 'Its figures cannot be compared with those of 1.0, and it takes other options: install sysbench 1.0.8 or later.',
  })
}
