import { cpu } from '../facts/cpu.ts'
import { disk } from '../facts/disk.ts'
import { memory } from '../facts/memory.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { WantedGuest } from './guest-config.ts'
import { guestsFolder } from './guest-files.ts'
import type { Need } from './host/preflight.ts'
import { cpuFindings, diskFinding, memoryFinding } from './host/room-findings.ts'

/** Guests that take something of the host which they do not take yet. */
export interface Newcomers {
  /** They get disks. */
  readonly made: readonly WantedGuest[]
  /** They get memory and processors. */
  readonly started: readonly WantedGuest[]
}

/**
 * Throws when the host has no room for all of them together: half of the guests of a task would be made otherwise, and
 * the kernel takes memory back from whom it likes.
 */
export async function refuseWithoutRoom(
  context: ModuleContext,
  { made, started }: Newcomers,
  overcommit: boolean,
): Promise<void> {
  if (made.length === 0 && started.length === 0) return
  const [processors, ram, room] = await Promise.all([
    context.fact(cpu),
    context.freshFact(memory),
    context.freshFact(disk, guestsFolder),
  ])
  const need = (guests: readonly WantedGuest[]): Need => ({
    guests: guests.map(needOf),
    imageMb: 0,
    overcommit,
  })
  const findings = [
    ...cpuFindings(processors, need(started)),
    memoryFinding(ram, [], need(started)),
    ...(made.length === 0 ? [] : [diskFinding(room, [], need(made))]),
  ].filter(({ level }) => level === 'error')
  if (findings.length === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'guests-do-not-fit',
    message: `The guests do not fit on ${context.host}: ${findings.map(({ text }) => text).join('; ')}.`,
    hint: [...new Set(findings.flatMap(({ hint }) => hint ?? []))].join(' '),
  })
}

function needOf(guest: WantedGuest): Need['guests'][number] {
  return {
    name: guest.name,
    vcpus: guest.vcpus,
    memoryMb: guest.memoryMb,
    diskGb: guest.diskGb + guest.disks.reduce((total, { sizeGb }) => total + sizeGb, 0),
    copiesImage: guest.disk.mode !== 'overlay',
  }
}
