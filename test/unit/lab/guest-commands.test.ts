import t from 'tap'
import type { GuestDefinition } from '../../../src/lab/guest-disks.ts'
import { guestDefinition } from '../../../src/lab/guest-disks.ts'
import { guestFiles } from '../../../src/lab/guest-files.ts'
import { plainDisk } from '../../../src/lab/hardware.ts'
import { guestMac, guestUuid } from '../../../src/lab/identity.ts'
import { parseSubnet } from '../../../src/lab/ipv4.ts'
import type { DomainState } from '../../../src/lab/libvirt/domain-state.ts'
import { domainXml } from '../../../src/lab/libvirt/domain-xml.ts'
import type { LibvirtState } from '../../../src/lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../../src/lab/libvirt/metadata.ts'
import type { Snapshot } from '../../../src/lab/snapshots.ts'
import { snapshotFailure, snapshots } from '../../../src/lab/snapshots.ts'
import type { Change } from '../../../src/model/change.ts'
import type { CommandResult } from '../../../src/model/command.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import type { Vars } from '../../../src/model/value.ts'
import { findModule } from '../../../src/modules/registry.ts'
import { ok } from '../../../src/util/result.ts'
import { renderMasked } from '../../../src/util/sh.ts'
import { contextAround, drive } from '../../support/module-harness.ts'

/** Modules on guests that exist, in check mode: what they would do, and what they refuse. */

const metadataOf = (guest: string, lab: string): GuestMetadata => ({
  lab,
  guest,
  run: 'r',
  created: '2026-01-01T10:00:00.000Z',
  image: 'debian-12',
  imageKey: 'k',
  network: 'hvlab',
  address: '192.168.122.57',
  accelerator: 'tcg',
  acceleratorReason: 'test',
  user: 'hvlab',
  hostKey: 'ssh-ed25519 AAAAhost',
  config: '{"vcpus":2}',
})
const guest = (name: string, state: string, lab = 'hvlab'): DomainState => ({
  name: `${lab}-${name}`,
  uuid: guestUuid(lab, name),
  state,
  running: !state.startsWith('shut off'),
  paused: state.startsWith('paused'),
  interfaces: [{ mac: guestMac(lab, name), network: 'hvlab' }],
  defined: {},
  present: {},
  metadata: metadataOf(name, lab),
})
const { metadata: _own, ...foreign } = guest('database', 'running (booted)', 'their')
const subnet = parseSubnet('192.168.122.0/24')
const state: LibvirtState = {
  networks: [
    {
      name: 'hvlab',
      uuid: '00000000-0000-5000-8000-000000000003',
      active: true,
      autostart: true,
      bridge: 'hvbr-hvlab',
      subnets: subnet ? [subnet] : [],
      reservations: [{ mac: guestMac('hvlab', 'up'), address: '192.168.122.57' }],
      leases: [],
      metadata: { lab: 'hvlab', run: 'r', created: '', config: '{}' },
    },
  ],
  domains: [
    guest('up', 'running (booted)'),
    guest('standing', 'paused (user)'),
    guest('asleep', 'shut off (saved)'),
    guest('off', 'shut off (shutdown)'),
    guest('broken', 'shut off (crashed)'),
    guest('up', 'running (booted)', 'other'),
    foreign,
  ],
  cpus: 2,
  interfaces: [],
  bridges: [],
  folders: [],
  forwards: [],
  ready: new Map(),
}

const snapshot: Snapshot = {
  name: 'clean',
  description: '',
  created: '2026-01-01T10:00:00.000Z',
  memory: true,
  parent: null,
  current: true,
}
const xml = domainXml({
  metadata: metadataOf('up', 'hvlab'),
  hardware: {
    vcpus: 2,
    memoryMb: 512,
    diskGb: 10,
    disk: plainDisk,
    disks: [],
    network: 'hvlab',
    networks: [],
    firmware: 'direct',
    tpm: false,
    agent: true,
  },
  cpu: 'Nehalem',
  arch: 'x86_64',
  boot: { kernel: '/k', cmdline: 'root=/dev/vda systemd.machine_id=1' },
  files: guestFiles('hvlab-up'),
  base: '/images/base.qcow2',
})
const definition = (text: string): GuestDefinition => {
  const found = guestDefinition.parse({ exitCode: 0, stdout: text, stderr: '' }, '')
  if (!found) throw new Error('the definition does not parse')
  return found
}

interface Case {
  readonly title: string
  readonly module: 'libvirt_guest_state' | 'libvirt_snapshot' | 'libvirt_clone' | 'libvirt_log'
  readonly params: Vars
  readonly snapshots?: readonly Snapshot[]
  readonly definition?: GuestDefinition
  readonly changes?: readonly string[]
  readonly why?: string
  readonly failure?: string
  readonly hint?: string
}

const change = 'libvirt_guest_state'
const inLab = { lab: 'hvlab' }
const cases: readonly Case[] = [
  {
    title: 'start: what runs stays, what is paused goes on, what is off starts',
    module: change,
    params: { ...inLab, guests: ['up', 'standing', 'asleep', 'off', 'broken'], state: 'running' },
    changes: ['resume standing', 'start asleep, off, broken and wait for an SSH login'],
  },
  {
    title: 'start without waiting',
    module: change,
    params: { guests: ['off'], state: 'running', wait: false },
    changes: ['start off'],
  },
  {
    title: 'start what runs',
    module: change,
    params: { guests: ['hvlab-up'], state: 'running' },
    why: 'up runs',
  },
  {
    title: 'stop: a paused guest must hear its power button; a saved one is off',
    module: change,
    params: { ...inLab, guests: ['up', 'standing', 'asleep', 'off'], state: 'stopped' },
    changes: ['shut up down', 'resume standing', 'shut standing down'],
  },
  {
    title: 'stop by force: saved memory is given up, too',
    module: change,
    params: { ...inLab, guests: ['up', 'standing', 'asleep', 'off'], state: 'stopped', force: true },
    changes: ['switch up off', 'switch standing off', 'give up the saved memory of asleep'],
  },
  {
    title: 'stop what is off',
    module: change,
    params: { guests: ['off', 'broken'], state: 'stopped' },
    why: 'off does not run, broken crashed and does not run',
  },
  {
    title: 'restart always acts; what is off is started',
    module: change,
    params: { ...inLab, guests: ['up', 'off'], state: 'restarted' },
    changes: ['shut up down', 'start up, off and wait for an SSH login'],
  },
  {
    title: 'pause',
    module: change,
    params: { ...inLab, guests: ['up', 'standing'], state: 'paused' },
    changes: ['pause up'],
  },
  {
    title: 'what is off cannot be paused',
    module: change,
    params: { guests: ['off'], state: 'paused' },
    failure: 'Guest off does not run, so it cannot be paused.',
    hint: 'Start it first.',
  },
  {
    title: 'nor can what is saved',
    module: change,
    params: { guests: ['asleep'], state: 'paused' },
    failure: 'Guest asleep is saved to disk, so it cannot be paused.',
    hint: 'Resume it first.',
  },
  {
    title: 'save: also what is paused',
    module: change,
    params: { ...inLab, guests: ['up', 'standing', 'asleep'], state: 'saved' },
    changes: ['save the memory of up to disk and free it', 'save the memory of standing to disk and free it'],
  },
  {
    title: 'a domain of somebody else',
    module: change,
    params: { guests: ['their-database'], state: 'stopped' },
    failure: 'The domain their-database on testhost was not made by hvlab; it is not touched.',
    hint: 'Use virsh for what hvlab did not make.',
  },
  {
    title: 'a guest that two labs have',
    module: change,
    params: { guests: ['up'], state: 'stopped' },
    failure: '2 guests on testhost are called up: hvlab-up, other-up.',
    hint: 'Give the name of the domain, or the lab (parameter lab).',
  },
  {
    title: 'a guest that nobody has',
    module: change,
    params: { ...inLab, guests: ['standig'], state: 'stopped' },
    failure: 'There is no guest standig on testhost.',
    hint: 'did you mean "standing"?',
  },
  {
    title: 'a snapshot of a running guest',
    module: 'libvirt_snapshot',
    params: { guests: ['hvlab-up'], name: 'clean' },
    changes: ['make snapshot clean of up: disk and memory'],
  },
  {
    title: 'a snapshot of one that is off',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'clean' },
    changes: ['make snapshot clean of off: disk'],
  },
  {
    title: 'a snapshot that is there',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'clean' },
    snapshots: [snapshot],
    why: 'off has snapshot clean',
  },
  {
    title: 'a saved guest: its memory belongs to its disk',
    module: 'libvirt_snapshot',
    params: { guests: ['asleep'], name: 'clean' },
    failure: 'Guest asleep on testhost is saved to disk; its disk and its saved memory belong together.',
    hint: 'Resume it first; or give the saved memory up (`hvlab stop --force`).',
  },
  {
    title: 'a raw disk has no snapshots',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'clean' },
    definition: definition(xml.replace('type="qcow2" discard', 'type="raw" discard')),
    failure: 'Guest off on testhost cannot have snapshots: its disk vda is raw, not qcow2.',
    hint: 'Make the guest with qcow2 disks, or clone it instead.',
  },
  {
    title: 'revert',
    module: 'libvirt_snapshot',
    params: { guests: ['hvlab-up'], name: 'clean', state: 'reverted' },
    snapshots: [snapshot],
    changes: ['take up back to snapshot clean of 2026-01-01T10:00:00.000Z'],
  },
  {
    title: 'revert to the disk alone, and start',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'clean', state: 'reverted', running: true },
    snapshots: [{ ...snapshot, memory: false }],
    changes: [
      'take off back to snapshot clean of 2026-01-01T10:00:00.000Z',
      'start off and wait for an SSH login',
    ],
  },
  {
    title: 'revert to what is not there',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'claen', state: 'reverted' },
    snapshots: [snapshot],
    failure: 'Guest off on testhost has no snapshot claen.',
    hint: 'did you mean "clean"?',
  },
  {
    title: 'delete what is not there',
    module: 'libvirt_snapshot',
    params: { guests: ['off'], name: 'clean', state: 'absent' },
    why: 'off has no snapshot clean',
  },
  {
    title: 'a clone of a running guest',
    module: 'libvirt_clone',
    params: { guest: 'hvlab-up', name: 'copy' },
    changes: [
      'copy the disk of up for copy while it runs',
      'write the seed of copy: user hvlab, SSH keys, host name',
      `reserve 192.168.122.132 for copy (${guestMac('hvlab', 'copy')}) on network hvlab`,
      'define domain hvlab-copy',
      'start copy and wait for an SSH login',
    ],
  },
  {
    title: 'a clone that is there',
    module: 'libvirt_clone',
    params: { guest: 'hvlab-up', name: 'off', state: 'stopped' },
    why: 'there is a guest off',
  },
  {
    title: 'a clone of itself',
    module: 'libvirt_clone',
    params: { guest: 'hvlab-up', name: 'up' },
    failure: 'Guest up cannot be a copy of itself.',
    hint: 'Give the new guest another name.',
  },
  {
    title: 'a disk that is not hvlab’s is not copied',
    module: 'libvirt_clone',
    params: { guest: 'hvlab-up', name: 'copy' },
    definition: definition(xml.replace('/var/lib/hvlab/guests/hvlab-up/disk.qcow2', '/srv/data.qcow2')),
    failure: 'Guest up on testhost cannot be cloned: its disk vda (/srv/data.qcow2) is not hvlab’s.',
    hint: 'Detach that disk first, or make a new guest.',
  },
]

for (const found of cases) {
  void t.test(`${found.module}: ${found.title}`, async (t) => {
    const module = findModule(found.module)
    if (!module) throw new Error('no such module')
    const context = contextAround(scriptedHost(found), { check: true })
    const changes: Change[] = []
    try {
      const { result } = await drive(module, found.params, { ...context, changed: () => undefined }, changes)
      t.equal(found.failure, undefined, 'it works')
      if (changes.length === 0) t.equal(result.why, found.why, 'why nothing is to be done')
    } catch (error) {
      if (found.failure === undefined || !(error instanceof FailureError)) throw error
      t.equal(error.message, found.failure)
      t.equal(error.failure.hint, found.hint)
    }
    t.strictSame(
      changes.map(({ summary }) => summary),
      found.changes ?? [],
    )
    for (const { action } of changes)
      if ('parts' in action) t.notMatch(renderMasked(action), /PRIVATE KEY/, 'no secret in a command line')
  })
}

t.test('the definition of a clone has no identity of the original', async (t) => {
  const withVariables = definition(xml.replace('</os>', '<nvram>/nvram/hvlab-up_VARS.fd</nvram></os>'))
  const host = scriptedHost({ title: '', module: 'libvirt_clone', params: {}, definition: withVariables })
  const context = contextAround(host, {
    check: true,
  })
  const module = findModule('libvirt_clone')
  if (!module) throw new Error('no such module')
  const changes: Change[] = []
  await drive(module, { guest: 'hvlab-up', name: 'copy' }, { ...context, changed: () => undefined }, changes)
  const copy = changes.find(({ summary }) => summary.startsWith('define'))?.diff?.after ?? ''
  for (const own of [
    'hvlab-up',
    guestUuid('hvlab', 'up'),
    guestMac('hvlab', 'up'),
    'AAAAhost',
    'machine_id=1',
  ])
    t.notOk(copy.includes(own), `no ${own}`)
  const id = guestUuid('hvlab', 'copy').replaceAll('-', '')
  t.match(copy, `<cmdline>root=/dev/vda systemd.machine_id=${id}</cmdline>`)
  t.match(copy, '<source file="/images/base.qcow2"/>', 'it stands on the same image')
})

t.test('snapshots as virsh tells them', async (t) => {
  const document = (name: string, created: number, more = '') =>
    `<domainsnapshot>\n  <name>${name}</name>\n${more}  <creationTime>${created}</creationTime>\n</domainsnapshot>\n`
  const memory = "  <memory snapshot='internal'/>\n  <parent>\n    <name>base</name>\n  </parent>\n"
  const text = `clean\n<<names>>\n${document('clean', 1_767_261_600, memory)}${document('base', 1_767_258_000)}`
  t.strictSame(snapshots.parse({ exitCode: 0, stdout: text, stderr: '' }, ''), [
    { ...snapshot, name: 'base', created: '2026-01-01T09:00:00.000Z', memory: false, current: false },
    { ...snapshot, parent: 'base' },
  ])
  t.strictSame(snapshots.parse({ exitCode: 0, stdout: '<<names>>\n', stderr: '' }, ''), [])
  const odd = snapshots.parse({ exitCode: 0, stdout: `<<names>>\n${document('odd', 1e20)}`, stderr: '' }, '')
  t.equal(odd[0]?.created, '1970-01-01T00:00:00.000Z', 'a time that is none')
})

t.test('why libvirt makes no snapshot', async (t) => {
  const failure = (output: string) => {
    const { message, hint } = snapshotFailure('make snapshot s', 'g', 'h', output)
    return [message, hint]
  }
  t.strictSame(
    failure(
      'error: internal error: unable to execute: State blocked by non-migratable CPU device (invtsc flag)',
    ),
    [
      'Could not make snapshot s of guest g on h: QEMU cannot save the memory of a guest with this CPU or these devices.',
      'Stop the guest first: a snapshot of its disk alone needs no memory.',
    ],
  )
  t.strictSame(failure('error: something else\nmore'), [
    'Could not make snapshot s of guest g on h: something else.',
    'Read /var/log/libvirt/qemu on that host.',
  ])
})

function scriptedHost(found: Case): HostAccess {
  const facts: Readonly<Record<string, unknown>> = {
    'libvirt-state': ok(state),
    snapshots: found.snapshots ?? [],
    'guest-definition': found.definition ?? definition(xml),
  }
  const fact = (name: string) => {
    if (!(name in facts)) throw new Error(`the case has no answer for the fact ${name}`)
    return facts[name]
  }
  return {
    run: async (command) => answer(renderMasked(command)),
    fact: async (asked, ..._args) => fact(asked.name) as never,
    freshFact: async (asked, ..._args) => fact(asked.name) as never,
    put: async () => undefined,
    get: async () => new Uint8Array(),
    connection: async () => {
      throw new Error('nothing connects in check mode')
    },
  }
}

function answer(command: string): CommandResult {
  const said = (stdout: string) => ({ exitCode: 0, stdout, stderr: '', durationMs: 1, truncated: false })
  if (command.includes('id_ed25519')) return said('/home/u/id_ed25519\nssh-ed25519 AAAAlogin hvlab\n')
  if (command.includes('ssh-keygen'))
    return said('ssh-ed25519 AAAAnew x\n-----BEGIN OPENSSH PRIVATE KEY-----\n')
  throw new Error(`the case did not expect: ${command}`)
}
