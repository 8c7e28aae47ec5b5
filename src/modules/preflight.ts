import { z } from 'zod'
import { mistakesOf } from '../config/zod-diagnostics.ts'
import { cpu } from '../facts/cpu.ts'
import { disk as diskFact } from '../facts/disk.ts'
import { firewall } from '../facts/firewall.ts'
import { hostTime } from '../facts/host-time.ts'
import { memory } from '../facts/memory.ts'
import { osRelease } from '../facts/os-release.ts'
import { serviceManager } from '../facts/service-manager.ts'
import { virtualization } from '../facts/virtualization.ts'
import { describe, storeOf } from '../images/deployed-image.ts'
import { resolveImage } from '../images/image.ts'
import { lookUp } from '../images/store.ts'
import { guestsFolder } from '../lab/guest-files.ts'
import { foreseeAccelerator, type ProbeOptions } from '../lab/host/accelerator.ts'
import { type Finding, type HostSituation, preflight as judge, type Need } from '../lab/host/preflight.ts'
import { privileges } from '../lab/host/privileges.ts'
import { ownGuests } from '../lab/own-guests.ts'
import type { ModuleResult } from '../model/change.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Vars } from '../model/value.ts'
import { counted } from '../util/words.ts'
import { checkRoleVariables } from './benchmark/settings.ts'
import { moduleFailure } from './failure.ts'
import { guestCount, guestEntry, guestNames } from './guests/guest-params.ts'
import { defineModule } from './module.ts'
import { bool, int, text } from './params.ts'

const defaultImage = 'debian-12'

/** A guest as `hvlab_guests` has it; what preflight does not need is left to the module that deploys it. */
const guest = z.looseObject({
  name: text(),
  image: text().default(defaultImage),
  vcpus: int().default(2),
  memory_mb: int().default(2900),
  disk_gb: int().default(10),
  count: guestCount().optional(),
  disk: z.looseObject({ mode: text().default('overlay') }).optional(),
  disks: z.array(z.looseObject({ size_gb: int() })).default([]),
})

type Guest = z.output<typeof guest>

/** What making or copying an image takes at its peak besides the image itself, MB. */
const imageRoomMb = 2500

/** Looks before anything is touched whether a host can carry the lab. */
export const preflight = defineModule({
  name: 'preflight',
  doc: 'Checks whether a host can carry the lab: system, CPUs, memory, disk, virtualisation, privileges, accelerator. Fails when it cannot, with numbers and what to do; changes nothing.',
  params: z.strictObject({
    guests: z
      .array(guest)
      .optional()
      .describe('The guests that the host is to carry, as in `hvlab_guests`, which is the default'),
    overcommit: bool()
      .optional()
      .describe(
        'What does not fit is only a warning; default: the variable `hvlab_overcommit`, and no without it',
      ),
  }),
  returns: {
    findings: 'list of `{id, level, text, hint}`; level is `ok`, `warning` or `error`',
    accelerator: '`{type, reason}` when it could be decided; also the host variable `hvlab_accelerator`',
  },
  async *run(context, params): AsyncGenerator<never, ModuleResult> {
    const guests = params.guests ?? guestsOf(context)
    await checkRoleVariables(context)
    const images = new Set(guests.map(({ image }) => image))
    const stored = await storedImages(context, images.size === 0 ? [defaultImage] : [...images])
    context.progress({ text: 'looking for KVM' })
    const accelerator = await foreseeAccelerator(context, stored.kernel)
    const need: Need = {
      guests: guests.flatMap((guest) => needOf(guest, stored.diskGb.get(guest.image) ?? 0)),
      overcommit: params.overcommit ?? bool().parse(context.variable('hvlab_overcommit') ?? false),
      imageMb: guests.length === 0 ? 0 : stored.missing * imageRoomMb,
    }
    const situation = await situationOf(context, accelerator)
    const findings = judge(situation, need)
    const errors = findings.filter(({ level }) => level === 'error')
    for (const { level, text: said } of findings) {
      if (level === 'warning') context.note('warning', said)
    }
    const data: Vars = {
      findings: findings.map((finding) => ({ ...finding })),
      ...(accelerator === undefined ? {} : { accelerator: { ...accelerator } }),
    }
    const effects =
      accelerator === undefined ? {} : { effects: { vars: { hvlab_accelerator: { ...accelerator } } } }
    if (errors.length === 0) return { data, ...effects, changed: false, why: verdict(findings) }
    const { failure } = moduleFailure(
      'preflight-failed',
      `this host cannot carry the lab: ${errors.map((error) => error.text).join('; ')}`,
      [...new Set(errors.map((error) => error.hint))].join(' '),
    )
    return { data, ...effects, failed: failure }
  },
})

function needOf(
  { name, count, image, vcpus, memory_mb, disk_gb, disk, disks }: Guest,
  imageGb: number,
): Need['guests'][number][] {
  return guestNames(name, count).map((each) => ({
    name: each,
    vcpus,
    memoryMb: memory_mb,
    diskGb: disk_gb + disks.reduce((total, { size_gb }) => total + size_gb, 0),
    copiesImage: (disk?.mode ?? 'overlay') !== 'overlay',
    main: { diskGb: disk_gb, image, imageGb },
  }))
}

function guestsOf(context: ModuleContext): Guest[] {
  const given = context.variable('hvlab_guests') ?? []
  // What would be refused when the guests are made is said before an image is built.
  const entries = z.array(guestEntry)
  const parsed = entries.safeParse(given)
  if (parsed.success) return z.array(guest).parse(given)
  const mistakes = mistakesOf(parsed.error.issues, given, entries, { subject: 'hvlab_guests' })
  throw moduleFailure(
    'preflight-guests',
    mistakes
      .map(({ path: [index], message }) =>
        typeof index === 'number' && !message.includes('hvlab_guests')
          ? `hvlab_guests, item ${index + 1}: ${message}`
          : message,
      )
      .join('; '),
    mistakes.find(({ hint }) => hint !== undefined)?.hint ??
      'It is a list such as `[{name: g1, image: debian-12, vcpus: 2, memory_mb: 2900, disk_gb: 10}]`.',
  )
}

/** How many images the host lacks, how large their disks are, and a kernel to try KVM with when it has one. */
async function storedImages(
  context: ModuleContext,
  names: readonly string[],
): Promise<{ missing: number; diskGb: ReadonlyMap<string, number>; kernel?: ProbeOptions }> {
  const store = storeOf(context)
  const diskGb = new Map<string, number>()
  let missing = 0
  let kernel: ProbeOptions | undefined
  for (const name of names) {
    const image = resolveImage(name, context.searchPath)
    diskGb.set(name, image.file.disk.size_gb)
    const entry = await lookUp(context, store, image.key)
    if (entry.state !== 'whole') missing += 1
    else {
      const deployed = describe(image, entry.folder, entry.manifest)
      kernel ??= { kernel: deployed.kernel, kernelDigest: entry.manifest.files.vmlinuz.sha256 }
    }
  }
  return { missing, diskGb, ...(kernel === undefined ? {} : { kernel }) }
}

async function situationOf(
  context: ModuleContext,
  accelerator: HostSituation['accelerator'],
): Promise<HostSituation> {
  const [os, processors, ram, forImages, forGuests, layers, services, filter, may, own, time] =
    await Promise.all([
      context.fact(osRelease),
      context.fact(cpu),
      context.freshFact(memory),
      context.freshFact(diskFact, storeOf(context)),
      context.freshFact(diskFact, guestsFolder),
      context.fact(virtualization),
      context.fact(serviceManager),
      context.freshFact(firewall),
      context.fact(privileges),
      context.freshFact(ownGuests, guestsFolder),
      context.freshFact(hostTime),
    ])
  return {
    os,
    cpu: processors,
    memory: ram,
    disks: { images: forImages, guests: forGuests },
    virtualization: layers,
    services,
    firewall: filter,
    privileges: may,
    ownGuests: own,
    ...(time.epoch === 0 ? {} : { clockAheadSeconds: time.epoch - Date.now() / 1000 }),
    ...(accelerator === undefined ? {} : { accelerator }),
  }
}

function verdict(findings: readonly Finding[]): string {
  const warnings = findings.filter(({ level }) => level === 'warning').length
  return warnings === 0
    ? 'the host can carry the lab'
    : `the host can carry the lab, with ${counted(warnings, 'warning')}`
}
