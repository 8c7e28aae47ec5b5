import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseYaml } from '../../../src/config/yaml.ts'
import { distributionOf } from '../../../src/facts/distribution.ts'
import type { OsRelease } from '../../../src/facts/os-release.ts'
import { type Finding, type HostSituation, type Need, preflight } from '../../../src/lab/host/preflight.ts'
import { privileges } from '../../../src/lab/host/privileges.ts'
import { ownGuests } from '../../../src/lab/own-guests.ts'
import type { Vars } from '../../../src/model/value.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

const disk = (mountPoint: string, availableBytes: number) => ({
  ...{ device: 'd', mountPoint, totalBytes: 1e11, usedBytes: 1e11 - availableBytes, availableBytes },
})

/** Images and guests in one file system. */
const oneDisk = (availableBytes: number) => ({
  images: disk('/var', availableBytes),
  guests: disk('/var', availableBytes),
})

const host: HostSituation = {
  os: {
    id: 'debian',
    idLike: [],
    name: 'Debian GNU/Linux',
    versionId: '12',
    codename: 'bookworm',
    prettyName: 'Debian GNU/Linux 12 (bookworm)',
    debianVersion: '12.11',
  },
  cpu: {
    architecture: 'x86_64',
    vendor: 'AuthenticAMD',
    model: 'AMD EPYC',
    sockets: 1,
    coresPerSocket: 4,
    threadsPerCore: 1,
    online: 4,
    usable: 4,
    flags: ['svm'],
    vmx: false,
    svm: true,
    hypervisor: false,
    governor: null,
    mhz: null,
  },
  memory: {
    totalMb: 16_000,
    freeMb: 9000,
    availableMb: 12_000,
    buffersMb: 0,
    cachedMb: 0,
    swapTotalMb: 0,
    swapFreeMb: 0,
    swapCachedMb: 0,
  },
  disks: oneDisk(5e10),
  virtualization: {
    container: null,
    vm: null,
    layers: [],
    source: 'systemd-detect-virt',
    kvmDevice: true,
    kvmModule: true,
    nested: null,
  },
  services: { systemd: true, init: 'systemd', systemctl: true, service: true },
  firewall: {
    ...{ forward: 'ACCEPT', docker: false, ufw: false, firewalldZones: null, bridged: false },
    ...{ libvirtBackend: null, libvirtTable: false, libvirtVersion: '9.0.0' },
  },
  privileges: { user: 'root', root: true, sudo: 'free', canMakeNetworks: true, tun: true },
  ownGuests: [],
  accelerator: { type: 'kvm', reason: 'a Linux kernel booted under KVM in 0.8 s' },
}
const guest = (name: string, change: Partial<Need['guests'][number]> = {}): Need['guests'][number] => ({
  name,
  vcpus: 2,
  memoryMb: 2900,
  diskGb: 10,
  ...change,
})
const one: Need = { guests: [guest('g1')], imageMb: 2500 }

t.test('a good host', async (t) => {
  t.same(preflight(host, one), [
    { id: 'os', level: 'ok', text: 'Debian GNU/Linux 12 (bookworm) on x86_64' },
    { id: 'privileges', level: 'ok', text: 'commands run as root' },
    { id: 'cpu', level: 'ok', text: '4 CPUs (AMD EPYC) for 1 guest with 2 vCPUs' },
    {
      id: 'memory',
      level: 'ok',
      text: '12000 MB of memory are available and 1 guest with QEMU needs 3100 MB',
    },
    {
      id: 'disk',
      level: 'ok',
      text: '50.0 GB of disk are available in /var, image and guests need 13.2 GB at most',
    },
    { id: 'virtualization', level: 'ok', text: 'bare metal; the CPU has AMD-V' },
    { id: 'services', level: 'ok', text: 'systemd runs the services' },
    { id: 'accelerator', level: 'ok', text: 'KVM: a Linux kernel booted under KVM in 0.8 s' },
  ])
  t.same(
    preflight(host, { guests: [], imageMb: 0 }).filter(({ id }) => ['cpu', 'memory', 'disk'].includes(id)),
    [
      { id: 'cpu', level: 'ok', text: '4 CPUs (AMD EPYC)' },
      { id: 'memory', level: 'ok', text: '12000 of 16000 MB of memory are available' },
      { id: 'disk', level: 'ok', text: '50.0 GB of disk are available in /var' },
    ],
    'without guests it only tells',
  )
})

const osHint = 'Use Debian 11, Ubuntu 20.04, RHEL 8 and its kin, Fedora 28, or newer, on x86_64.'
const memoryHint = 'Lower memory_mb or the number of guests in hvlab_guests, or stop what uses the memory.'
const diskHint = 'Free space in /var, or mount a larger file system on /var/lib/hvlab.'
const overcommitHint = 'If that is meant: -e hvlab_overcommit=true.'
const containerHint =
  'Use the machine itself, or a container with all capabilities and /dev/net/tun (docker: --privileged).'

const cases: [what: string, host: Partial<HostSituation>, need: Partial<Need>, expected: Finding][] = [
  [
    'old Debian',
    { os: { ...host.os, versionId: '10', prettyName: 'Debian GNU/Linux 10 (buster)' } },
    {},
    { id: 'os', level: 'error', text: 'Debian GNU/Linux 10 (buster) on x86_64 is too old', hint: osHint },
  ],
  [
    'Debian without a number',
    { os: { ...host.os, versionId: '', prettyName: 'Debian GNU/Linux forky/sid' } },
    {},
    { id: 'os', level: 'ok', text: 'Debian GNU/Linux forky/sid on x86_64' },
  ],
  [
    'a derivative',
    { os: { ...host.os, id: 'linuxmint', idLike: ['ubuntu', 'debian'], prettyName: 'Linux Mint 22' } },
    {},
    {
      id: 'os',
      level: 'warning',
      text: 'Linux Mint 22 on x86_64 is like ubuntu, but has not been tried',
      hint: osHint,
    },
  ],
  [
    'another family',
    { os: { ...host.os, id: 'arch', prettyName: 'Arch Linux' } },
    {},
    {
      id: 'os',
      level: 'error',
      text: 'Arch Linux on x86_64: packages can be installed on the families Debian and RedHat only',
      hint: osHint,
    },
  ],
  [
    'a system that nobody knows',
    { os: { ...host.os, id: 'x', name: 'X', prettyName: 'X 1' } },
    {},
    {
      id: 'os',
      level: 'error',
      text: 'X 1 on x86_64: packages can be installed on the families Debian and RedHat only',
      hint: osHint,
    },
  ],
  [
    'old RHEL',
    { os: { ...host.os, id: 'centos', versionId: '7', prettyName: 'CentOS Linux 7 (Core)' } },
    {},
    { id: 'os', level: 'error', text: 'CentOS Linux 7 (Core) on x86_64 is too old', hint: osHint },
  ],
  [
    'a derivative of Fedora',
    { os: { ...host.os, id: 'amzn', idLike: ['fedora'], prettyName: 'Amazon Linux 2023' } },
    {},
    {
      id: 'os',
      level: 'warning',
      text: 'Amazon Linux 2023 on x86_64 is like fedora, but has not been tried',
      hint: osHint,
    },
  ],
  [
    'another architecture',
    { cpu: { ...host.cpu, architecture: 'aarch64' } },
    {},
    {
      id: 'os',
      level: 'error',
      text: 'Debian GNU/Linux 12 (bookworm) on aarch64: guests are made for x86_64 only',
      hint: osHint,
    },
  ],
  [
    'sudo',
    { privileges: { ...host.privileges, root: false, user: 'ana' } },
    {},
    { id: 'privileges', level: 'ok', text: 'ana may use sudo without a password' },
  ],
  [
    'sudo with a password',
    { privileges: { ...host.privileges, root: false, user: 'ana', sudo: 'password' } },
    {},
    {
      id: 'privileges',
      level: 'warning',
      text: 'ana may use sudo, which asks for a password',
      hint: 'Give it in the variable ansible_become_password, or allow sudo without one (NOPASSWD).',
    },
  ],
  [
    'neither root nor sudo',
    { privileges: { ...host.privileges, root: false, user: 'ana', sudo: 'none' } },
    {},
    {
      id: 'privileges',
      level: 'error',
      text: 'ana is not root and may not use sudo',
      hint: 'Run hvlab as root, or connect as a user who may use sudo.',
    },
  ],
  [
    'a guest wider than the machine',
    { cpu: { ...host.cpu, usable: 1 } },
    {},
    {
      id: 'cpu',
      level: 'warning',
      text: '1 CPU (AMD EPYC) for a guest of 2 vCPUs: its vCPUs will wait for each other',
      hint: 'Set vcpus to 1 or less.',
    },
  ],
  [
    'more vCPUs than CPUs',
    {},
    { guests: ['a', 'b', 'c'].map((name) => guest(name)) },
    {
      id: 'cpu',
      level: 'warning',
      text: '4 CPUs (AMD EPYC) for 3 guests with 6 vCPUs: guests share CPUs, and measuring them at the same time says little',
      hint: 'Take fewer guests, or measure one at a time.',
    },
  ],
  [
    'all guests summed',
    {},
    { guests: ['a', 'b', 'c', 'd'].map((name) => guest(name)) },
    {
      id: 'memory',
      level: 'error',
      text: 'not enough memory: 12000 MB of memory are available and 4 guests with QEMU need 12400 MB',
      hint: `${memoryHint} ${overcommitHint}`,
    },
  ],
  [
    'all guests summed, and meant',
    {},
    { guests: ['a', 'b', 'c', 'd'].map((name) => guest(name)), overcommit: true },
    {
      id: 'memory',
      level: 'warning',
      text: 'not enough memory: 12000 MB of memory are available and 4 guests with QEMU need 12400 MB',
      hint: `${memoryHint} ${overcommitHint}`,
    },
  ],
  [
    'vCPUs that hardly get a turn',
    {},
    { guests: Array.from({ length: 21 }, (_, index) => guest(`g${index}`)) },
    {
      id: 'cpu',
      level: 'error',
      text: '4 CPUs (AMD EPYC) for 21 guests with 42 vCPUs: more than 10 to a CPU hardly get a turn',
      hint: `Take fewer guests or vCPUs. ${overcommitHint}`,
    },
  ],
  [
    'a copy of the image, and room for overlays only',
    { disks: oneDisk(1e9) },
    { guests: [guest('a', { copiesImage: true })], imageMb: 0 },
    {
      id: 'disk',
      level: 'error',
      text: 'not enough disk: 1.0 GB of disk are available in /var, guests need 2.0 GB at least',
      hint: `${diskHint} ${overcommitHint}`,
    },
  ],
  [
    'little memory left',
    { memory: { ...host.memory, availableMb: 3300 } },
    {},
    {
      id: 'memory',
      level: 'warning',
      text: 'memory is tight: 3300 MB of memory are available and 1 guest with QEMU needs 3100 MB',
      hint: memoryHint,
    },
  ],
  [
    'a second run: what the guest has already counts',
    {
      memory: { ...host.memory, availableMb: 1200 },
      ownGuests: [
        { domain: 'quick-g1', memoryMb: 2600, diskMb: 700 },
        { domain: 'quick-other', memoryMb: 9999, diskMb: 9999 },
      ],
    },
    {},
    {
      id: 'memory',
      level: 'ok',
      text: '3800 MB of memory are available, 2600 of them in its running guests, and 1 guest with QEMU needs 3100 MB',
    },
  ],
  [
    'no room on disk',
    { disks: oneDisk(3e9) },
    {},
    {
      id: 'disk',
      level: 'error',
      text: 'not enough disk: 3.0 GB of disk are available in /var, image and guests need 3.5 GB at least',
      hint: `${diskHint} ${overcommitHint}`,
    },
  ],
  [
    'room to begin with',
    { disks: oneDisk(8e9) },
    {},
    {
      id: 'disk',
      level: 'warning',
      text: '8.0 GB of disk are available in /var; guests that fill their disks need 13.2 GB',
      hint: diskHint,
    },
  ],
  [
    'a second run on a full disk',
    {
      disks: oneDisk(5e8),
      ownGuests: [{ domain: 'quick-g1', memoryMb: 0, diskMb: 10_500 }],
    },
    { imageMb: 0 },
    {
      id: 'disk',
      level: 'ok',
      text: '11.0 GB of disk are available in /var, guests need 10.7 GB at most',
    },
  ],
  [
    'no df',
    { disks: { images: null, guests: null } },
    {},
    {
      id: 'disk',
      level: 'warning',
      text: 'the free space of /var/lib/hvlab is not known: df gave no answer',
    },
  ],
  [
    'a guest without nested virtualisation',
    {
      cpu: { ...host.cpu, svm: false },
      virtualization: { ...host.virtualization, vm: 'oracle', layers: ['oracle'] },
    },
    {},
    {
      id: 'virtualization',
      level: 'warning',
      text: 'runs in oracle; the CPU shows neither VT-x nor AMD-V',
      hint: 'VirtualBox 6.1 or newer: switch the machine off, `VBoxManage modifyvm NAME --nested-hw-virt on`; on Windows Hyper-V must be off.',
    },
  ],
  [
    'bare metal, switched off in the firmware',
    { cpu: { ...host.cpu, svm: false } },
    {},
    {
      id: 'virtualization',
      level: 'warning',
      text: 'bare metal; the CPU shows neither VT-x nor AMD-V',
      hint: 'Switch on VT-x or AMD-V (SVM) in the firmware’s setup.',
    },
  ],
  [
    'a container without rights',
    {
      virtualization: { ...host.virtualization, container: 'docker', layers: ['docker'] },
      privileges: { ...host.privileges, canMakeNetworks: false },
    },
    {},
    {
      id: 'container',
      level: 'error',
      text: 'this is a container (docker) without CAP_NET_ADMIN and CAP_SYS_ADMIN: libvirt cannot work here',
      hint: containerHint,
    },
  ],
  [
    'a container without tun',
    {
      virtualization: { ...host.virtualization, container: 'lxc', layers: ['lxc'] },
      privileges: { ...host.privileges, tun: false },
    },
    {},
    {
      id: 'container',
      level: 'error',
      text: 'this is a container (lxc) without /dev/net/tun: libvirt cannot work here',
      hint: containerHint,
    },
  ],
  [
    'a container with all rights',
    { virtualization: { ...host.virtualization, container: 'systemd-nspawn', layers: ['systemd-nspawn'] } },
    {},
    {
      id: 'container',
      level: 'ok',
      text: 'this is a container (systemd-nspawn) with the rights that libvirt needs',
    },
  ],
  [
    'a container as a user',
    {
      virtualization: { ...host.virtualization, container: 'docker', layers: ['docker'] },
      privileges: { ...host.privileges, root: false, canMakeNetworks: null },
    },
    {},
    {
      id: 'container',
      level: 'warning',
      text: 'this is a container (docker); whether libvirt can work is only seen as root',
      hint: containerHint,
    },
  ],
  [
    'no systemd',
    { services: { systemd: false, init: 'tini', systemctl: true, service: true } },
    {},
    {
      id: 'services',
      level: 'warning',
      text: 'tini is PID 1, not systemd: hvlab starts libvirt’s daemons itself',
      hint: 'After a reboot run `hvlab up` again: nothing else starts them.',
    },
  ],
  [
    'a clock that is behind',
    { clockAheadSeconds: -18_723 },
    {},
    {
      id: 'clock',
      level: 'warning',
      text: 'its clock is 5 hours behind that of the machine where hvlab runs',
      hint: 'Set it right, on whichever of the two is wrong (`timedatectl set-ntp true`): packages and certificates are refused by their dates, and guests start with the host’s time.',
    },
  ],
  [
    'a clock that is ahead',
    { clockAheadSeconds: 150 },
    {},
    {
      id: 'clock',
      level: 'warning',
      text: 'its clock is 3 minutes ahead of that of the machine where hvlab runs',
      hint: 'Set it right, on whichever of the two is wrong (`timedatectl set-ntp true`): packages and certificates are refused by their dates, and guests start with the host’s time.',
    },
  ],
  [
    'no KVM',
    { accelerator: { type: 'tcg', reason: 'QEMU is not installed' } },
    {},
    {
      id: 'accelerator',
      level: 'warning',
      text: 'TCG, guests are emulated and about ten times slower: QEMU is not installed',
      hint: 'The lab works all the same. For KVM use a machine with VT-x or AMD-V that passes it on.',
    },
  ],
]

t.test('findings', async (t) => {
  for (const [what, change, need, expected] of cases) {
    const findings = preflight({ ...host, ...change }, { ...one, ...need })
    t.same(
      findings.find(({ id }) => id === expected.id),
      expected,
      what,
    )
  }
  for (const clockAheadSeconds of [-119, 0, 119])
    t.notOk(preflight({ ...host, clockAheadSeconds }, one).some(({ id }) => id === 'clock'))
  const { accelerator: _unknown, ...undecided } = host
  t.same(preflight(undecided, one).at(-1), {
    id: 'accelerator',
    level: 'ok',
    text: 'KVM or TCG is decided at deployment, by booting a kernel: that needs root, QEMU and an image on this host',
  })
})

t.test('a disk that is smaller than its image', (t) => {
  const main = (diskGb: number) => guest('a', { main: { diskGb, image: 'debian-12', imageGb: 10 } })
  const errors = (diskGb: number) =>
    preflight(host, { guests: [main(diskGb)], imageMb: 0 }).filter(({ level }) => level === 'error')
  t.same(errors(5), [
    {
      id: 'disk',
      level: 'error',
      text: 'the disk of guest a would have 5 GiB, but image debian-12 has 10',
      hint: 'Set disk_gb to 10 or more.',
    },
  ])
  t.same(errors(10), [])
  t.end()
})

t.test('file systems of their own for images and guests', (t) => {
  const found = (images: number, guests: number, imageMb: number) =>
    preflight(
      { ...host, disks: { images: disk('/images', images), guests: disk('/guests', guests) } },
      { guests: [guest('a')], imageMb },
    ).flatMap(({ id, level, text }) => (id === 'disk' ? [`${level}: ${text}`] : []))
  t.same(found(1e9, 5e8, 2500), [
    'error: not enough disk: 1.0 GB of disk are available in /images, the image needs 2.5 GB at least',
    'error: not enough disk: 0.5 GB of disk are available in /guests, guests need 1.0 GB at least',
  ])
  t.same(
    found(1e9, 5e10, 0),
    ['ok: 50.0 GB of disk are available in /guests, guests need 10.7 GB at most'],
    'an image that is there needs no room',
  )
  t.end()
})

t.test('recorded systems: preflight takes those for which the role hypervisor has packages', async (t) => {
  const read = (path: string) => {
    const document = parseYaml(readFileSync(join(packageRoot, path), 'utf8'), path)
    if (!document.ok) throw new Error(`${path} is no YAML`)
    return document.value.value as Vars
  }
  const { hypervisor_packages_of: packages } = read('roles/hypervisor/defaults/main.yml')
  const folder = 'test/cases/facts/os-release'
  for (const file of readdirSync(join(packageRoot, folder))) {
    const os = read(join(folder, file))['expect'] as unknown as OsRelease
    const [finding] = preflight({ ...host, os }, one)
    const { family } = distributionOf(os)
    t.equal(finding?.level !== 'error', Object.hasOwn(packages as Vars, family), file)
    if (family !== 'RedHat') continue
    t.same(
      finding,
      {
        id: 'os',
        level: 'warning',
        text: `${os.prettyName} on x86_64: what hvlab does here is from the documentation and was never run`,
        hint: 'It may work as it is; Debian 12 is what hvlab is tested on.',
      },
      file,
    )
  }
})

t.test('what its own guests take', async (t) => {
  const stdout = [
    '@@disks',
    '712004\t/var/lib/hvlab/guests/quick-g1/',
    '8\t/var/lib/hvlab/guests/quick-g2/',
    '@@processes',
    'quick-g1\t2662400',
    'someone-elses\t999999',
  ].join('\n')
  t.same(ownGuests.parse({ exitCode: 0, stdout, stderr: '' }, '/var/lib/hvlab/guests'), [
    { domain: 'quick-g1', memoryMb: 2600, diskMb: 695 },
    { domain: 'quick-g2', memoryMb: 0, diskMb: 0 },
  ])
  t.same(ownGuests.parse({ exitCode: 1, stdout: '@@disks\n@@processes\n', stderr: '' }, '/x'), [])
})

t.test('what the user may do', async (t) => {
  const of = (sections: Record<string, string>): unknown =>
    privileges.parse({
      exitCode: 0,
      stderr: '',
      stdout: Object.entries(sections)
        .map(([name, text]) => `@@${name}\n${text}`)
        .join('\n'),
    })
  const root = { user: 'root', uid: '0', sudo: 'FREE', capabilities: '000001ffffffffff', tun: 'yes' }
  t.same(of(root), { user: 'root', root: true, sudo: 'free', canMakeNetworks: true, tun: true })
  t.match(of({ ...root, capabilities: '00000000a80425fb' }), { canMakeNetworks: false }, 'docker’s default')
  const user = { user: 'ana', uid: '1000', capabilities: '0000000000000000', tun: '' }
  t.match(of({ ...user, sudo: 'sudo: a password is required' }), { sudo: 'password', canMakeNetworks: null })
  t.match(of({ ...user, sudo: 'Sorry, user ana may not run sudo on pc.' }), { sudo: 'none', root: false })
  t.match(of({ ...user, sudo: '' }), { sudo: 'none', tun: false })
})

t.test('other firewalls', async (t) => {
  const said = (change: Partial<HostSituation['firewall']>) =>
    preflight({ ...host, firewall: { ...host.firewall, ...change } }, one)
      .filter(({ id }) => id === 'firewall')
      .map(({ level, text, hint }) => `${level}: ${text}${hint === undefined ? '' : ` → ${hint}`}`)
  t.same(said({}), [])
  const docker = { forward: 'DROP', docker: true } as const
  t.same(said(docker), [
    'ok: Docker lets iptables drop what is forwarded; libvirt’s own iptables rules come before that',
  ])
  t.same(said({ ...docker, bridged: true }), [
    'ok: Docker lets iptables drop what is forwarded; libvirt’s own iptables rules come before that; a guest on a bridge of the host’s own needs `iptables -I FORWARD -i BRIDGE -o BRIDGE -j ACCEPT`',
  ])
  const lost =
    'and libvirt’s rules are in nftables, so guests behind NAT reach nothing → Put `firewall_backend = "iptables"` into /etc/libvirt/network.conf and restart libvirtd or virtnetworkd; the role hypervisor does it with `hypervisor_firewall_backend: iptables`.'
  t.same(said({ ...docker, libvirtVersion: '10.4.0' }), [
    `warning: Docker lets iptables drop what is forwarded, ${lost}`,
  ])
  t.same(said({ ...docker, libvirtTable: true }).length, 1)
  t.match(said({ ...docker, libvirtVersion: '11.3.0', libvirtBackend: 'iptables' })[0], /^ok: /)
  t.match(said({ forward: 'DROP', ufw: true, libvirtBackend: 'nftables' })[0], /^warning: ufw lets/)
  t.same(said({ firewalldZones: ['public', 'libvirt'] }), [
    'ok: firewalld runs; libvirt’s networks are in its zone libvirt',
  ])
  t.same(said({ firewalldZones: ['public'], libvirtVersion: null }), [
    'ok: firewalld runs; libvirt’s package brings a zone for its networks',
  ])
  t.same(said({ firewalldZones: ['public'] }), [
    'warning: firewalld runs without the zone libvirt, so guests may get no address → Run `firewall-cmd --reload`: the zone came with libvirt’s package after firewalld had started.',
  ])
})
