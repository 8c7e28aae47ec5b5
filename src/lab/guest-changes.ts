import type { Change, Steps } from '../model/change.ts'
import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { sh } from '../util/sh.ts'
import { forwardSteps } from './access/port-forward.ts'
import { readConfig, type WantedGuest } from './guest-config.ts'
import { type Difference, effortOfAll, guestDifferences } from './guest-differences.ts'
import { guestFiles } from './guest-files.ts'
import {
  definitionStep,
  explained,
  extraDiskStep,
  type PlannedGuest,
  reservationSteps,
  updateReservations,
} from './guest-steps.ts'
import { type ExtraDisk, type Hardware, networksOf } from './hardware.ts'
import { interfaceMac } from './identity.ts'
import { diskTarget, extraDiskXml, interfaceXml } from './libvirt/domain-devices.ts'
import type { DomainState } from './libvirt/domain-state.ts'
import type { LibvirtState } from './libvirt/libvirt-state.ts'
import { liveMetadataXml } from './libvirt/metadata.ts'
import { virsh } from './libvirt/virsh.ts'
import { buildXml } from './libvirt/xml.ts'
import { domainOf, replanGuest } from './plan-guests.ts'
import { doubtLogin } from './start-guests.ts'
import { stopGuest } from './stop-guest.ts'
import { hardwareIn } from './stored-hardware.ts'

/** A guest that exists and is not as it is wanted. */
export interface ChangedGuest {
  readonly wanted: WantedGuest
  readonly domain: DomainState
  readonly differences: readonly Difference[]
}

/** What a person allows for the sake of changes: each includes that the guest is shut down. */
export interface Permission {
  readonly restart: boolean
  /** Its disk is lost. */
  readonly recreate: boolean
}

/** Guests that exist but were made with other parameters; throws when the change takes more than is allowed. */
export function changedGuests(
  wanted: readonly WantedGuest[],
  state: LibvirtState,
  host: string,
  allowed: Permission,
): ChangedGuest[] {
  const changed = wanted.flatMap((guest) => {
    const domain = domainOf(guest, state)
    const differences = domain?.metadata ? guestDifferences(domain.metadata, guest) : []
    return domain && differences.length > 0 ? [{ wanted: guest, domain, differences }] : []
  })
  refuse(
    changed.filter((guest) => effortOf(guest) === 'recreate' && !allowed.recreate),
    host,
    'recreate',
  )
  refuse(
    changed.filter((guest) => effortOf(guest) === 'restart' && !allowed.restart && !allowed.recreate),
    host,
    'restart',
  )
  return changed
}

/** A guest that does not run needs no restart. */
export function effortOf({ domain, differences }: ChangedGuest): 'live' | 'restart' | 'recreate' {
  const effort = effortOfAll(differences) ?? 'live'
  return effort === 'restart' && !domain.running ? 'live' : effort
}

const refusals = {
  recreate: {
    code: 'guest-differs',
    why: 'was made with other parameters',
    hint: 'Set recreate: true on libvirt_guest (the role guests: -e hvlab_recreate=true) to delete it with its disk and make it anew.',
  },
  restart: {
    code: 'guest-needs-restart',
    why: 'has to be restarted for what changed',
    hint: 'Set restart: true on libvirt_guest (the role guests: -e hvlab_restart=true), or stop the guest first.',
  },
} as const

function refuse(guests: readonly ChangedGuest[], host: string, effort: keyof typeof refusals): void {
  const [first] = guests
  if (!first) return
  const { code, why, hint } = refusals[effort]
  throw new FailureError({
    reason: 'module',
    code,
    message: `Guest ${first.domain.name} on ${host} ${why}: ${words(first)}.`,
    hint,
    ...(guests.length > 1
      ? { details: guests.map((guest) => `${guest.domain.name}: ${words(guest)}`).join('\n') }
      : {}),
  })
}

function words({ differences }: ChangedGuest): string {
  return differences.map(({ text }) => text).join(', ')
}

/**
 * Makes an existing guest as it is wanted without losing its disk. Where it has to be restarted it is shut down and
 * defined anew; starting it is another step.
 */
export async function* applyChanges(
  context: ModuleContext,
  guest: ChangedGuest,
  state: LibvirtState,
): Steps<void> {
  const { domain, wanted } = guest
  if (!domain.metadata) return
  const planned = await replanGuest(context, wanted, domain.metadata, state)
  const live = domain.running && effortOf(guest) === 'live'
  if (domain.running && !live)
    yield {
      summary: `shut down ${domain.name}: ${words(guest)}`,
      action: () => stopGuest(context, domain),
    }
  const was = hardwareIn(readConfig(domain.metadata.config))
  const parts = was ? partSteps(guest, planned, was, live) : []
  // A guest that hangs on what is plugged into it must not pass for one that works.
  if (live && parts.length > 0 && !context.check) await context.run(doubtLogin(domain.name))
  const steps = [
    ...parts,
    ...freedReservations(guest, state),
    ...forwardSteps(domain.name, planned.metadata.address, wanted.ports, state.forwards),
    definitionStep(planned, `change domain ${domain.name} (${words(guest)})`),
    ...(live ? [rememberStep(domain, planned)] : []),
  ]
  yield* explained(steps, domain.name, context.host)
}

/** What has to be done beside the definition: files, reservations, and the running machine itself. */
function partSteps(
  { domain, wanted }: ChangedGuest,
  planned: PlannedGuest,
  was: Hardware,
  live: boolean,
): Change[] {
  const steps: Change[] = []
  const whileItRuns = (summary: string, action: Command): void => {
    if (live) steps.push({ summary, action })
  }
  if (wanted.vcpus !== was.vcpus)
    whileItRuns(
      `give ${wanted.name} ${wanted.vcpus} vCPUs`,
      sh`${virsh} setvcpus ${domain.uuid} ${wanted.vcpus} --live >/dev/null`,
    )
  if (wanted.memoryMb !== was.memoryMb)
    whileItRuns(
      `give ${wanted.name} ${wanted.memoryMb} MiB of memory`,
      sh`${virsh} setmem ${domain.uuid} ${`${wanted.memoryMb}M`} --live >/dev/null`,
    )
  steps.push(...networkSteps(domain, wanted, planned, was, live), ...diskSteps(domain, wanted, was, live))
  return steps
}

function networkSteps(
  domain: DomainState,
  wanted: WantedGuest,
  planned: PlannedGuest,
  was: Hardware,
  live: boolean,
): Change[] {
  const before = networksOf(was)
  const after = networksOf(wanted)
  const steps: Change[] = planned.nics
    .filter(({ network }) => !before.includes(network.name))
    .flatMap((nic) => [
      ...reservationSteps(wanted.name, nic),
      // A run that was killed may have plugged it in already.
      ...(live && !isPlugged(domain.present['networks'], nic.network.name)
        ? [
            {
              summary: `plug ${wanted.name} into network ${nic.network.name}`,
              action: {
                ...sh`${virsh} attach-device ${domain.uuid} /dev/stdin --live >/dev/null`,
                stdin: buildXml({ interface: interfaceXml(nic.network.name, nic.mac) }),
              },
            },
          ]
        : []),
    ])
  for (const name of before.filter((network) => !after.includes(network))) {
    const mac = interfaceMac(wanted.lab, wanted.name, name, was.network)
    if (live && isPlugged(domain.present['networks'], name))
      steps.push({
        summary: `unplug ${wanted.name} from network ${name}`,
        action: sh`${virsh} detach-interface ${domain.uuid} network --mac ${mac} --live >/dev/null`,
      })
  }
  return steps
}

function diskSteps(domain: DomainState, wanted: WantedGuest, was: Hardware, live: boolean): Change[] {
  const files = guestFiles(domain.name)
  const grow = (what: string, file: string, format: string, sizeGb: number): Change => ({
    summary: `grow ${what} of ${wanted.name} to ${sizeGb} GiB`,
    action: live
      ? sh`${virsh} blockresize ${domain.uuid} ${file} ${`${sizeGb}G`} >/dev/null`
      : sh`qemu-img resize -q -f ${format} ${file} ${`${sizeGb}G`}`,
  })
  const main = wanted.disk.mode === 'raw' ? 'raw' : 'qcow2'
  return [
    ...(wanted.diskGb > was.diskGb
      ? [grow('the disk', files.mainDisk(wanted.disk), main, wanted.diskGb)]
      : []),
    ...wanted.disks.flatMap((disk, index): Change[] => {
      const old = was.disks[index]
      if (old)
        return disk.sizeGb > old.sizeGb
          ? [grow(`disk ${disk.name}`, files.extraDisk(disk), disk.format, disk.sizeGb)]
          : []
      if (isPlugged(domain.present['disks'], diskTarget(index))) return []
      const made = extraDiskStep(wanted.name, disk, files)
      return live ? [made, plugDisk(domain, wanted, disk, index)] : [made]
    }),
  ]
}

/** Whether a list of a domain's shape has an entry of that name: `hvlab, lan`, or `vda=disk.qcow2, vdb=seed.iso`. */
function isPlugged(list: string | undefined, name: string): boolean {
  return (list ?? '').split(', ').some((entry) => entry.split('=')[0] === name)
}

function plugDisk(domain: DomainState, wanted: WantedGuest, disk: ExtraDisk, index: number): Change {
  return {
    summary: `plug disk ${disk.name} into ${wanted.name}`,
    action: {
      ...sh`${virsh} attach-device ${domain.uuid} /dev/stdin --live >/dev/null`,
      stdin: buildXml({ disk: extraDiskXml(disk, index, guestFiles(domain.name)) }),
    },
  }
}

/** The definition has the new metadata already; what runs keeps its own until told. */
function rememberStep(domain: DomainState, { metadata }: PlannedGuest): Change {
  return {
    summary: `write down what ${domain.name} is now`,
    action: {
      ...sh`${virsh} metadata ${domain.uuid} --uri urn:hvlab:1 --key hvlab --live --set "$(cat)" >/dev/null`,
      stdin: liveMetadataXml(metadata),
    },
  }
}

/** Addresses that interfaces had which the guest has no more. */
function freedReservations(guest: ChangedGuest, state: LibvirtState): Change[] {
  const kept = networksOf(guest.wanted)
  return state.networks
    .filter(({ name, metadata }) => metadata !== undefined && !kept.includes(name))
    .flatMap((network) =>
      network.reservations
        .filter(
          ({ mac }) =>
            mac === interfaceMac(guest.wanted.lab, guest.wanted.name, network.name, guest.wanted.network),
        )
        .map((entry) => ({
          summary: `free ${entry.address}, which ${guest.wanted.name} had on network ${network.name}`,
          action: updateReservations(network, 'delete', { ...entry, name: guest.wanted.name }),
        })),
    )
}
