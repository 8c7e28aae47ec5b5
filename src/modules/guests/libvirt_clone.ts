import { z } from 'zod'
import { guestHost, machineCount } from '../../lab/access/guest-host.ts'
import { type GuestKey, guestKey, newHostKey } from '../../lab/access/guest-key.ts'
import { runInGuest } from '../../lab/access/guest-login.ts'
import { copiedDisks, copyDisks } from '../../lab/copy-disks.ts'
import { type ExistingGuest, findGuest } from '../../lab/find-guests.ts'
import { configOfClone, readConfig } from '../../lab/guest-config.ts'
import { type GuestDefinition, guestDefinition } from '../../lab/guest-disks.ts'
import { guestFiles } from '../../lab/guest-files.ts'
import { chooseAddress, type PlannedNic, reservationSteps } from '../../lab/guest-steps.ts'
import { lockHost } from '../../lab/host/host-lock.ts'
import { domainName, interfaceMac } from '../../lab/identity.ts'
import { guestName, onlyLab } from '../../lab/lab-name.ts'
import { cloneXml } from '../../lab/libvirt/clone-xml.ts'
import { type LibvirtState, readLibvirt } from '../../lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../lab/libvirt/metadata.ts'
import { errorLine, virsh } from '../../lab/libvirt/virsh.ts'
import { attribute, child, children } from '../../lab/libvirt/xml.ts'
import { domainOf, refuseForeign, runningNetwork } from '../../lab/plan-guests.ts'
import { seedTexts, writeSeed } from '../../lab/seed.ts'
import { startSteps } from '../../lab/start-steps.ts'
import type { Steps } from '../../model/change.ts'
import { FailureError } from '../../model/failure.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, int, text } from '../params.ts'

const params = z.strictObject({
  guest: text().describe('The guest to copy: its name, or its domain’s'),
  name: guestName().describe('Name of the new guest, and its host name'),
  lab: onlyLab().describe('Lab of the guest to copy; the new one belongs to it, too'),
  state: choice(['running', 'stopped']).default('running').describe('What the new guest should do'),
  wait: bool().default(true).describe('Wait until an SSH login works in the new guest'),
  deadline: int().optional().describe('Longest wait for the login, seconds; default: by the accelerator'),
})
type Params = z.output<typeof params>

/** A second guest with what is on the first one's disk. */
export const libvirtClone = defineModule({
  name: 'libvirt_clone',
  doc: 'Copies a guest, running or not, under a new name. The copy is a machine of its own: domain, UUID, MAC, address, host name, SSH host key, machine-id and cloud-init instance are new. Its disk stands on the same image; snapshots are not copied.',
  params,
  returns: { guest: 'name, domain and address of the new guest' },
  async *run(context, params) {
    await using _lock = await lockHost(context, 'changes guests')
    const state = await readLibvirt(context, context.host)
    const source = findGuest(params.guest, params.lab, state, context.host)
    const wanted = { lab: source.metadata.lab, name: params.name }
    refuseForeign([wanted], state, context.host)
    const key = await guestKey(context.controller)
    const existing = domainOf(wanted, state)
    if (existing?.uuid === source.domain.uuid)
      throw moduleFailure(
        'clone-of-itself',
        `Guest ${params.name} cannot be a copy of itself.`,
        'Give the new guest another name.',
      )
    const metadata = existing?.metadata ?? (yield* create(context, source, params, state, key))
    if (params.state === 'running' && !existing?.running)
      yield* startSteps(context, [{ metadata, running: false }], {
        keyFile: key.path,
        wait: params.wait,
        deadlineSeconds: params.deadline,
        cpus: state.cpus,
      })
    return {
      data: {
        guest: { name: params.name, domain: domainName(wanted.lab, params.name), address: metadata.address },
      },
      why: `there is a guest ${params.name}`,
      ...(params.state === 'running' ? { effects: { hosts: [hostOf(context, metadata, key)] } } : {}),
    }
  },
})

/** In an order that leaves nothing which a second run would take for whole: files first, the domain last. */
async function* create(
  context: ModuleContext,
  source: ExistingGuest,
  params: Params,
  state: LibvirtState,
  key: GuestKey,
): Steps<GuestMetadata> {
  const { lab, guest: original } = source.metadata
  const definition = await definitionOf(context, source)
  const sourceFiles = guestFiles(source.domain.name)
  const files = guestFiles(domainName(lab, params.name))
  const disks = copiedDisks(definition.disks, sourceFiles, original, context.host)
  const hostKey = await newHostKey(context.controller)
  const nics = clonedNics(source, definition, params.name, state, context.host)
  const metadata: GuestMetadata = {
    ...source.metadata,
    guest: params.name,
    run: context.runId,
    created: new Date().toISOString(),
    address: addressOf(source, nics, context.host),
    hostKey: hostKey.publicKey,
    config: configOfClone(source.metadata.config),
  }
  const macs = nics.map(({ mac }) => mac)
  const xml = cloneXml({ source: definition.domain, sourceFiles, files, metadata, macs })
  yield {
    summary: `copy the disk of ${original} for ${params.name}${source.domain.running ? ' while it runs' : ''}`,
    action: async () => {
      if (source.phase === 'running') await writeBack(context, source.metadata, key)
      await must(context, params.name, copyDisks(source, disks, sourceFiles, files))
    },
  }
  yield {
    summary: `write the seed of ${params.name}: user ${metadata.user}, SSH keys, host name`,
    action: writeSeed(
      seedTexts({ hostname: params.name, user: metadata.user, authorizedKey: key.publicKey, hostKey }),
      files,
    ),
  }
  for (const nic of nics) for (const step of reservationSteps(params.name, nic)) yield step
  yield {
    summary: `define domain ${domainName(lab, params.name)}`,
    diff: { before: '', after: xml },
    action: { ...sh`${virsh} define /dev/stdin >/dev/null`, stdin: xml },
  }
  return metadata
}

/** One for each interface of the original, in their order: its networks, with MACs and addresses of the clone's own. */
function clonedNics(
  source: ExistingGuest,
  definition: GuestDefinition,
  name: string,
  state: LibvirtState,
  host: string,
): PlannedNic[] {
  const { lab, network: main } = source.metadata
  return children(child(definition.domain, 'devices'), 'interface').map((nic): PlannedNic => {
    const network = runningNetwork({ name }, attribute(child(nic, 'source'), 'network') ?? '', state, host)
    const mac = interfaceMac(lab, name, network.name, main)
    const address = chooseAddress(name, mac, network, [])
    return { network, mac, ...(address === undefined ? {} : { address }) }
  })
}

function addressOf(source: ExistingGuest, nics: readonly PlannedNic[], host: string): string {
  const { guest, network, address } = source.metadata
  const main = nics.find((nic) => nic.network.name === network)
  if (main?.address !== undefined && !hasOwnAddress(source)) return main.address
  throw moduleFailure(
    'clone-unsupported',
    `Guest ${guest} on ${host} cannot be cloned: it sets its address ${address} itself, and so would the copy.`,
    'Make a new guest with an address of its own.',
  )
}

function hasOwnAddress({ metadata }: ExistingGuest): boolean {
  return readConfig(metadata.config)['address'] !== undefined
}

async function definitionOf(context: ModuleContext, source: ExistingGuest): Promise<GuestDefinition> {
  const definition = await context.freshFact(guestDefinition, source.domain.uuid)
  if (definition) return definition
  throw moduleFailure(
    'guest-not-found',
    `Guest ${source.metadata.guest} on ${context.host} went away meanwhile.`,
  )
}

/** What programs in the guest wrote last is still in its memory. Without this the copy is as after a power failure. */
async function writeBack(context: ModuleContext, metadata: GuestMetadata, key: GuestKey): Promise<void> {
  try {
    await runInGuest(context, metadata, key.path, sh`sync`)
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
    context.note(
      'warning',
      `${metadata.guest} could not be asked to write everything to disk (${error.failure.message}); the clone is as after a power failure.`,
    )
  }
}

async function must(
  context: ModuleContext,
  name: string,
  command: ReturnType<typeof copyDisks>,
): Promise<void> {
  const { exitCode, stderr } = await context.run(command)
  if (exitCode === 0) return
  throw moduleFailure(
    'guest-not-created',
    `The disk of guest ${name} could not be copied: ${errorLine(stderr, `exit code ${exitCode}`)}.`,
    'A copy needs as much room in /var/lib/hvlab as the disk of the original takes.',
    stderr,
  )
}

function hostOf(context: ModuleContext, metadata: GuestMetadata, key: GuestKey) {
  return guestHost(metadata, {
    hypervisor: context.host,
    hypervisors: machineCount(context.hosts()),
    keyFile: key.path,
  })
}
