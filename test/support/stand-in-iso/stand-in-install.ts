import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { installerLimits } from '../../../src/images/installer/limits.ts'
import { failureMarker, successMarker } from '../../../src/images/installer/marker.ts'
import type { InstallerOutcome } from '../../../src/images/installer/outcome.ts'
import { superviseInstaller } from '../../../src/images/installer/supervise.ts'
import { openWebhook } from '../../../src/images/installer/webhook.ts'
import { atEnd } from '../cleanup.ts'
import { must } from '../tool.ts'

export interface StandInInstall {
  /** Value of the kernel argument `standin`. */
  readonly switch?: string
  /** Leave out the word `autoinstall`, the seed, or the medium. */
  readonly without?: 'argument' | 'seed' | 'medium'
  readonly layout?: string
  readonly lateCommands?: readonly (string | readonly string[])[]
  readonly errorCommands?: readonly string[]
  readonly stallSeconds?: number
  readonly deadlineSeconds?: number
  readonly memoryMb?: number
  readonly pvpanic?: boolean
}

export interface StandInResult {
  readonly outcome: InstallerOutcome
  /** Seconds from QEMU's start to the outcome. */
  readonly seconds: number
  /** Seconds from the last progress to the outcome. */
  readonly lastSeconds: number
  readonly progress: readonly string[]
  readonly serial: string
  readonly disk: string
  /** Archive that the error-commands sent. */
  readonly logs: string
  readonly folder: string
}

/** Installs from the stand-in ISO with QEMU alone, emulated, supervised as a build is. */
export async function installStandIn(
  t: Test,
  iso: string,
  folder: string,
  options: StandInInstall,
): Promise<StandInResult> {
  mkdirSync(folder, { recursive: true })
  const path = (name: string) => join(folder, name)
  const nonce = randomBytes(8).toString('hex')
  const kernel = kernelOf(iso, folder)
  const webhook = await openWebhook({ logsFile: path('posted-logs.tar.gz') })
  writeSeed(folder, autoinstall(options, nonce, webhook.url))
  const disk = path('disk.qcow2')
  must('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '2G'])
  const started = performance.now()
  const qemu = spawn('qemu-system-x86_64', qemuArguments(folder, iso, kernel, disk, options), {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  atEnd(t, () => qemu.kill('SIGKILL'))
  let stderr = ''
  qemu.stderr.on('data', (text) => {
    stderr += text
  })
  const child = new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) =>
    qemu.on('close', (code) => resolve({ exitCode: code ?? 137, stdout: '', stderr })),
  )
  const progress: string[] = []
  let shown = started
  try {
    const outcome = await superviseInstaller({
      qmpSocket: path('qmp.sock'),
      serialFile: path('serial.log'),
      webhook,
      nonce,
      child,
      signal: new AbortController().signal,
      onProgress: ({ text }) => {
        progress.push(text)
        shown = performance.now()
      },
      limits: { ...installerLimits('tcg', options), graceMs: 10_000 },
    })
    const now = performance.now()
    const [seconds, lastSeconds] = [(now - started) / 1000, (now - shown) / 1000]
    return {
      outcome,
      seconds,
      lastSeconds,
      progress,
      serial: readFileSync(path('serial.log'), 'utf8'),
      disk,
      logs: path('logs.tar.gz'),
      folder,
    }
  } finally {
    qemu.kill('SIGKILL')
    await child
    await webhook.close()
  }
}

/** What a build writes for Ubuntu's installer, as far as supervision is concerned. */
function autoinstall(options: StandInInstall, nonce: string, url: string): object {
  const report = (marker: string) => `printf '\\n%s\\n' '${marker}' >/dev/ttyS0`
  return {
    version: 1,
    storage: { layout: { name: options.layout ?? 'direct' } },
    identity: { hostname: 'standin', username: 'hvlab', password: '*' },
    packages: ['openssh-server', 'qemu-guest-agent'],
    reporting: { hvlab: { type: 'webhook', endpoint: url } },
    'late-commands': [...(options.lateCommands ?? []), report(successMarker(nonce))],
    'error-commands': options.errorCommands ?? [
      'tar -C / -czf - --ignore-failed-read var/log/installer >/dev/virtio-ports/hvlab.logs',
      'tail -n 20 /var/log/installer/curtin-install.log >/dev/ttyS0',
      report(failureMarker(nonce)),
      'poweroff -f',
    ],
    shutdown: 'poweroff',
  }
}

function writeSeed(folder: string, data: object): void {
  writeFileSync(
    join(folder, 'user-data'),
    `#cloud-config\n${JSON.stringify({ autoinstall: data }, null, 2)}\n`,
  )
  writeFileSync(join(folder, 'meta-data'), '')
  must('xorriso', [
    ...['-as', 'mkisofs', '-quiet', '-V', 'cidata', '-J', '-r', '-o', join(folder, 'seed.iso')],
    ...[join(folder, 'user-data'), join(folder, 'meta-data')],
  ])
}

function kernelOf(iso: string, folder: string): { vmlinuz: string; initrd: string } {
  const [vmlinuz, initrd] = [join(folder, 'vmlinuz'), join(folder, 'initrd')]
  must('xorriso', [
    '-osirrox',
    'on',
    '-indev',
    iso,
    '-extract',
    '/casper/vmlinuz',
    vmlinuz,
    '-extract',
    '/casper/initrd',
    initrd,
  ])
  return { vmlinuz, initrd }
}

function qemuArguments(
  folder: string,
  iso: string,
  kernel: { readonly vmlinuz: string; readonly initrd: string },
  disk: string,
  { without, switch: failing, memoryMb = 512, pvpanic = true }: StandInInstall,
): string[] {
  const append = [
    ...(without === 'argument' ? [] : ['autoinstall']),
    'ds=nocloud console=ttyS0,115200n8 fsck.mode=skip panic=-1',
    ...(failing === undefined ? [] : [`standin=${failing}`]),
    '---',
  ]
  const drive = (file: string, more: string) => ['-drive', `file=${file},${more}`]
  return [
    ...['-machine', 'pc,accel=tcg', '-cpu', 'max', '-smp', '2', '-m', String(memoryMb)],
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-kernel', kernel.vmlinuz, '-initrd', kernel.initrd, '-append', append.join(' ')],
    ...drive(disk, 'if=virtio,format=qcow2,cache=unsafe,discard=unmap,detect-zeroes=unmap'),
    ...(without === 'medium' ? [] : drive(iso, 'if=ide,format=raw,media=cdrom,readonly=on')),
    ...(without === 'seed' ? [] : drive(join(folder, 'seed.iso'), 'if=virtio,format=raw,readonly=on')),
    ...['-nic', 'user,model=virtio-net-pci', '-device', 'virtio-rng-pci'],
    ...(pvpanic ? ['-device', 'pvpanic'] : []),
    ...['-device', 'virtio-serial-pci', '-chardev', `file,id=logs,path=${join(folder, 'logs.tar.gz')}`],
    ...['-device', 'virtserialport,chardev=logs,name=hvlab.logs'],
    ...['-serial', `file:${join(folder, 'serial.log')}`],
    ...['-qmp', `unix:${join(folder, 'qmp.sock')},server=on,wait=off`],
  ]
}
