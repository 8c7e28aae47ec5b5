import type { Cpu } from '../../facts/cpu.ts'
import type { Disk } from '../../facts/disk.ts'
import type { Memory } from '../../facts/memory.ts'
import { counted } from '../../util/words.ts'
import type { OwnGuest } from '../own-guests.ts'
import type { Finding, Need } from './preflight.ts'

/** QEMU's own memory beside the guest's, MB: devices, page tables, TCG's translated code. */
const qemuMemoryMb = 200
/** What a guest writes at least before it is of any use, and what a copy of an image takes beside that, MB. */
const guestDiskMb = 1000
/** What must stay free for the host itself, MB. */
const reserveMb = 512
/**
 * vCPUs to one CPU beyond which guests hardly get a turn. Source: Red Hat Enterprise Linux 7, Virtualization Deployment
 * and Administration Guide, "Overcommitting with KVM": no more than 10 in all.
 */
const mostVcpusPerCpu = 10

const overcommitHint = 'If that is meant: -e hvlab_overcommit=true.'

export function cpuFindings(cpu: Cpu, need: Need): Finding[] {
  const vcpus = sum(need.guests.map((guest) => guest.vcpus))
  const shown = `${counted(cpu.usable, 'CPU')} (${cpu.model})`
  if (need.guests.length === 0) return [{ id: 'cpu', level: 'ok', text: shown }]
  const wanted = `${counted(need.guests.length, 'guest')} with ${counted(vcpus, 'vCPU')}`
  if (vcpus > mostVcpusPerCpu * cpu.usable) {
    const text = `${shown} for ${wanted}: more than ${mostVcpusPerCpu} to a CPU hardly get a turn`
    return [{ id: 'cpu', level: tooMuch(need), text, hint: `Take fewer guests or vCPUs. ${overcommitHint}` }]
  }
  const widest = Math.max(...need.guests.map((guest) => guest.vcpus))
  if (widest > cpu.usable) {
    const text = `${shown} for a guest of ${counted(widest, 'vCPU')}: its vCPUs will wait for each other`
    return [{ id: 'cpu', level: 'warning', text, hint: `Set vcpus to ${cpu.usable} or less.` }]
  }
  if (vcpus > cpu.usable) {
    const text = `${shown} for ${wanted}: guests share CPUs, and measuring them at the same time says little`
    return [{ id: 'cpu', level: 'warning', text, hint: 'Take fewer guests, or measure one at a time.' }]
  }
  return [{ id: 'cpu', level: 'ok', text: `${shown} for ${wanted}` }]
}

export function memoryFinding(memory: Memory, own: readonly OwnGuest[], need: Need): Finding {
  const reused = sum(reusedGuests(own, need).map((guest) => guest.memoryMb))
  const available = memory.availableMb + reused
  if (need.guests.length === 0) {
    return {
      id: 'memory',
      level: 'ok',
      text: `${memory.availableMb} of ${memory.totalMb} MB of memory are available`,
    }
  }
  const wanted = sum(need.guests.map((guest) => guest.memoryMb + qemuMemoryMb))
  const numbers = `${available} MB of memory are available${reused > 0 ? `, ${reused} of them in its running guests,` : ''} and ${counted(need.guests.length, 'guest')} with QEMU ${need.guests.length === 1 ? 'needs' : 'need'} ${wanted} MB`
  const hint = 'Lower memory_mb or the number of guests in hvlab_guests, or stop what uses the memory.'
  if (available < wanted) {
    const text = `not enough memory: ${numbers}`
    return { id: 'memory', level: tooMuch(need), text, hint: `${hint} ${overcommitHint}` }
  }
  if (available < wanted + reserveMb) {
    return { id: 'memory', level: 'warning', text: `memory is tight: ${numbers}`, hint }
  }
  return { id: 'memory', level: 'ok', text: numbers }
}

/** Guests whose disk is smaller than their image's: it would be found when the image is built and copied. */
export function imageDiskFindings({ guests }: Need): Finding[] {
  return guests.flatMap(({ name, main }) =>
    main === undefined || main.diskGb >= main.imageGb
      ? []
      : [
          {
            ...{ id: 'disk', level: 'error' },
            text: `the disk of guest ${name} would have ${main.diskGb} GiB, but image ${main.image} has ${main.imageGb}`,
            hint: `Set disk_gb to ${main.imageGb} or more.`,
          } as const,
        ],
  )
}

/** File systems of the image store and of the guests, often one; null where `df` does not say. */
export interface HostDisks {
  readonly images: Disk | null
  readonly guests: Disk | null
}

/** Each file system against what will be in it. */
export function diskFindings({ images, guests }: HostDisks, own: readonly OwnGuest[], need: Need): Finding[] {
  if (need.imageMb === 0 || images?.mountPoint === guests?.mountPoint) return [diskFinding(guests, own, need)]
  return [diskFinding(images, [], { ...need, guests: [] }), diskFinding(guests, own, { ...need, imageMb: 0 })]
}

export function diskFinding(disk: Disk | null, own: readonly OwnGuest[], need: Need): Finding {
  if (disk === null) {
    return {
      id: 'disk',
      level: 'warning',
      text: 'the free space of /var/lib/hvlab is not known: df gave no answer',
    }
  }
  const reused = sum(reusedGuests(own, need).map((guest) => guest.diskMb))
  const free = Math.floor(disk.availableBytes / 1e6)
  const available = free + reused
  const least = need.imageMb + sum(need.guests.map((guest) => (guest.copiesImage ? 2 : 1) * guestDiskMb))
  const most = need.imageMb + sum(need.guests.map((guest) => guest.diskGb * 1074))
  const what =
    need.imageMb === 0
      ? 'guests need'
      : need.guests.length === 0
        ? 'the image needs'
        : 'image and guests need'
  const where = `${gb(available)} of disk are available in ${disk.mountPoint}`
  const hint = `Free space in ${disk.mountPoint}, or mount a larger file system on /var/lib/hvlab.`
  if (available < least) {
    return {
      id: 'disk',
      level: tooMuch(need),
      text: `not enough disk: ${where}, ${what} ${gb(least)} at least`,
      hint: `${hint} ${overcommitHint}`,
    }
  }
  if (available < most) {
    return {
      id: 'disk',
      level: 'warning',
      text: `${where}; guests that fill their disks need ${gb(most)}`,
      hint,
    }
  }
  return {
    id: 'disk',
    level: 'ok',
    text: most === 0 ? where : `${where}, ${what} ${gb(most)} at most`,
  }
}

/** What cannot fit is an error, unless a person said that it is meant. */
function tooMuch(need: Need): 'error' | 'warning' {
  return need.overcommit ? 'warning' : 'error'
}

/** Guests that are there already: what they take now is what they will take. A domain is named `<lab>-<guest>`. */
function reusedGuests(own: readonly OwnGuest[], need: Need): readonly OwnGuest[] {
  return own.filter(({ domain }) => need.guests.some((guest) => domain.endsWith(`-${guest.name}`)))
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
const gb = (mb: number): string => `${(mb / 1000).toFixed(1)} GB`
