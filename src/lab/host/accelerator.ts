import { z } from 'zod'
import { readSections, sections } from '../../facts/sections.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { parsedJson } from '../../util/json.ts'
import { sh } from '../../util/sh.ts'
import { probeCommand, readProbe } from './accelerator-probe.ts'
import { classifyProbe, type KvmSituation } from './accelerator-verdict.ts'

/** How guests of a host run: `kvm` on its CPU, `tcg` emulated instruction by instruction. The host variable `hvlab_accelerator`. */
export interface Accelerator {
  readonly type: 'kvm' | 'tcg'
  /** For people: what was seen. */
  readonly reason: string
}

/** Where QEMU may be: Debian and Ubuntu, then Fedora and RHEL, which keep it out of PATH. */
const emulators = ['qemu-system-x86_64', '/usr/libexec/qemu-kvm', 'qemu-kvm', 'kvm']

/** Beside the image store on every host. */
const cacheFile = '/var/lib/hvlab/accelerator.json'

/** What was seen and not what was said of it: that is this hvlab's business. */
const cacheSchema = z.object({
  key: z.string(),
  boot: z.object({
    exitCode: z.number().nullable(),
    durationMs: z.number(),
    deadlineMs: z.number(),
    serial: z.string(),
    stderr: z.string(),
  }),
})

export interface ProbeOptions {
  /** Absolute path on the host of a Linux kernel with a serial console built in. */
  readonly kernel: string
  /** SHA-256 of that kernel: a part of the key under which the verdict is remembered. */
  readonly kernelDigest: string
  /** Longest time that the kernel may take to get to its panic about the missing root device. Default 10 s. */
  readonly deadlineMs?: number
  readonly cacheFile?: string
}

/** Path of QEMU on the host, or null. */
export async function findEmulator(host: HostAccess): Promise<string | null> {
  const result = await host.run(
    sh`PATH="$PATH:/usr/local/bin:/usr/bin"; for name in ${emulators}; do command -v "$name" && break; done`,
  )
  const path = result.stdout.split('\n')[0] ?? ''
  return path.startsWith('/') ? path : null
}

/**
 * Decides between KVM and TCG by booting a kernel under KVM: a /dev/kvm that opens, and even a boot sector that runs,
 * prove nothing. What was seen is remembered on the host until it boots, changes QEMU, /dev/kvm or the kernel.
 * Never hangs, and never fails for what it finds: whatever is wrong with KVM is the reason for TCG.
 */
export async function probeAccelerator(host: HostAccess, options: ProbeOptions): Promise<Accelerator> {
  const file = options.cacheFile ?? cacheFile
  const { situation, key: hostKey, remembered } = await look(host, file)
  if (situation.emulator === null || situation.device !== 'usable') return classifyProbe(situation)
  const key = `${hostKey} ${options.kernelDigest}`
  if (remembered?.key === key) return classifyProbe({ ...situation, boot: remembered.boot })
  const deadlineMs = options.deadlineMs ?? 10_000
  const boot = readProbe(
    await host.run(probeCommand(situation.emulator, options.kernel, deadlineMs)),
    deadlineMs,
  )
  // A host whose /var/lib/hvlab cannot be written is only probed again the next time.
  await host.run({
    ...sh`mkdir -p "$(dirname ${file})" && cat >${file}.tmp && mv ${file}.tmp ${file}`,
    stdin: `${JSON.stringify({ key, boot })}\n`,
  })
  return classifyProbe({ ...situation, boot })
}

/**
 * The verdict as far as it can be had before anything is installed: undefined when only a boot can tell and there is no
 * QEMU, no kernel or no right to open /dev/kvm yet. Deployment, as root, then decides.
 */
export async function foreseeAccelerator(
  host: HostAccess,
  options: ProbeOptions | undefined,
): Promise<Accelerator | undefined> {
  const { situation } = await look(host, cacheFile)
  if (situation.device === 'absent') return classifyProbe(situation)
  if (situation.device === 'denied' || situation.emulator === null || options === undefined) return undefined
  return await probeAccelerator(host, options)
}

async function look(
  host: HostAccess,
  file: string,
): Promise<{ situation: KvmSituation; key: string; remembered: z.output<typeof cacheSchema> | undefined }> {
  const emulator = await findEmulator(host)
  const { stdout } = await host.run(
    sections({
      device: sh`[ ! -e /dev/kvm ] || { [ -r /dev/kvm ] && [ -w /dev/kvm ] && echo usable || echo denied; }`,
      user: sh`id -un`,
      cpu: sh`grep -m1 -owE 'vmx|svm' /proc/cpuinfo`,
      key: sh`cat /proc/sys/kernel/random/boot_id; stat -c '%i %Z' /dev/kvm; stat -L -c '%n %s %Y' ${emulator ?? '/dev/null'}`,
      cache: sh`cat ${file}`,
    }),
  )
  const section = readSections(stdout)
  const device = section('device')
  return {
    situation: {
      emulator,
      device: device === '' ? 'absent' : device === 'usable' ? 'usable' : 'denied',
      user: section('user'),
      virtualizationFlag: section('cpu') !== '',
    },
    key: section('key').split('\n').join(' '),
    remembered: cacheSchema.safeParse(parsedJson(section('cache'))).data,
  }
}
