import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { bootTime } from '../../../src/bench/boot-fact.ts'
import { platform } from '../../../src/bench/platform-fact.ts'
import { domainShape } from '../../../src/modules/benchmark/domain-shape.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand } from '../../../src/util/sh.ts'

const run = promisify(execFile)
const read = (stdout: string) => platform.parse({ exitCode: 0, stdout, stderr: '' })

t.test('how long a boot took', async (t) => {
  const boot = (stdout: string) => bootTime.parse({ exitCode: 0, stdout, stderr: '' })
  const none = { firmware_s: null, loader_s: null, kernel_s: null, initrd_s: null }
  const cases: [string, ReturnType<typeof boot>][] = [
    [
      'Startup finished in 3.061s (firmware) + 850ms (loader) + 2.5s (kernel) + 1.1s (initrd) + 1min 10.011s (userspace) = 1min 17.522s \ngraphical.target reached after 1min 9.8s in userspace.\n',
      { firmware_s: 3.061, loader_s: 0.85, kernel_s: 2.5, initrd_s: 1.1, userspace_s: 70.011 },
    ],
    [
      'Startup finished in 3.104s (kernel) + 20.02s (userspace) = 23.124s\nmulti-user.target reached after 19s in userspace\n',
      { ...none, kernel_s: 3.104, userspace_s: 20.02 },
    ],
    ['Startup finished in 2.318s (userspace) \n', { ...none, userspace_s: 2.318 }],
    ['Bootup is not yet finished (org.freedesktop.systemd1.Manager.FinishTimestampMonotonic=0).\n', null],
    ['', null],
  ]
  for (const [said, expected] of cases) t.strictSame(boot(said), expected, said)
  const { stdout } = await run('/bin/sh', ['-c', renderCommand(bootTime.command())])
  t.type(boot(stdout)?.userspace_s ?? 0, 'number', `this machine: ${stdout}`)
})

t.test('what a machine is', async (t) => {
  const { stdout } = await run('/bin/sh', ['-c', renderCommand(platform.command())])
  const here = read(stdout)
  t.equal(here.commandLine, readFileSync('/proc/cmdline', 'utf8').trim().slice(0, 1000), 'this machine')
  t.strictSame(
    read(`@@microcode
microcode\t: 0xa0011d5
@@nodes
/sys/devices/system/node/node0
/sys/devices/system/node/node1
@@smt
on
@@cache
32768K
@@driver
intel_pstate
@@boost
@@noTurbo
1
@@thp
always [madvise] never
@@hugePages
HugePages_Total:      16
@@mitigations
meltdown:Not affected
spectre_v2:Mitigation: Retpolines; STIBP: disabled
not a line of it
@@commandLine
root=/dev/sda1 ro quiet
`),
    {
      microcode: '0xa0011d5',
      numaNodes: 2,
      smt: 'on',
      l3Cache: '32768K',
      frequencyDriver: 'intel_pstate',
      boost: false,
      transparentHugePages: 'madvise',
      hugePages: 16,
      mitigations: { meltdown: 'Not affected', spectre_v2: 'Mitigation: Retpolines; STIBP: disabled' },
      commandLine: 'root=/dev/sda1 ro quiet',
    },
  )
  t.strictSame(
    read(''),
    {
      microcode: null,
      numaNodes: null,
      smt: null,
      l3Cache: null,
      frequencyDriver: null,
      boost: null,
      transparentHugePages: null,
      hugePages: null,
      mitigations: {},
      commandLine: '',
    },
    'a container that shows nothing',
  )
  t.equal(read('@@boost\n1\n').boost, true)
})

t.test('what a domain is made of', async (t) => {
  // As libvirt 9.0.0 prints a running guest of hvlab, without its metadata.
  const xml = readFileSync(join(packageRoot, 'test/cases/bench/domain.xml'), 'utf8')
  const shape = (stdout: string) => domainShape.parse({ exitCode: 0, stdout, stderr: '' }, 'x')
  const disk = { bus: 'virtio', cache: 'default', io: 'default' }
  t.strictSame(shape(xml), {
    accelerator: 'tcg',
    machine: 'pc-q35-7.2',
    cpu: 'Nehalem',
    memory_mib: 2900,
    vcpus: 2,
    pinning: [],
    disks: [
      { device: 'vda', ...disk, format: 'qcow2', discard: 'unmap', backed: 'yes', read_only: 'no' },
      { device: 'vdb', ...disk, format: 'raw', discard: 'default', backed: 'no', read_only: 'yes' },
    ],
    interfaces: [{ model: 'virtio', connection: 'network', driver: 'default', queues: '1' }],
    huge_pages: false,
    memory_source: null,
    memory_nodes: null,
  })
  const tuned = xml
    .replace("type='qemu' id", "type='kvm' id")
    .replace(
      '</vcpu>',
      `</vcpu><memoryBacking><hugepages/><source type='memfd'/></memoryBacking><numatune><memory mode='strict' nodeset='1'/></numatune><cputune><quota>80000</quota><vcpupin vcpu='0' cpuset='2'/>
<vcpupin vcpu='1' cpuset='3'/><emulatorpin cpuset='0-1'/></cputune>`,
    )
    .replace("type='qcow2' discard", "type='qcow2' cache='none' io='native' discard")
  t.match(shape(tuned), {
    accelerator: 'kvm',
    pinning: ['vCPU 0: CPUs 2', 'vCPU 1: CPUs 3', 'emulator: CPUs 0-1', 'quota: 80000 µs'],
    disks: [{ cache: 'none', io: 'native' }, {}],
    huge_pages: true,
    memory_source: 'memfd',
    memory_nodes: '1',
  })
  t.match(shape('no XML'), { accelerator: 'unknown', memory_mib: null, disks: [] })
})
