import type { WantedGuest } from '../../lab/guest-config.ts'
import { type DiskTuning, plainDisk, vcpuLimit } from '../../lab/hardware.ts'
import { guestName } from '../../lab/lab-name.ts'
import type { FailureError } from '../../model/failure.ts'
import { defined } from '../../util/defined.ts'
import { moduleFailure } from '../failure.ts'
import { type GuestParams, guestNames } from './guest-params.ts'

/** What a task says of its guests: parameters, and entries of a list that win over them. */
export interface Declaration extends GuestParams {
  readonly lab: string
  readonly name?: string | undefined
  readonly count?: number | undefined
  readonly guests?: readonly Entry[] | undefined
}
type Entry = GuestParams & { readonly name: string; readonly count?: number | undefined }

/** The guests' names, each of a count. Throws when two are the same. */
export function declaredNames(declaration: Declaration): string[] {
  const names = entriesOf(declaration).flatMap(({ name, count }) => guestNames(name, count))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw wrong(twice, 'is declared twice', 'Give each guest a name of its own.')
  for (const name of names) {
    const parsed = guestName().safeParse(name)
    if (!parsed.success)
      throw wrong(name, `cannot be called so: a name ${parsed.error.issues[0]?.message ?? ''}`)
  }
  return names
}

/** The guests as they are wanted. Throws for what the parameters say together and cannot be. */
export function wantedGuests(
  declaration: Declaration,
  authorizedKey: string,
  imageKey: (image: string) => string,
): WantedGuest[] {
  declaredNames(declaration)
  const guests = entriesOf(declaration).flatMap((entry) => {
    const merged = merge(declaration, entry)
    return guestNames(entry.name, entry.count).map((name) =>
      wantedGuest(declaration, { ...merged, name }, authorizedKey, imageKey),
    )
  })
  const ports = new Map<number, string>()
  const addresses = new Map<string, string>()
  for (const guest of guests) {
    check(guest)
    const [ip] = guest.address?.ip.split('/') ?? []
    if (ip !== undefined) {
      const place = `${guest.network} ${ip}`
      const other = addresses.get(place)
      if (other !== undefined) throw wrong(guest.name, `wants the address ${ip}, which ${other} has`)
      addresses.set(place, guest.name)
    }
    for (const { host } of guest.ports) {
      const other = ports.get(host)
      if (other !== undefined)
        throw wrong(guest.name, `wants port ${host} of the hypervisor, which ${other} has`)
      ports.set(host, guest.name)
    }
  }
  return guests
}

function entriesOf({ guests, name, count }: Declaration): readonly Entry[] {
  return guests ?? (name === undefined ? [] : [{ name, count }])
}

function merge(declaration: Declaration, entry: Entry): GuestParams {
  const given = Object.entries(entry).filter(([, value]) => value !== undefined)
  return { ...declaration, ...Object.fromEntries(given) }
}

function wantedGuest(
  { lab }: Declaration,
  params: GuestParams & { readonly name: string },
  authorizedKey: string,
  imageKey: (image: string) => string,
): WantedGuest {
  const { vcpus_max, memory_max_mb, topology, hugepages, pinning, numa, cpu, cloud_init, address } = params
  const image = params.image ?? 'debian-12'
  return {
    lab,
    name: params.name,
    image,
    imageKey: imageKey(image),
    accelerator: params.accelerator ?? 'auto',
    authorizedKey,
    vcpus: params.vcpus ?? 2,
    memoryMb: params.memory_mb ?? 2900,
    diskGb: params.disk_gb ?? 10,
    disk: params.disk ? { mode: params.disk.mode, ...tuned(params.disk) } : plainDisk,
    disks: (params.disks ?? []).map(({ name, size_gb, format, ...tuning }) => ({
      name,
      sizeGb: size_gb,
      format,
      ...tuned(tuning),
    })),
    network: params.network ?? 'hvlab',
    networks: params.networks ?? [],
    ports: params.ports ?? [],
    firmware: params.firmware ?? 'direct',
    tpm: params.tpm ?? false,
    agent: params.agent ?? true,
    ...defined({
      vcpusMax: vcpus_max,
      memoryMaxMb: memory_max_mb,
      topology,
      hugepages,
      pinning: pinning && defined({ vcpus: pinning.vcpus, emulator: pinning.emulator }),
      numa,
      cpu,
      cloudInit: cloud_init,
      address: address && defined({ ip: address.ip, dns: address.dns, gateway: address.gateway }),
    }),
  }
}

function tuned({
  cache,
  io,
  discard,
}: { [Name in keyof DiskTuning]: DiskTuning[Name] | undefined }): DiskTuning {
  return defined({ discard: discard ?? 'unmap', cache, io })
}

function check(guest: WantedGuest): void {
  const { name, topology, pinning, vcpus, vcpusMax, memoryMb, memoryMaxMb, network, networks, disks } = guest
  if (vcpusMax !== undefined && vcpusMax < vcpus)
    throw wrong(name, `has vcpus_max ${vcpusMax} below vcpus ${vcpus}`)
  if (memoryMaxMb !== undefined && memoryMaxMb < memoryMb)
    throw wrong(name, `has memory_max_mb ${memoryMaxMb} below memory_mb ${memoryMb}`)
  const limit = vcpuLimit(guest)
  const product = topology && topology.sockets * topology.cores * topology.threads
  if (product !== undefined && product !== limit)
    throw wrong(name, `has a topology of ${product} processors, but ${limit} vCPUs`)
  if (pinning && pinning.vcpus.length > limit)
    throw wrong(name, `pins ${pinning.vcpus.length} vCPUs, but has ${limit}`)
  const plugged = [network, ...networks]
  const twice = plugged.find((each, index) => plugged.indexOf(each) !== index)
  if (twice !== undefined) throw wrong(name, `is plugged into network ${twice} twice`)
  const disk = disks.find((each, index) => disks.findIndex((other) => other.name === each.name) !== index)
  if (disk) throw wrong(name, `has two disks called ${disk.name}`)
}

function wrong(name: string, what: string, hint?: string): FailureError {
  return moduleFailure(
    'guest-contradicts',
    `Guest ${name} ${what}.`,
    hint ?? 'Change one of them in the list of guests.',
  )
}
