import { join } from 'node:path'
import t from 'tap'
import { readImage } from '../../../src/images/image.ts'
import { configText, type WantedGuest } from '../../../src/lab/guest-config.ts'
import { guestFiles } from '../../../src/lab/guest-files.ts'
import { guestMac } from '../../../src/lab/identity.ts'
import { parseSubnet } from '../../../src/lab/ipv4.ts'
import { shapeOf } from '../../../src/lab/libvirt/domain-shape.ts'
import type { DomainState } from '../../../src/lab/libvirt/domain-state.ts'
import { domainXml } from '../../../src/lab/libvirt/domain-xml.ts'
import type { LibvirtState } from '../../../src/lab/libvirt/libvirt-state.ts'
import type { GuestMetadata } from '../../../src/lab/libvirt/metadata.ts'
import { type NetworkState, parseNetworkState } from '../../../src/lab/libvirt/network-xml.ts'
import { parseXml } from '../../../src/lab/libvirt/xml.ts'
import type { Change } from '../../../src/model/change.ts'
import type { CommandResult } from '../../../src/model/command.ts'
import { FailureError } from '../../../src/model/failure.ts'
import type { HostAccess } from '../../../src/model/host-access.ts'
import type { Value, Vars } from '../../../src/model/value.ts'
import { findModule } from '../../../src/modules/registry.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { ok, type Result } from '../../../src/util/result.ts'
import { renderMasked } from '../../../src/util/sh.ts'
import { contextAround, drive } from '../../support/module-harness.ts'
import { wantedGuest } from '../../support/wanted-guest.ts'

const image = readImage('debian-12', join(packageRoot, 'images/debian-12/image.yml'))
if (!image.ok) throw new Error('images/debian-12 does not parse')
const key = image.value.key

const loginKey = 'ssh-ed25519 AAAAlogin'
const wanted1: WantedGuest = { ...wantedGuest, imageKey: key, authorizedKey: loginKey }
const metadata: GuestMetadata = {
  lab: 'hvlab',
  guest: 'guest1',
  run: 'r',
  created: '2026-01-01T10:00:00.000Z',
  image: 'debian-12',
  imageKey: key,
  network: 'hvlab',
  address: '192.168.122.57',
  accelerator: 'tcg',
  acceleratorReason: 'test',
  user: 'hvlab',
  hostKey: 'ssh-ed25519 AAAAhost',
  config: configText(wanted1, 'tcg', 'Nehalem'),
}
const xml1 = parseXml(
  domainXml({
    metadata,
    hardware: wanted1,
    cpu: 'Nehalem',
    arch: 'x86_64',
    boot: { kernel: '/k', cmdline: '' },
    files: guestFiles('hvlab-guest1'),
    base: '/b',
  }),
  'domain',
)
const shape1 = xml1 ? shapeOf(xml1) : {}
const guest1: DomainState = {
  name: 'hvlab-guest1',
  uuid: '00000000-0000-5000-8000-000000000001',
  state: 'running (booted)',
  running: true,
  paused: false,
  startId: '7',
  interfaces: [{ mac: guestMac('hvlab', 'guest1'), network: 'hvlab' }],
  defined: shape1,
  present: shape1,
  metadata,
}
const foreign: DomainState = {
  name: 'database',
  uuid: '00000000-0000-4000-8000-000000000002',
  state: 'running (booted)',
  running: true,
  paused: false,
  startId: '3',
  interfaces: [{ mac: '52:54:00:00:00:01', network: 'default' }],
  defined: {},
  present: {},
}
const subnet = parseSubnet('192.168.122.0/24')
const own: NetworkState = {
  name: 'hvlab',
  uuid: '00000000-0000-5000-8000-000000000003',
  active: true,
  autostart: true,
  bridge: 'hvbr-hvlab',
  subnets: subnet ? [subnet] : [],
  reservations: [{ mac: guestMac('hvlab', 'guest1'), address: '192.168.122.57' }],
  leases: [],
  metadata: { lab: 'hvlab', run: 'r', created: '', config: '{"mode":"nat","subnet":"192.168.122.0/24"}' },
}
const { metadata: _own, ...theirs } = own
/** One of another lab, in which our guest is all the same. */
const shared: NetworkState = { ...own, metadata: { lab: 'other', run: 'r', created: '', config: '{}' } }
const bare: LibvirtState = {
  networks: [],
  domains: [],
  cpus: 2,
  interfaces: ['lo', 'eth0'],
  bridges: [],
  folders: [],
  forwards: [],
  ready: new Map(),
}
const deployed: LibvirtState = {
  ...bare,
  networks: [own],
  domains: [guest1, foreign],
  folders: ['hvlab-guest1'],
  ready: new Map([['hvlab-guest1', { startId: '7', seconds: null }]]),
}

interface Case {
  readonly title: string
  readonly module: 'libvirt_network' | 'libvirt_guest' | 'libvirt_lab'
  readonly params: Vars
  readonly state: LibvirtState | Result<LibvirtState, string>
  readonly routes?: readonly { destination: string; device: string }[]
  readonly storedImage?: boolean
  /** Names of hvlab's definitions in libvirt's folders, and which daemons do not run. */
  readonly defined?: readonly string[]
  readonly stopped?: readonly string[]
  /** Guests whose disks stand on images of the store. */
  readonly onImages?: readonly string[]
  readonly hosts?: readonly { name: string; groups: readonly string[] }[]
  /** Summaries, in order. Everything runs in check mode: nothing is applied. */
  readonly changes?: readonly string[]
  readonly why?: string
  readonly failure?: string
  readonly hint?: string
  readonly said?: readonly string[]
  readonly newHosts?: readonly string[]
  /** Reservations that are taken out of networks that stay. */
  readonly freed?: number
}

const cases: readonly Case[] = [
  {
    title: 'a network on a bare host',
    module: 'libvirt_network',
    params: {},
    state: bare,
    changes: ['create network hvlab (192.168.122.0/24, nat, bridge hvbr-hvlab)'],
  },
  {
    title: 'a network whose subnet is taken by a route',
    module: 'libvirt_network',
    params: { name: 'hvlab', subnet: '192.168.122.0/24' },
    state: bare,
    routes: [
      { destination: 'default', device: 'ens3' },
      { destination: '192.168.122.0/24', device: 'ens3' },
      { destination: '192.168.123.9', device: 'wg0' },
    ],
    changes: ['create network hvlab (192.168.124.0/24, nat, bridge hvbr-hvlab)'],
    said: [
      '192.168.122.0/24 overlaps the route 192.168.122.0/24 on ens3; network hvlab gets 192.168.124.0/24 instead.',
    ],
  },
  {
    title: 'a network that is as wanted',
    module: 'libvirt_network',
    params: {},
    state: deployed,
    why: 'network hvlab runs on 192.168.122.0/24',
  },
  {
    title: 'a network that was stopped',
    module: 'libvirt_network',
    params: {},
    state: { ...deployed, networks: [{ ...own, active: false, autostart: false }] },
    changes: ['start network hvlab at boot', 'start network hvlab'],
    why: 'network hvlab runs on 192.168.122.0/24',
  },
  {
    title: 'a network of that name that somebody else made',
    module: 'libvirt_network',
    params: {},
    state: { ...bare, networks: [theirs] },
    failure: 'A libvirt network named hvlab on testhost was not made by hvlab; it is not touched.',
    hint: 'Give the lab’s network another name: hvlab_network.name.',
  },
  {
    title: 'a network of that name of another lab',
    module: 'libvirt_network',
    params: { lab: 'other' },
    state: deployed,
    failure: 'A libvirt network named hvlab on testhost belongs to the lab hvlab; it is not touched.',
  },
  {
    title: 'a network with other parameters',
    module: 'libvirt_network',
    params: { mode: 'isolated' },
    state: deployed,
    failure: 'Network hvlab on testhost was made with other parameters: mode nat → isolated.',
    hint: 'Set recreate: true on libvirt_network to make it anew, after `hvlab down` if guests use it.',
  },
  {
    title: 'a network in use cannot be made anew',
    module: 'libvirt_network',
    params: { mode: 'isolated', recreate: true },
    state: deployed,
    failure: 'Network hvlab cannot be removed: hvlab-guest1 is plugged into it.',
  },
  {
    title: 'a network that nobody uses can',
    module: 'libvirt_network',
    params: { subnet: '10.1.0.0/16', recreate: true },
    state: { ...deployed, domains: [], interfaces: ['hvbr-hvlab'] },
    changes: [
      'remove network hvlab, whose parameters changed',
      'create network hvlab (10.1.0.0/16, nat, bridge hvbr-hvlab)',
    ],
  },
  {
    title: 'a subnet that is none',
    module: 'libvirt_network',
    params: { subnet: '192.168.122.1/24' },
    state: bare,
    failure: 'libvirt_network: subnet must be an IPv4 subnet from /8 to /28, such as 192.168.122.0/24',
  },
  {
    title: 'a guest on a prepared host',
    module: 'libvirt_guest',
    params: { name: 'guest2', vcpus: '1', memory_mb: '512' },
    state: deployed,
    storedImage: true,
    changes: [
      'create the disk of guest2: 10 GiB over image debian-12',
      'write the seed of guest2: user hvlab, SSH keys, host name',
      'reserve 192.168.122.186 for guest2 (52:54:00:f6:fc:a6) on network hvlab',
      'define domain hvlab-guest2: 1 vCPU Nehalem, 512 MiB, emulated (TCG)',
    ],
  },
  {
    title: 'an address that is chosen keeps away from one that stands later in the list',
    module: 'libvirt_guest',
    params: {
      guests: [{ name: 'guest2' }, { name: 'fixed', address: { ip: '192.168.122.186/24' } }],
      memory_mb: 512,
    },
    state: deployed,
    storedImage: true,
    changes: [
      'create the disk of guest2: 10 GiB over image debian-12',
      'write the seed of guest2: user hvlab, SSH keys, host name',
      'reserve 192.168.122.187 for guest2 (52:54:00:f6:fc:a6) on network hvlab',
      'define domain hvlab-guest2: 2 vCPU Nehalem, 512 MiB, emulated (TCG)',
      'create the disk of fixed: 10 GiB over image debian-12',
      'write the seed of fixed: user hvlab, SSH keys, host name',
      `reserve 192.168.122.186 for fixed (${guestMac('hvlab', 'fixed')}) on network hvlab`,
      'define domain hvlab-fixed: 2 vCPU Nehalem, 512 MiB, emulated (TCG)',
    ],
  },
  {
    title: 'two guests with one address',
    module: 'libvirt_guest',
    params: {
      guests: ['a', 'b'].map((name) => ({ name, address: { ip: '192.168.122.9/24' } })),
    },
    state: deployed,
    failure: 'Guest b wants the address 192.168.122.9, which a has.',
    hint: 'Change one of them in the list of guests.',
  },
  {
    title: 'an address that another guest has',
    module: 'libvirt_guest',
    params: { name: 'guest2', memory_mb: 512, address: { ip: '192.168.122.57/24' } },
    state: deployed,
    storedImage: true,
    failure:
      'Guest guest2 wants the address 192.168.122.57, which hvlab-guest1 has on network hvlab of testhost.',
    hint: 'Set another address, or leave it out: then a free one is chosen.',
  },
  {
    title: 'the address of the hypervisor',
    module: 'libvirt_guest',
    params: { name: 'guest2', memory_mb: 512, address: { ip: '192.168.122.1/24' } },
    state: deployed,
    storedImage: true,
    failure:
      'Guest guest2 wants the address 192.168.122.1, which testhost itself has on network hvlab of testhost.',
  },
  {
    title: 'check mode on a host that has nothing yet',
    module: 'libvirt_guest',
    params: { guests: [{ name: 'guest1' }, { name: 'guest2' }] },
    state: bare,
    changes: ['create and start guest guest1', 'create and start guest guest2'],
  },
  {
    title: 'a guest that is as wanted',
    module: 'libvirt_guest',
    params: { guests: [{ name: 'guest1', image: 'debian-12', vcpus: 2, memory_mb: 2900, disk_gb: 10 }] },
    state: deployed,
    why: 'guest1 (192.168.122.57) runs as wanted',
    newHosts: ['guest1'],
  },
  {
    title: 'a guest that somebody changed: it is said, and left as it is',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: { ...deployed, domains: [{ ...guest1, defined: { ...shape1, vcpus: '4' } }] },
    why: 'guest1 (192.168.122.57) runs as wanted',
    said: ['hvlab-guest1 has drifted: vcpus: declared 2, defined 4.'],
    newHosts: ['guest1'],
  },
  {
    title: 'the same where the inventory has several machines',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: deployed,
    hosts: [
      { name: 'testhost', groups: ['all'] },
      { name: 'other', groups: ['all'] },
      { name: 'guest9.other', groups: ['all', 'guests'] },
    ],
    why: 'guest1 (192.168.122.57) runs as wanted',
    newHosts: ['guest1.testhost'],
  },
  {
    title: 'a guest that was switched off',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: { ...deployed, domains: [{ ...guest1, running: false, state: 'shut off (destroyed)' }] },
    changes: ['start guest1 and wait for an SSH login'],
    why: 'guest1 (192.168.122.57) runs as wanted',
    newHosts: ['guest1'],
  },
  {
    title: 'a guest that should be off',
    module: 'libvirt_guest',
    params: { name: 'guest1', state: 'stopped' },
    state: deployed,
    changes: ['shut down hvlab-guest1'],
    why: 'guest1 (192.168.122.57) is stopped as wanted',
  },
  {
    title: 'a guest with other parameters',
    module: 'libvirt_guest',
    params: { name: 'guest1', vcpus: 4 },
    state: deployed,
    failure: 'Guest hvlab-guest1 on testhost has to be restarted for what changed: vcpus 2 → 4.',
    hint: 'Set restart: true on libvirt_guest (the role guests: -e hvlab_restart=true), or stop the guest first.',
  },
  {
    title: 'a guest that may be made anew',
    module: 'libvirt_guest',
    params: { name: 'guest1', vcpus: 4, disk: { mode: 'full' }, recreate: true },
    state: deployed,
    storedImage: true,
    freed: 1,
    changes: [
      'remove hvlab-guest1 with its disk: its parameters changed',
      'create the disk of guest1: 10 GiB as a full copy of image debian-12',
      'write the seed of guest1: user hvlab, SSH keys, host name',
      'define domain hvlab-guest1: 4 vCPU Nehalem, 2900 MiB, emulated (TCG)',
    ],
  },
  {
    title: 'more guests than fit',
    module: 'libvirt_guest',
    params: { name: 'node', count: 5, memory_mb: 4096 },
    state: deployed,
    storedImage: true,
    failure:
      'The guests do not fit on testhost: not enough memory: 16000 MB of memory are available and 5 guests with QEMU need 21480 MB.',
    hint: 'Lower memory_mb or the number of guests in hvlab_guests, or stop what uses the memory. If that is meant: -e hvlab_overcommit=true.',
  },
  {
    title: 'more guests than fit, and meant; a count is that many guests',
    module: 'libvirt_guest',
    params: { name: 'node', count: 2, memory_mb: 9000, overcommit: true, wait: false },
    state: deployed,
    storedImage: true,
    changes: [
      'create the disk of node1: 10 GiB over image debian-12',
      'write the seed of node1: user hvlab, SSH keys, host name',
      'reserve 192.168.122.66 for node1 (52:54:00:35:83:3d) on network hvlab',
      'define domain hvlab-node1: 2 vCPU Nehalem, 9000 MiB, emulated (TCG)',
      'create the disk of node2: 10 GiB over image debian-12',
      'write the seed of node2: user hvlab, SSH keys, host name',
      'reserve 192.168.122.16 for node2 (52:54:00:31:d7:dc) on network hvlab',
      'define domain hvlab-node2: 2 vCPU Nehalem, 9000 MiB, emulated (TCG)',
    ],
  },
  {
    title: 'a domain of that name that somebody else made',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: { ...deployed, domains: [{ ...foreign, name: 'hvlab-guest1' }] },
    failure: 'The domain hvlab-guest1 on testhost was not made by hvlab; it is not touched.',
    hint: 'Give the guest another name, or the lab (parameter lab).',
  },
  {
    title: 'is not removed either',
    module: 'libvirt_guest',
    params: { name: 'guest1', state: 'absent' },
    state: { ...deployed, domains: [{ ...foreign, name: 'hvlab-guest1' }] },
    failure: 'The domain hvlab-guest1 on testhost was not made by hvlab; it is not touched.',
  },
  {
    title: 'a disk smaller than the image',
    module: 'libvirt_guest',
    params: { name: 'guest2', disk_gb: 5 },
    state: deployed,
    storedImage: true,
    failure: 'The disk of guest guest2 would have 5 GiB, but image debian-12 has 10.',
    hint: 'Set disk_gb to 10 or more.',
  },
  {
    title: 'neither name nor guests',
    module: 'libvirt_guest',
    params: {},
    state: bare,
    failure: 'libvirt_guest: needs one of name, guests',
  },
  {
    title: 'a name that cannot be a host name',
    module: 'libvirt_guest',
    params: { name: 'Guest_1' },
    state: bare,
    failure: 'libvirt_guest: name must be 1 to 40 lower-case letters, digits and dashes',
  },
  {
    title: 'down removes what is hvlab’s, left-overs too, and nothing else',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: {
      ...deployed,
      networks: [own, { ...theirs, name: 'default' }],
      folders: ['hvlab-guest1', 'hvlab-half', '..'],
    },
    changes: [
      'remove guest hvlab-guest1 with its disk',
      'remove what an interrupted run left of hvlab-half',
      'remove network hvlab',
    ],
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down where nothing is',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: bare,
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down of another lab',
    module: 'libvirt_lab',
    params: { state: 'absent', lab: 'other' },
    state: deployed,
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down with the images, on which another lab stands',
    module: 'libvirt_lab',
    params: { state: 'absent', lab: 'other', images: true },
    state: deployed,
    onImages: ['hvlab-guest1'],
    said: ['The image store /var/lib/hvlab/images stays: the disks of hvlab-guest1 stand on it.'],
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down with the images of all guests',
    module: 'libvirt_lab',
    params: { state: 'absent', lab: 'hvlab', images: true },
    state: { ...deployed, folders: ['hvlab-guest1', 'hvlab-half'] },
    onImages: ['hvlab-guest1', 'hvlab-half'],
    changes: [
      'remove guest hvlab-guest1 with its disk',
      'remove what an interrupted run left of hvlab-half',
      'remove network hvlab',
      'remove the image store /var/lib/hvlab/images',
    ],
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down leaves a network that a machine of somebody else uses',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: {
      ...deployed,
      domains: [guest1, { ...foreign, interfaces: [{ mac: '52:54:00:00:00:01', network: 'hvlab' }] }],
    },
    changes: ['remove guest hvlab-guest1 with its disk'],
    freed: 1,
    failure: 'Network hvlab cannot be removed: database is plugged into it.',
  },
  {
    title: 'down of a lab whose guest is in a network of another lab',
    module: 'libvirt_lab',
    params: { state: 'absent', lab: 'hvlab' },
    state: { ...deployed, networks: [shared] },
    changes: ['remove guest hvlab-guest1 with its disk'],
    freed: 1,
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'check mode on a host where libvirt does not run yet',
    module: 'libvirt_network',
    params: {},
    state: { ok: false, error: 'error: Failed to connect socket' },
    said: ['libvirt does not run on testhost yet; shown is what a host without guests gets.'],
    changes: ['create network hvlab (192.168.122.0/24, nat, bridge hvbr-hvlab)'],
  },
  {
    title: 'check mode by a user who may not use libvirt',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: { ok: false, error: 'error: authentication unavailable: no polkit agent' },
    failure: 'libvirt on testhost does not answer: the user who logs in may not use it.',
  },
  {
    title: 'down on a host without libvirt',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: { ok: false, error: 'sh: 1: virsh: not found' },
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down where libvirt does not run, and nothing of hvlab’s is defined',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: { ok: false, error: 'error: Failed to connect socket' },
    stopped: ['virtlogd', 'libvirtd'],
    why: 'nothing of hvlab’s is here',
  },
  {
    title: 'down after a crash of everything, without systemd',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: { ok: false, error: 'error: Failed to connect socket' },
    defined: ['hvlab-guest1', 'hvlab'],
    stopped: ['virtlogd', 'libvirtd'],
    changes: ['start virtlogd', 'start libvirtd', 'remove what hvlab defined: hvlab-guest1, hvlab'],
  },
  {
    title: 'down where systemd did not start libvirt',
    module: 'libvirt_lab',
    params: { state: 'absent' },
    state: { ok: false, error: 'error: Failed to connect socket' },
    defined: ['hvlab-guest1'],
    failure: 'libvirt on testhost does not answer: the daemon does not run.',
  },
  {
    title: 'the list of guests where libvirt does not run, and one is defined',
    module: 'libvirt_lab',
    params: { state: 'facts' },
    state: { ok: false, error: 'error: Failed to connect socket' },
    defined: ['hvlab-guest1'],
    stopped: ['libvirtd'],
    failure: 'libvirt on testhost does not answer: the daemon does not run.',
  },
  {
    title: 'the list of guests',
    module: 'libvirt_lab',
    params: { state: 'facts' },
    state: deployed,
    why: '1 guest of hvlab',
    newHosts: ['guest1'],
  },
  {
    title: 'a guest whose metadata somebody changed',
    module: 'libvirt_lab',
    params: { state: 'facts' },
    state: { ...deployed, domains: [guest1, { ...foreign, name: 'hvlab-guest2', damaged: ['address'] }] },
    said: [
      'The domain hvlab-guest2 was made by hvlab, but its metadata cannot be read any more (address); it is not touched.',
    ],
    why: '1 guest of hvlab',
    newHosts: ['guest1'],
  },
  {
    title: 'another guest of that name, whose metadata somebody changed',
    module: 'libvirt_guest',
    params: { name: 'guest1' },
    state: { ...deployed, domains: [{ ...foreign, name: 'hvlab-guest1', damaged: ['address', 'user'] }] },
    failure:
      'The domain hvlab-guest1 on testhost was made by hvlab, but its metadata cannot be read any more (address, user); it is not touched.',
  },
]

for (const found of cases) {
  t.test(`${found.module}: ${found.title}`, async (t) => {
    const module = findModule(found.module)
    if (!module) throw new Error(`no module ${found.module}`)
    const hosts = (found.hosts ?? [{ name: 'testhost', groups: ['all'] }]).map((host) =>
      host.name === 'testhost' ? { ...host, vars: { ansible_connection: 'local' } } : host,
    )
    const context = contextAround(scriptedHost(found), {
      check: true,
      hosts,
      vars: { hvlab_accelerator: { type: 'tcg', reason: 'test' } },
    })
    const changes: Change[] = []
    try {
      const { result } = await drive(module, found.params, { ...context, changed: () => undefined }, changes)
      t.equal(found.failure, undefined, 'it works')
      if (changes.length === 0) t.equal(result.why, found.why, 'why nothing is to be done')
      t.strictSame(result.effects?.hosts?.map((host) => host.name) ?? [], found.newHosts ?? [], 'hosts')
    } catch (error) {
      if (found.failure === undefined || !(error instanceof Error)) throw error
      t.equal(error.message, found.failure)
      if (found.hint !== undefined) t.equal(error instanceof FailureError && error.failure.hint, found.hint)
    }
    t.strictSame(
      changes.map(({ summary }) => summary),
      found.changes ?? [],
    )
    t.strictSame(context.said, found.said ?? [])
    const commands = changes.flatMap(({ action }) => ('parts' in action ? renderMasked(action) : []))
    for (const command of commands) t.notMatch(command, /PRIVATE KEY/, 'no secret in a command line')
    const freed = commands.flatMap((command) => command.match(/net-update \S+ delete ip-dhcp-host/g) ?? [])
    t.equal(freed.length, found.freed ?? 0)
  })
}

t.test('libvirt_network reserves what libvirt_guest would', async (t) => {
  const changesOf = async (name: Case['module'], params: Vars, state: LibvirtState) => {
    const module = findModule(name)
    if (!module) throw new Error(`no module ${name}`)
    const found: Case = { title: '', module: name, params, state, storedImage: true }
    const context = contextAround(scriptedHost(found), {
      check: true,
      hosts: [{ name: 'testhost', groups: ['all'] }],
      vars: { hvlab_accelerator: { type: 'tcg', reason: 'test' } },
    })
    return (await drive(module, params, { ...context, changed: () => undefined })).changes
  }
  const guests = [
    { name: 'node', count: 2 },
    { name: 'fixed', address: { ip: '192.168.122.7/24' } },
    { name: 'outside', address: { ip: '10.0.0.7/24' } },
    { name: 'elsewhere', network: 'other' },
  ]
  const [made] = await changesOf('libvirt_network', { guests }, bare)
  const network = parseNetworkState(made?.diff?.after ?? '')
  const reservations = [
    { mac: '52:54:00:35:83:3d', address: '192.168.122.66' },
    { mac: '52:54:00:31:d7:dc', address: '192.168.122.16' },
    { mac: guestMac('hvlab', 'fixed'), address: '192.168.122.7' },
  ]
  t.strictSame(network?.reservations, reservations)
  const clash = [...guests.slice(0, 1), { name: 'late', address: { ip: '192.168.122.66/24' } }]
  const [clashing] = await changesOf(
    'libvirt_network',
    { guests: [...clash, { ...clash[1], name: 'same' }] },
    bare,
  )
  t.strictSame(
    parseNetworkState(clashing?.diff?.after ?? '')?.reservations.map(({ address }) => address),
    ['192.168.122.67', '192.168.122.16', '192.168.122.66'],
    'what is chosen keeps away from what is declared',
  )
  const there = { ...bare, networks: [{ ...own, reservations }] }
  const makes = await changesOf('libvirt_guest', { guests: guests.slice(0, 3), overcommit: true }, there)
  const summaries = makes.map(({ summary }) => summary)
  t.ok(summaries.some((summary) => summary.startsWith('define domain hvlab-fixed')))
  t.strictSame(
    summaries.filter((summary) => /^(reserve|free) /.test(summary)),
    [],
  )
})

t.test('libvirt_guest_info: in what guests differ, and what it takes', async (t) => {
  const asked = async (params: Vars, state: LibvirtState) => {
    const module = findModule('libvirt_guest_info')
    if (!module) throw new Error('no module libvirt_guest_info')
    const found: Case = { title: '', module: 'libvirt_guest', params, state }
    const hosts = [{ name: 'testhost', groups: ['all'], vars: { ansible_connection: 'local' } }]
    const context = contextAround(scriptedHost(found), { check: true, hosts })
    const changes: Change[] = []
    const { result } = await drive(module, params, { ...context, changed: () => undefined }, changes)
    t.strictSame(changes, [])
    return result
  }
  const runs = { host: 'guest1', domain: 'hvlab-guest1', state: 'running', wanted: 'running' }
  t.match(await asked({ name: 'guest1' }, deployed), {
    why: '0 of 1 guest differ from what is declared',
    data: { guests: [{ ...runs, needs: 'nothing', differences: [], drift: [] }], others: [] },
  })
  const edited = { ...guest1, defined: { ...shape1, vcpus: '4' } }
  t.match(await asked({ name: 'guest1', vcpus: 1 }, { ...deployed, domains: [edited] }), {
    why: '1 of 1 guest differs from what is declared',
    data: {
      guests: [
        {
          needs: 'restart',
          differences: [{ name: 'vcpus', text: 'vcpus 2 → 1', needs: 'restart' }],
          drift: ['vcpus: declared 2, defined 4'],
        },
      ],
    },
  })
  const off = { ...guest1, state: 'shut off (shutdown)', running: false }
  t.match(await asked({ name: 'guest1', vcpus: 1 }, { ...deployed, domains: [off] }), {
    data: {
      guests: [
        {
          state: 'stopped',
          needs: 'live',
          differences: [
            { text: 'vcpus 2 → 1', needs: 'live' },
            { name: 'state', text: 'state stopped → running', needs: 'live' },
          ],
        },
      ],
    },
  })
  t.match(
    await asked(
      { name: 'guest1', state: 'stopped' },
      { ...deployed, domains: [{ ...off, state: 'shut off (saved)' }] },
    ),
    { data: { guests: [{ state: 'saved', wanted: 'stopped', needs: 'nothing' }] } },
    'off is off',
  )
  t.match(
    await asked(
      {
        guests: [
          { name: 'guest1', network: 'other', vcpus: 4 },
          { name: 'guest2', ports: ['8080:80'] },
        ],
      },
      deployed,
    ),
    {
      data: {
        guests: [
          {
            needs: 'recreate',
            differences: [
              { text: 'vcpus 2 → 4', needs: 'restart' },
              { text: 'network hvlab → other', needs: 'recreate' },
            ],
          },
          { host: 'guest2', state: null, needs: 'create', differences: [], drift: [] },
        ],
      },
    },
  )
  t.match(await asked({ name: 'guest1', ports: ['8080:80'] }, deployed), {
    data: { guests: [{ needs: 'live', differences: [{ name: 'ports', needs: 'live' }] }] },
  })
  t.match(await asked({ name: 'guest1', state: 'absent' }, deployed), {
    data: { guests: [{ wanted: 'absent', needs: 'remove' }] },
  })
  t.match(await asked({ name: 'guest2' }, deployed), {
    data: {
      guests: [{ needs: 'create' }],
      others: [{ name: 'guest1', domain: 'hvlab-guest1', state: 'running' }],
    },
  })
})

/** A host whose libvirt, routes and image store are as the case says; keys are made at once. */
function scriptedHost(found: Case): HostAccess {
  const facts: Readonly<Record<string, unknown>> = {
    'bridges-of-cards': [],
    'libvirt-definitions': found.defined ?? [],
    'libvirt-daemons-stopped': found.stopped ?? [],
    'libvirt-state': 'ok' in found.state ? found.state : ok(found.state),
    routes: (found.routes ?? []).map((route) => ({ gateway: null, source: null, metric: 0, ...route })),
    'cpu-choices': { hostPassthrough: false, models: ['Nehalem'] },
    cpu: { usable: 2, model: 'AMD EPYC' },
    memory: { availableMb: 16_000 },
    disk: { mountPoint: '/var', availableBytes: 5e10 },
  }
  const fact = (name: string) => {
    if (!(name in facts)) throw new Error(`the case has no answer for the fact ${name}`)
    return facts[name]
  }
  return {
    run: async (command) => answer(renderMasked(command), found),
    fact: async (asked, ..._args) => fact(asked.name) as never,
    freshFact: async (asked, ..._args) => fact(asked.name) as never,
    put: async () => undefined,
    get: async () => new Uint8Array(),
    connection: async () => {
      throw new Error('nothing connects in check mode')
    },
  }
}

function answer(command: string, found: Case): CommandResult {
  const said = (stdout: string, exitCode = 0) => ({
    exitCode,
    stdout,
    stderr: '',
    durationMs: 1,
    truncated: false,
  })
  if (command.includes('id_ed25519')) return said(`/home/u/id_ed25519\n${loginKey} hvlab\n`)
  if (command.includes('ssh-keygen'))
    return said('ssh-ed25519 AAAAnew x\n-----BEGIN OPENSSH PRIVATE KEY-----\n')
  if (command.includes('manifest.json')) return found.storedImage ? said(storedImage()) : said('', 3)
  if (command.includes('/guests/*/')) return said((found.onImages ?? []).join('\n'))
  if (command === '[ -e /var/lib/hvlab/images ]') return said('', found.onImages === undefined ? 1 : 0)
  if (command.startsWith('ls ') || command.startsWith('[ -e'))
    return said('', command.startsWith('ls ') ? 0 : 1)
  throw new Error(`the case did not expect: ${command}`)
}

/** What the store prints for a whole image. */
function storedImage(): string {
  const file = { size: 1, mtime: 1, sha256: 'f'.repeat(64) }
  const manifest: Value = {
    version: 1,
    key,
    name: 'debian-12',
    builder: 'packages',
    built_at: '2026-01-01T00:00:00Z',
    files: { 'image.qcow2': file, vmlinuz: file, initrd: file },
    virtual_size: 10 * 2 ** 30,
    kernel_version: '6.1',
    cmdline: 'root=/dev/vda rw console=ttyS0',
    login_user: 'hvlab',
    suite: 'bookworm',
    mirrors: [],
    packages: [],
    tools: {},
    durations: {},
  }
  return `image.qcow2 1 1\nvmlinuz 1 1\ninitrd 1 1\n\n${JSON.stringify(manifest)}\n`
}
