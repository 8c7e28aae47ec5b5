import { execFileSync } from 'node:child_process'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chooseGuest, mustRun } from '../../../src/commands/guest/choose-guest.ts'
import { readPorts } from '../../../src/commands/guest/port-forward.ts'
import { placeOf } from '../../../src/commands/guest/scp.ts'
import type { LabGuest } from '../../../src/commands/lab-answer.ts'
import { age, statusTable } from '../../../src/commands/status.ts'
import { guestHost, guestHostName, machineCount } from '../../../src/lab/access/guest-host.ts'
import { remoteWords } from '../../../src/lab/access/ssh-command.ts'
import { knownGuests, sshConfig } from '../../../src/lab/access/ssh-config.ts'
import { drift } from '../../../src/lab/drift.ts'
import { configText, type WantedGuest } from '../../../src/lab/guest-config.ts'
import { type Effort, effortOfAll, guestDifferences } from '../../../src/lab/guest-differences.ts'
import { guestFiles, guestsFolder } from '../../../src/lab/guest-files.ts'
import { isHalted, phaseOf } from '../../../src/lab/guest-phase.ts'
import { chooseCpu, cpuChoices } from '../../../src/lab/host/cpu-model.ts'
import {
  addressRanges,
  bridgeName,
  guestAddress,
  guestMac,
  guestUuid,
  networkUuid,
} from '../../../src/lab/identity.ts'
import {
  formatAddress,
  formatSubnet,
  netmask,
  overlaps,
  parseSubnet,
  type Subnet,
} from '../../../src/lab/ipv4.ts'
import { inactiveMark, parseDomainState } from '../../../src/lab/libvirt/domain-state.ts'
import { domainXml } from '../../../src/lab/libvirt/domain-xml.ts'
import { libvirtFailure } from '../../../src/lab/libvirt/libvirt-failure.ts'
import { libvirtState } from '../../../src/lab/libvirt/libvirt-state.ts'
import { type GuestMetadata, liveMetadataXml } from '../../../src/lab/libvirt/metadata.ts'
import { networkXml, parseNetworkState, reservationXml } from '../../../src/lab/libvirt/network-xml.ts'
import { planSubnet, type UsedSubnets } from '../../../src/lab/network-plan.ts'
import { seedTexts, writeSeed } from '../../../src/lab/seed.ts'
import { startFailure } from '../../../src/lab/start-failure.ts'
import { bootsAtOnce } from '../../../src/lab/start-guests.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand, renderMasked } from '../../../src/util/sh.ts'
import { wantedGuest as wanted } from '../../support/wanted-guest.ts'

/** What a function must write, as a file for people to read. */
const expected = (name: string): string => readFileSync(join(packageRoot, 'test/cases/lab', name), 'utf8')

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text)
  if (!parsed) throw new Error(`not a subnet: ${text}`)
  return parsed
}

t.test('subnets', async (t) => {
  for (const text of [
    '10.0.0.1/24',
    '10.0.0.0',
    '10.0.0.0/33',
    '256.0.0.0/8',
    '10.0.0/8',
    'a/8',
    '10.0.0.0/8/8',
  ])
    t.equal(parseSubnet(text), undefined, `${text} is none`)
  t.equal(formatSubnet(subnet('192.168.122.0/24')), '192.168.122.0/24')
  t.equal(netmask(subnet('10.128.0.0/9')), '255.128.0.0')
  const pairs = [
    ['192.168.122.0/24', '192.168.0.0/16', true],
    ['192.168.0.0/16', '192.168.122.0/24', true],
    ['192.168.122.0/24', '192.168.122.128/25', true],
    ['192.168.122.0/24', '192.168.123.0/24', false],
    ['0.0.0.0/0', '10.0.0.0/8', true],
  ] as const
  for (const [a, b, expected] of pairs) t.equal(overlaps(subnet(a), subnet(b)), expected, `${a} and ${b}`)
})

t.test('which subnet a network gets', async (t) => {
  const route = (text: string, device = 'eth0') => ({ subnet: subnet(text), device })
  const network = (name: string, text: string, state: Partial<UsedSubnets['networks'][number]> = {}) => ({
    name,
    bridge: `virbr-${name}`,
    subnets: [subnet(text)],
    active: true,
    autostart: true,
    ...state,
  })
  const cases: { title: string; wanted?: string; used: UsedSubnets; gets?: string; says?: string }[] = [
    {
      title: 'a free one stays',
      used: { routes: [route('192.0.2.0/24')], networks: [] },
      gets: '192.168.122.0/24',
    },
    {
      title: 'an equal route',
      used: { routes: [route('192.168.122.0/24', 'ens3')], networks: [] },
      gets: '192.168.123.0/24',
      says: '192.168.122.0/24 overlaps the route 192.168.122.0/24 on ens3; network hvlab gets 192.168.123.0/24 instead.',
    },
    {
      title: 'a route inside the wanted one',
      used: { routes: [route('192.168.122.64/26'), route('192.168.123.7/32', 'wg0')], networks: [] },
      gets: '192.168.124.0/24',
      says: '192.168.122.0/24 overlaps the route 192.168.122.64/26 on eth0; network hvlab gets 192.168.124.0/24 instead.',
    },
    {
      title: 'a wide route around everything',
      used: { routes: [route('192.168.0.0/16')], networks: [] },
      says: '192.168.122.0/24 overlaps the route 192.168.0.0/16 on eth0, and no /24 from 192.168.123.0 to 192.168.254.0 is free either.',
    },
    {
      title: 'the halves of a VPN are like a default route',
      used: { routes: [route('0.0.0.0/1', 'tun0'), route('128.0.0.0/1', 'tun0')], networks: [] },
      gets: '192.168.122.0/24',
    },
    {
      title: 'its own bridge does not count',
      used: {
        routes: [route('192.168.122.0/24', 'virbr-hvlab')],
        networks: [network('hvlab', '192.168.122.0/24')],
      },
      gets: '192.168.122.0/24',
    },
    {
      title: 'another network, started at boot',
      used: { routes: [], networks: [network('default', '192.168.122.0/24', { active: false })] },
      gets: '192.168.123.0/24',
      says: '192.168.122.0/24 overlaps the libvirt network default (192.168.122.0/24); network hvlab gets 192.168.123.0/24 instead.',
    },
    {
      title: 'another network that never starts',
      used: {
        routes: [],
        networks: [network('default', '192.168.122.0/24', { active: false, autostart: false })],
      },
      gets: '192.168.122.0/24',
    },
  ]
  for (const { title, wanted, used, gets, says } of cases) {
    const choice = planSubnet('hvlab', subnet(wanted ?? '192.168.122.0/24'), used)
    if (choice.ok) {
      t.equal(formatSubnet(choice.value.subnet), gets, title)
      t.equal(choice.value.why, says, `${title}: what is said`)
    } else {
      t.equal(gets, undefined, title)
      t.match(choice.error, { code: 'no-free-subnet', message: says ?? '' }, `${title}: what is said`)
    }
  }
})

t.test('identity is the same every time', async (t) => {
  t.equal(guestUuid('hvlab', 'guest1'), guestUuid('hvlab', 'guest1'))
  t.match(
    guestUuid('hvlab', 'guest1'),
    /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  )
  t.strictSame(
    [guestUuid('hvlab', 'guest1'), guestMac('hvlab', 'guest1'), networkUuid('hvlab', 'hvlab')],
    ['bb73d619-445d-53b7-b179-14a617adf9a0', '52:54:00:98:17:ac', 'faf184ed-dbdd-591c-bc89-7e294b46eadb'],
    'and in every version: guests made earlier are found',
  )
  t.not(guestUuid('a', 'b-c'), guestUuid('a-b', 'c'))
  t.equal(bridgeName('hvlab', 'hvlab', []), 'hvbr-hvlab')
  const other = bridgeName('hvlab', 'hvlab', ['hvbr-hvlab'])
  t.match(other, /^hvbr-[0-9a-f]{10}$/)
  t.not(bridgeName('hvlab', 'hvlab', ['hvbr-hvlab', other]), other)
  t.match(bridgeName('hvlab', 'a.very.long_name', []), /^hvbr-[0-9a-f]{10}$/)
  t.ok(bridgeName('hvlab', 'abcdefghij', []).length <= 15, 'Linux allows 15 characters')
})

t.test('addresses of guests', async (t) => {
  const lab = subnet('192.168.122.0/24')
  const ranges = Object.entries(addressRanges(lab)).map(([name, value]) => `${name} ${formatAddress(value)}`)
  t.strictSame(ranges, [
    'gateway 192.168.122.1',
    'reservedFrom 192.168.122.2',
    'reservedTo 192.168.122.191',
    'dynamicFrom 192.168.122.192',
    'dynamicTo 192.168.122.254',
  ])
  const mac = guestMac('hvlab', 'guest1')
  const first = guestAddress(mac, lab, []) ?? ''
  t.equal(guestAddress(mac, lab, []), first)
  t.not(guestAddress(mac, lab, [{ mac: 'other', address: first }]), first, 'taken by another')
  t.equal(guestAddress(mac, lab, [{ mac, address: '192.168.122.9' }]), '192.168.122.9', 'reserved already')
  t.equal(guestAddress(mac, lab, [{ mac, address: '10.0.0.9' }]), first, 'reserved in another subnet')
  const small = subnet('10.0.0.0/28')
  const all = Array.from({ length: 10 }, (_, index) => ({ mac: `m${index}`, address: `10.0.0.${index + 2}` }))
  t.equal(guestAddress(mac, small, all), undefined, 'full')
  t.equal(guestAddress(mac, small, all.slice(1)), '10.0.0.2', 'the last free one')
})

const metadata: GuestMetadata = {
  lab: 'hvlab',
  guest: 'guest1',
  run: '20260101-100000-quick',
  created: '2026-01-01T10:00:00.000Z',
  image: 'debian-12',
  imageKey: wanted.imageKey,
  network: 'hvlab',
  address: '192.168.122.57',
  accelerator: 'tcg',
  acceleratorReason: 'no kernel boots under KVM: "<silent>" & more',
  user: 'hvlab',
  hostKey: 'ssh-ed25519 AAAAhost',
  config: configText(wanted, 'tcg', 'Nehalem'),
}
const spec = {
  metadata,
  hardware: wanted,
  cpu: 'Nehalem',
  arch: 'x86_64' as const,
  boot: {
    kernel: '/store/vmlinuz',
    initrd: '/store/initrd',
    cmdline: 'root=/dev/vda rw console=ttyS0 quiet',
  },
  files: guestFiles('hvlab-guest1'),
  base: '/store/image.qcow2',
}

t.test('domain XML', async (t) => {
  t.equal(domainXml(spec), expected('domain.xml'))
  const kvm = domainXml({ ...spec, cpu: 'host-passthrough', metadata: { ...metadata, accelerator: 'kvm' } })
  t.match(kvm, '<domain type="kvm">')
  t.match(kvm, '<cpu mode="host-passthrough" check="none"/>')
  const shape = {
    accelerator: 'tcg',
    vcpus: '2',
    vcpus_max: '2',
    topology: 'none',
    memory_mb: '2900',
    memory_max_mb: '2900',
    hugepages: 'no',
    cpu: 'Nehalem',
    pinning: 'none',
    numa: 'none',
    firmware: 'direct',
    disks: 'vda=disk.qcow2 discard=unmap, vdb=seed.iso',
    networks: 'hvlab',
    tpm: 'no',
    agent: 'yes',
  }
  const state = parseDomainState(
    `running (booted)\n\n${domainXml(spec).replace('<domain ', '<domain id="7" ')}`,
  )
  t.strictSame(
    state,
    {
      name: 'hvlab-guest1',
      uuid: guestUuid('hvlab', 'guest1'),
      state: 'running (booted)',
      running: true,
      paused: false,
      startId: '7',
      interfaces: [{ mac: guestMac('hvlab', 'guest1'), network: 'hvlab' }],
      agent: 'disconnected',
      defined: shape,
      present: shape,
      metadata,
    },
    'everything is read back as it was written',
  )
  const foreign =
    '<domain type="kvm"><name>db</name><uuid>u</uuid><metadata><x:hvlab xmlns:x="urn:x"/></metadata></domain>'
  const theirs = parseDomainState(`shut off (crashed)\n${foreign}`)
  t.match(
    theirs,
    { name: 'db', uuid: 'u', state: 'shut off (crashed)', running: false, interfaces: [] },
    'a domain of somebody else …',
  )
  t.equal(theirs?.metadata, undefined, '… has no metadata of ours')
  const disguised = foreign.replace(
    'x:hvlab xmlns:x="urn:x"',
    'hvlab:guest xmlns:hvlab="urn:other" lab="hvlab"',
  )
  t.equal(parseDomainState(disguised)?.metadata, undefined, 'the namespace counts, not the prefix')
  t.equal(parseDomainState('error: failed to get domain'), undefined)
  t.equal(theirs?.damaged, undefined)
  const spoken = {
    ...metadata,
    acceleratorReason: 'QEMU: “no <MSR> &amp; 0x10a” → é',
    config: '{"é":"🎛 &#65;"}',
  }
  t.strictSame(
    parseDomainState(`running\n${asLibvirtPrints(domainXml({ ...spec, metadata: spoken }))}`)?.metadata,
    spoken,
    'libvirt writes what is not ASCII by its number',
  )
  const evil: [change: Partial<GuestMetadata>, field: string][] = [
    [{ lab: '../..' }, 'lab'],
    [{ guest: '{{ x }}' }, 'name'],
    [{ image: '' }, 'image'],
    [{ network: '-x' }, 'network'],
    [{ address: '-oProxyCommand=x' }, 'address'],
    [{ user: '-l' }, 'user'],
    [{ hostKey: 'ssh-ed25519 AAAA\nevil ssh-ed25519 BBBB' }, 'host key'],
  ]
  for (const [change, field] of evil) {
    const xml = domainXml({ ...spec, metadata: { ...metadata, ...change } })
    const read = parseDomainState(`running\n${xml}`)
    t.equal(read?.metadata, undefined, `not as hvlab writes it: ${JSON.stringify(change)}`)
    t.strictSame(read?.damaged, [field])
  }
})

/** As `virsh dumpxml` prints a document that it was given. */
function asLibvirtPrints(xml: string): string {
  return xml.replace(/[^\0-\x7F]/gu, (char) => `&#x${char.codePointAt(0)?.toString(16).toUpperCase()};`)
}

t.test('network XML', async (t) => {
  const own = { lab: 'hvlab', run: 'r', created: '2026-01-01T10:00:00.000Z', config: '{"mode":"nat"}' }
  const xml = networkXml({
    name: 'hvlab',
    mode: 'nat',
    subnet: subnet('192.168.122.0/24'),
    reservations: [],
    bridge: 'hvbr-hvlab',
    metadata: own,
  })
  t.equal(xml, expected('network.xml'))
  t.notMatch(
    networkXml({
      name: 'hvlab',
      mode: 'isolated',
      subnet: subnet('10.0.0.0/24'),
      reservations: [],
      bridge: 'b',
      metadata: own,
    }),
    'forward',
  )
  const reserved = { mac: '52:54:00:01:02:03', address: '192.168.122.57', name: 'guest1' }
  t.equal(reservationXml(reserved), '<host mac="52:54:00:01:02:03" name="guest1" ip="192.168.122.57"/>')
  const info =
    'Name:           hvlab\nActive:         yes\nPersistent:     yes\nAutostart:      yes\nBridge:         hvbr-hvlab\n\n'
  const live = xml.replace('<dhcp>', `<dhcp>${reservationXml(reserved)}`)
  const leases =
    ' 2026-01-01 11:00:00   52:54:00:01:02:03   ipv4       192.168.122.57/24   guest1     ff:00\n'
  t.match(parseNetworkState(`${info}${live}\n${leases}`), {
    name: 'hvlab',
    uuid: networkUuid('hvlab', 'hvlab'),
    active: true,
    autostart: true,
    bridge: 'hvbr-hvlab',
    subnets: [subnet('192.168.122.0/24')],
    reservations: [{ mac: '52:54:00:01:02:03', address: '192.168.122.57' }],
    leases: [{ mac: '52:54:00:01:02:03', address: '192.168.122.57' }],
    metadata: own,
  })
})

t.test('a login of an older start is none of this one, whatever its id', async (t) => {
  const home = t.testdir({
    guests: { old: { ready: '7 20\n' }, now: { ready: '7 21\n' }, off: { ready: '3\n' }, none: {} },
    pids: { 'old.pid': '1', 'now.pid': '2' },
  })
  const at = (path: string, seconds: number) => utimesSync(join(home, path), seconds, seconds)
  at('guests/old/ready', 1000)
  at('pids/old.pid', 1001)
  at('pids/now.pid', 1001)
  at('guests/now/ready', 1020)
  const command = renderCommand(libvirtState.command())
    .replaceAll(guestsFolder, join(home, 'guests'))
    .replaceAll('/run/libvirt/qemu', join(home, 'pids'))
  for (const shell of ['sh', 'bash']) {
    const told = execFileSync(shell, ['-c', command], { encoding: 'utf8' })
    t.strictSame(
      told.slice(told.indexOf('@@ready')).trim().split('\n').slice(1).sort(),
      ['3 off/ready', '7 21 now/ready'],
      shell,
    )
  }
})

t.test('what libvirt says, in one answer', async (t) => {
  const uuid = 'b97bd041-f679-5ec7-a6ad-acd7ba2e190e'
  const stdout = [
    '\n@@libvirt',
    `<<network ${uuid}>>Name: n\nActive:         no\nAutostart:      no\n\n<network><name>n</name><uuid>${uuid}</uuid></network>\n`,
    `<<domain ${uuid}>>shut off (unknown)\n\n<domain><name>d &amp; e</name><uuid>${uuid}</uuid></domain>\nexit 0`,
    '\n@@cpus\n2\n\n@@interfaces\nlo\neth0\n\n@@folders\nhvlab-guest1\n\n@@ready\n7 hvlab-guest1/ready\n8 31.4 hvlab-guest2/ready\n hvlab-guest3/ready\n- 9 12.5 hvlab-guest4/ready',
  ].join('\n')
  const state = libvirtState.parse({ exitCode: 0, stdout, stderr: '' })
  t.match(state, {
    ok: true,
    value: {
      networks: [{ name: 'n', active: false }],
      domains: [{ name: 'd & e', running: false }],
      cpus: 2,
      interfaces: ['lo', 'eth0'],
      folders: ['hvlab-guest1'],
    },
  })
  t.strictSame(state.ok && [...state.value.ready], [
    ['hvlab-guest1', { startId: '7', seconds: null }],
    ['hvlab-guest2', { startId: '8', seconds: 31.4 }],
    ['hvlab-guest3', { startId: '', seconds: null }],
    ['hvlab-guest4', { startId: '', seconds: 12.5 }],
  ])
  const down = libvirtState.parse({
    exitCode: 0,
    stdout: '\n@@libvirt\nerror: Failed to connect socket\nexit 1\n',
    stderr: '',
  })
  t.strictSame(down, { ok: false, error: 'error: Failed to connect socket' })
  t.strictSame(libvirtState.parse({ exitCode: 1, stdout: '', stderr: '' }), { ok: false, error: '' })
})

t.test('libvirt that does not answer', async (t) => {
  const cases = [
    [
      'sh: 1: virsh: not found',
      'libvirt on h1 does not answer: virsh is not installed.',
      'Apply the role hypervisor to this host first.',
    ],
    [
      "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
      'libvirt on h1 does not answer: the daemon does not run.',
      'Apply the role hypervisor; it starts libvirtd with systemd or by itself.',
    ],
    [
      "error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
      'libvirt on h1 does not answer: the user who logs in may not use it.',
      'Use become: true, or add the user to the group libvirt and log in again.',
    ],
    [
      'error: strange',
      'libvirt on h1 does not answer: strange.',
      'Run `virsh -c qemu:///system version` on that host.',
    ],
  ]
  for (const [output = '', message, hint] of cases)
    t.match(libvirtFailure('h1', output), { code: 'libvirt-not-reachable', message, hint })
})

t.test('guests that do not start', async (t) => {
  const cases = [
    [
      "error: can't connect to virtlogd: Failed to connect socket",
      'virtlogd, which keeps its serial log, does not run',
    ],
    ['Could not access KVM kernel module: Permission denied', 'QEMU may not open /dev/kvm'],
    ['Could not access KVM kernel module: No such file or directory', 'KVM does not work here'],
    [
      "CPU mode 'host-passthrough' for x86_64 qemu domain on x86_64 host is not supported by hypervisor",
      'the host cannot give it this CPU model',
    ],
    [
      "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory",
      'the host has too little free memory for it',
    ],
    [
      "Could not open '/var/lib/hvlab/x.qcow2': Permission denied",
      'QEMU’s user may not read one of its files',
    ],
    [
      "error: unable to open '/sys/fs/cgroup/machine/': No such file or directory",
      'libvirt cannot use control groups here, as in many containers',
    ],
    ["error: Requested operation is not valid: network 'hvlab' is not active", 'its network does not run'],
    [
      'qemu-system-x86_64: unable to map backing store for guest RAM: unable to allocate hugepages',
      'the host has too few free huge pages of that size',
    ],
    [
      "error: Cannot access storage file '/store/image.qcow2' (as uid:64055): No such file or directory",
      'one of its files is not there any more',
    ],
    ["error: Unable to find 'swtpm_setup' binary in $PATH", 'the host has no emulator for its TPM'],
    ['error: something else', 'something else'],
  ]
  for (const [output = '', cause] of cases)
    t.equal(
      startFailure('hvlab-guest1', 'h1', output).message,
      `Guest hvlab-guest1 on h1 did not start: ${cause}.`,
    )
})

t.test('differences between a guest and what is wanted', async (t) => {
  const words = (existing: GuestMetadata, now: WantedGuest) =>
    guestDifferences(existing, now).map(({ text }) => text)
  t.strictSame(words(metadata, wanted), [])
  t.strictSame(words(metadata, { ...wanted, accelerator: 'tcg' }), [], 'what auto chose, asked for by name')
  t.strictSame(
    words(metadata, { ...wanted, vcpus: 4, memoryMb: 4096, imageKey: 'b'.repeat(64), accelerator: 'kvm' }),
    ['image aaaaaaaaaaaa → bbbbbbbbbbbb', 'vcpus 2 → 4', 'memory_mb 2900 → 4096', 'accelerator tcg → kvm'],
  )
  t.strictSame(words({ ...metadata, config: 'edited' }, { ...wanted, cpu: 'qemu64' }).slice(-2), [
    'cpu default → qemu64',
    'login_key default → …IIIIIIIIIIII',
  ])
  const roomy: WantedGuest = {
    ...wanted,
    vcpusMax: 4,
    memoryMaxMb: 4096,
    networks: ['backend'],
    disks: [{ name: 'data', sizeGb: 5, format: 'qcow2', discard: 'unmap' }],
  }
  const made = { ...metadata, config: configText(roomy, 'tcg', 'Nehalem') }
  const [data] = roomy.disks
  if (!data) throw new Error('there is a disk')
  const cases: [what: string, now: Partial<WantedGuest>, text: string, effort: Effort][] = [
    ['a processor more, within the maximum', { vcpus: 3 }, 'vcpus 2 → 3', 'live'],
    ['more than the maximum', { vcpus: 5, vcpusMax: 4 }, 'vcpus 2 → 5', 'restart'],
    ['fewer', { vcpus: 1 }, 'vcpus 2 → 1', 'restart'],
    ['another maximum', { vcpusMax: 8 }, 'vcpus_max 4 → 8', 'restart'],
    ['memory within the maximum', { memoryMb: 4096, memoryMaxMb: 4096 }, 'memory_mb 2900 → 4096', 'live'],
    ['less memory', { memoryMb: 1024 }, 'memory_mb 2900 → 1024', 'live'],
    ['a network less', { networks: [] }, 'networks ["backend"] → default', 'live'],
    [
      'a port',
      { ports: [{ host: 8080, guest: 80, address: '0.0.0.0' }] },
      'ports default → [{"address":"0.0.0.0","guest":80,"host":8080}]',
      'live',
    ],
    ['a larger disk', { diskGb: 20 }, 'disk_gb 10 → 20', 'live'],
    ['a smaller disk', { diskGb: 8 }, 'disk_gb 10 → 8', 'recreate'],
    ['another network', { network: 'other' }, 'network hvlab → other', 'recreate'],
    ['huge pages', { hugepages: '2M' }, 'hugepages default → 2M', 'restart'],
    ['no huge pages', { hugepages: 'never' }, 'hugepages default → never', 'restart'],
    [
      'QEMU’s cache',
      { disk: { mode: 'overlay', cache: 'none', discard: 'unmap' } },
      'disk default → {"cache":"none","discard":"unmap","mode":"overlay"}',
      'restart',
    ],
    [
      'a disk of its own',
      { disk: { mode: 'raw', discard: 'unmap' } },
      'disk default → {"discard":"unmap","mode":"raw"}',
      'recreate',
    ],
    ['TPM', { tpm: true }, 'tpm default → true', 'restart'],
    ['no agent', { agent: false }, 'agent default → false', 'restart'],
    ['UEFI', { firmware: 'uefi' }, 'firmware default → uefi', 'restart'],
  ]
  for (const [what, now, text, effort] of cases) {
    const found = guestDifferences(made, { ...roomy, ...now })
    t.equal(found[0]?.text, text, what)
    t.equal(effortOfAll(found), effort, what)
  }
  const disks = (next: WantedGuest['disks']) => effortOfAll(guestDifferences(made, { ...roomy, disks: next }))
  t.equal(disks([{ ...data, sizeGb: 9 }]), 'live', 'a further disk grows')
  t.equal(disks([data, { ...data, name: 'logs' }]), 'live', 'one more')
  t.equal(disks([{ ...data, sizeGb: 4 }]), 'recreate', 'one shrinks')
  t.equal(disks([{ ...data, format: 'raw' }]), 'recreate', 'one becomes another')
  t.equal(disks([]), 'recreate', 'one goes')
})

t.test('drift between what was declared, what is defined and what runs', async (t) => {
  const now = domainXml(spec).replace('<domain ', '<domain id="7" ')
  const state = (live: string, next: string) => {
    const domain = parseDomainState(`running (booted)\n${live}\n${inactiveMark}${next}`)
    if (!domain) throw new Error('not a domain')
    return domain
  }
  t.strictSame(drift(state(now, domainXml(spec))), [])
  const edited = domainXml(spec)
    .replace('<vcpu placement="static">2<', '<vcpu placement="static">4<')
    .replace('<memory unit="MiB">2900</memory>', '<memory unit="KiB">4194304</memory>')
  t.strictSame(drift(state(now, edited)), [
    'vcpus: declared 2, defined 4',
    'vcpus_max: declared 2, defined 4',
    'memory_mb: declared 2900, defined 4096',
    'memory_max_mb: declared 2900, defined 4096',
  ])
  const old = now.replace('Nehalem</model>', 'qemu64</model>')
  t.strictSame(drift(state(old, domainXml(spec))), [
    'cpu: runs with qemu64 until its next start, then Nehalem',
  ])
  const torn = state(now, domainXml(spec))
  t.strictSame(drift({ ...torn, metadata: { ...metadata, config: 'edited' } }), [
    'what was declared cannot be read from its metadata any more',
  ])
  const { metadata: _none, ...foreign } = torn
  t.strictSame(drift(foreign), [], 'what is not ours has none')
})

t.test('a guest with everything', async (t) => {
  const everything: WantedGuest = {
    ...wanted,
    vcpus: 2,
    vcpusMax: 4,
    topology: { sockets: 1, cores: 2, threads: 2 },
    memoryMb: 2048,
    memoryMaxMb: 4096,
    hugepages: '1G',
    pinning: { vcpus: ['2', '3-4'], emulator: '0' },
    numa: { nodes: '0', mode: 'preferred' },
    disk: { mode: 'raw', cache: 'none', io: 'native', discard: 'ignore' },
    disks: [{ name: 'data', sizeGb: 5, format: 'raw', cache: 'none', discard: 'unmap' }],
    networks: ['backend', 'lan'],
    firmware: 'uefi',
    tpm: true,
  }
  const own = { ...metadata, config: configText(everything, 'tcg', 'Nehalem') }
  const xml = domainXml({ ...spec, metadata: own, hardware: everything })
  t.equal(xml, expected('domain-everything.xml'))
  const domain = parseDomainState(`shut off (shutdown)\n${xml}`)
  t.match(domain?.defined, {
    vcpus: '2',
    vcpus_max: '4',
    topology: '1:2:2',
    memory_mb: '2048',
    memory_max_mb: '4096',
    hugepages: '1G',
    pinning: '0:2 1:3-4 emulator:0',
    numa: 'preferred 0',
    firmware: 'uefi',
    disks:
      'vda=disk.img cache=none io=native discard=ignore, vdb=seed.iso, vdc=disk-data.img cache=none discard=unmap',
    networks: 'hvlab, backend, lan',
    tpm: 'yes',
  })
  t.strictSame(domain && drift(domain), [], 'what metadata keeps is enough to know all of it')
  const small: WantedGuest = { ...wanted, hugepages: 'never' }
  const config = configText(small, 'tcg', 'Nehalem')
  const memfd = domainXml({ ...spec, metadata: { ...metadata, config }, hardware: small })
  t.match(memfd, /<memoryBacking>\s*<source type="memfd"\/>\s*<access mode="shared"\/>\s*<\/memoryBacking>/)
  const stored = parseDomainState(`shut off (shutdown)\n${memfd}`)
  t.equal(stored?.defined['hugepages'], 'never')
  t.strictSame(stored && drift(stored), [])
  t.equal(
    liveMetadataXml(metadata).includes('hvlab:') || liveMetadataXml(metadata).includes('xmlns'),
    false,
    'libvirt brings the namespace of metadata itself',
  )
})

t.test('seed', async (t) => {
  const hostKey = {
    privateKey: '-----BEGIN-----\nsecret "key"\n-----END-----\n',
    publicKey: 'ssh-ed25519 AAAAhost',
  }
  const seed = { hostname: 'guest1', user: 'hvlab', authorizedKey: 'ssh-ed25519 AAAAme', hostKey }
  const texts = seedTexts(seed)
  t.equal(`${texts.userData}---\n${texts.metaData}---\n${texts.networkConfig}`, expected('seed.txt'))
  const again = seedTexts({ ...seed, hostKey: { ...hostKey, privateKey: 'other' } })
  t.not(again.metaData, texts.metaData, 'a guest made anew is a new instance')
  const command = writeSeed(texts, guestFiles('hvlab-guest1'))
  t.equal(command.stdin, texts.userData, 'the host key travels on stdin')
  t.notMatch(renderMasked(command), 'secret')
})

t.test('a guest as a host of the inventory', async (t) => {
  const host = guestHost(metadata, { hypervisor: 'localhost', hypervisors: 1, keyFile: '/home/u/key' })
  t.strictSame(host, JSON.parse(expected('guest-host.json')))
  const tricky = guestHost(
    { ...metadata, acceleratorReason: '{{ 1 }} {% x %}' },
    { hypervisor: 'h', hypervisors: 1, keyFile: '/k' },
  )
  t.match(tricky.vars['hvlab_accelerator'], { reason: '{ { 1 }} { % x %}' }, 'text of a host is no template')
  t.equal(guestHostName('guest1', 'alpha', 2), 'guest1.alpha', 'two hypervisors may each have a guest1')
})

t.test('machines that may have guests', async (t) => {
  const hosts = (...groups: string[][]) => groups.map((each) => ({ groups: each }))
  t.equal(machineCount(hosts([], ['all', 'nodes'])), 1, 'the implicit localhost is none')
  t.equal(machineCount(hosts(['all', 'controllers'], ['all', 'hypervisors'])), 1)
  t.equal(machineCount(hosts(['all'], ['all'], ['all', 'guests'])), 2)
})

t.test('how many boot at once', async (t) => {
  const guests = (count: number, accelerator: 'kvm' | 'tcg', vcpus = 2) =>
    Array.from({ length: count }, () => ({
      metadata: { ...metadata, accelerator, config: `{"vcpus":${vcpus}}` },
      running: false,
    }))
  t.equal(bootsAtOnce(guests(9, 'kvm'), 2), 4)
  t.equal(bootsAtOnce(guests(3, 'kvm'), 2), 3)
  t.equal(bootsAtOnce(guests(9, 'tcg'), 8), 4)
  t.equal(bootsAtOnce(guests(9, 'tcg'), 1), 1)
  t.equal(bootsAtOnce(guests(9, 'tcg', 1), 2), 2)
})

t.test('CPU models', async (t) => {
  const caps = `<domainCapabilities><cpu>
    <mode name='host-passthrough' supported='no'/>
    <mode name='custom' supported='yes'><model usable='yes'>qemu64</model><model usable='no'>EPYC</model><model usable='yes'>Nehalem</model></mode>
  </cpu></domainCapabilities>`
  const choices = cpuChoices.parse({ exitCode: 0, stdout: caps, stderr: '' }, 'tcg')
  t.strictSame(choices, { hostPassthrough: false, models: ['qemu64', 'Nehalem'] })
  t.equal(chooseCpu('tcg', choices), 'Nehalem')
  t.equal(chooseCpu('tcg', undefined), 'qemu64')
  t.equal(chooseCpu('kvm', { hostPassthrough: true, models: [] }), 'host-passthrough')
  t.equal(cpuChoices.parse({ exitCode: 1, stdout: '', stderr: 'error' }, 'kvm'), undefined)
})

t.test('OpenSSH for guests', async (t) => {
  t.strictSame(remoteWords([]), [])
  t.strictSame(remoteWords(['echo $HOME | wc -c']), ['--', 'echo $HOME | wc -c'], 'one word is shell text')
  t.strictSame(remoteWords(['echo', 'a b']), ['--', "echo 'a b'"], 'several words are passed on as they are')
  const guest = {
    names: ['guest1', 'hvlab-guest1'],
    address: '192.168.122.57',
    user: 'hvlab',
    keyFile: '/home/u/my 100% key',
    hostKey: 'ssh-ed25519 AAAA',
    hypervisor: 'localhost',
    reach: { kind: 'local' as const },
  }
  t.equal(
    sshConfig([guest], '/s/known_guests'),
    `Host guest1 hvlab-guest1
  HostName 192.168.122.57
  User hvlab
  IdentityFile "/home/u/my 100%% key"
  IdentitiesOnly yes
  HostKeyAlias hvlab-b4ec262a0e1ef5a3
  UserKnownHostsFile /s/known_guests
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  LogLevel ERROR
  ProxyJump none
`.replace(/hvlab-[0-9a-f]{16}/, knownGuests([guest])[0]?.split(' ')[0] ?? ''),
  )
  const reach = {
    kind: 'ssh' as const,
    address: '10.0.0.5',
    port: 2222,
    user: 'root',
    identity_files: ['/home/u/key'],
    identity_agent: 'SSH_AUTH_SOCK',
    known_hosts_files: ['/home/u/known hosts', '/k'],
    host_key_checking: 'accept-new',
    jumps: 'j@10.0.0.1:22',
  }
  const text = sshConfig([{ ...guest, hypervisor: 'node1', reach }], '/k')
  t.match(
    text,
    `Host node1
  HostName 10.0.0.5
  Port 2222
  User root
  IdentityFile /home/u/key
  IdentityAgent SSH_AUTH_SOCK
  UserKnownHostsFile "/home/u/known hosts" /k
  StrictHostKeyChecking accept-new
  ProxyJump j@10.0.0.1:22
`,
  )
  t.match(text, '  ProxyJump node1\n')
  t.match(text, 'Host 10.0.0.1\n  Include ~/.ssh/config\n', 'jump hosts are the user’s business')
  const file = join(t.testdir(), 'config')
  writeFileSync(file, text)
  const asked = (host: string) => execFileSync('ssh', ['-F', file, '-G', host], { encoding: 'utf8' })
  const hostKeyAlias = knownGuests([guest])[0]?.split(' ')[0]
  t.match(asked('hvlab-guest1'), `hostname 192.168.122.57\n`)
  for (const line of [
    'proxyjump node1',
    'stricthostkeychecking true',
    `hostkeyalias ${hostKeyAlias}`,
    'userknownhostsfile /k',
  ])
    t.match(asked('guest1'), `${line}\n`, `as OpenSSH reads it: ${line}`)
  for (const line of ['identityagent SSH_AUTH_SOCK', 'port 2222'])
    t.match(asked('node1'), `${line}\n`, `as OpenSSH reads it: ${line}`)
})

t.test('what guests do, from libvirt’s words', async (t) => {
  const words = {
    'running (booted)': 'running',
    'paused (user)': 'paused',
    'shut off (saved)': 'saved',
    'shut off (shutdown)': 'stopped',
    'shut off (crashed)': 'crashed',
    'in shutdown': 'running',
    'paused (I/O error)': 'paused',
    'paused (post-copy failed)': 'paused',
  }
  for (const [state, phase] of Object.entries(words)) t.equal(phaseOf(state), phase, state)
  for (const state of Object.keys(words)) t.equal(isHalted(state), state === 'paused (I/O error)', state)
})

t.test('operands of scp, ports', async (t) => {
  t.strictSame(placeOf('guest1:/a:b'), { guest: 'guest1', word: 'guest1:/a:b' })
  t.strictSame(placeOf('./a:b'), { word: './a:b' })
  t.strictSame(readPorts('8080:80'), { local: 8080, remote: 80 })
  t.strictSame(readPorts('80'), { local: 80, remote: 80 })
  t.strictSame(readPorts(':80'), { local: 0, remote: 80 })
  for (const text of ['0', 'a', '1:0', '70000', '1:2:3'])
    t.throws(() => readPorts(text), { message: `${text} is not [LOCAL:]PORT with ports from 1 to 65535.` })
})

t.test('which guest ssh means', async (t) => {
  const guest = (
    name: string,
    hypervisor: string,
    lab = 'hvlab',
    state: 'running' | 'stopped' = 'running',
  ): LabGuest => ({
    name,
    host: name,
    domain: `${lab}-${name}`,
    address: '192.168.122.57',
    state,
    image: 'debian-12',
    accelerator: { type: 'tcg', reason: '' },
    lab,
    created: '',
    ports: [],
    drift: [],
    user: 'hvlab',
    host_key: 'ssh-ed25519 AAAA',
    key_file: '/k',
    hypervisor,
    reach: { kind: 'local' },
  })
  const guests = [
    guest('guest1', 'a'),
    guest('guest1', 'a', 'other'),
    { ...guest('guest2', 'b'), host: 'guest2.b' },
  ]
  t.equal(chooseGuest('other-guest1', guests), guests[1])
  t.equal(chooseGuest('guest2', guests), guests[2])
  t.equal(chooseGuest('guest2.b', guests), guests[2])
  t.throws(() => chooseGuest('guest1', guests), {
    message: '2 guests are called guest1: hvlab-guest1 on a, other-guest1 on a.',
  })
  t.throws(() => chooseGuest('guest3', guests.slice(0, 1)), {
    message: 'There is no guest guest3 on the hosts of this inventory.',
    failure: { code: 'guest-not-found', hint: 'did you mean "guest1"?' },
  })
  t.throws(() => mustRun(guest('guest1', 'a', 'hvlab', 'stopped')), {
    message: 'Guest guest1 on a does not run.',
    failure: { code: 'guest-not-running', hint: '`hvlab start guest1` makes it run.' },
  })
})

t.test('the table of status', async (t) => {
  const now = new Date('2026-01-03T10:00:00Z')
  const ages = [
    '2026-01-03T09:59:18Z',
    '2026-01-03T09:53:00Z',
    '2026-01-03T07:00:00Z',
    '2025-12-22T10:00:00Z',
    'never',
  ]
  t.strictSame(
    ages.map((created) => age(created, now)),
    ['42 s', '7 min', '3 h', '12 d', 'unknown'],
  )
  const row: LabGuest = {
    name: 'guest1',
    host: 'guest1',
    domain: 'hvlab-guest1',
    address: '192.168.122.57',
    state: 'running',
    image: 'debian-12',
    accelerator: { type: 'tcg', reason: '' },
    lab: 'hvlab',
    created: '2026-01-03T09:53:00Z',
    ports: [],
    drift: [],
    user: 'hvlab',
    host_key: 'ssh-ed25519 AAAA',
    key_file: '/k',
    hypervisor: 'node1',
    reach: { kind: 'local' },
  }
  const lines = (drift: string[]) => statusTable([{ ...row, drift }], now).split('\n')
  t.match(lines([])[1], /^node1 +guest1 +running .* 7 min +none$/)
  t.equal(lines([]).length, 3)
  const drifted = lines(['vcpus: declared 2, defined 4\u001b[2J', 'cpu: runs with qemu64'])
  t.match(drifted[1], / 2$/)
  t.strictSame(drifted.slice(2), [
    '',
    'guest1: vcpus: declared 2, defined 4',
    'guest1: cpu: runs with qemu64',
    '',
  ])
})
