import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../../model/command.ts'
import { renderCommand, sh } from '../../util/sh.ts'
import type { PackerImage } from '../image.ts'
import { failureMarker, successMarker } from '../installer/marker.ts'
import { parseAutoinstall } from './check.ts'
import { cleanUp, inTarget } from './clean-up.ts'
import type { Autoinstall } from './schema.ts'

/** What is different in every build. */
export interface InstallerBuild {
  /** Random text of letters and digits that only this build knows: who repeats it has run its commands. */
  readonly nonce: string
  /** Where the installer posts its events, as the machine that installs reaches it. */
  readonly webhookUrl: string
  /** Name of the virtio-serial port that takes the logs. Default `hvlab.logs`, the template's. */
  readonly logsPort?: string
  /** After a failure the machine stays up, to look at it. */
  readonly keepOnError?: boolean
}

type ImageFolder = Pick<PackerImage, 'file' | 'folder'>

export interface InstallerSeed {
  readonly userData: string
  readonly metaData: string
  readonly kernelArguments: string
}

/**
 * The installer's seed for one build: the image's own autoinstall data, and what hvlab adds. Both are parts of the
 * image's folder that were checked when it was read; a mistake now is a file that was changed meanwhile.
 */
export function renderInstallerSeed(image: ImageFolder, build: InstallerBuild): InstallerSeed {
  const path = join(image.folder, image.file.user_data)
  const own = parseAutoinstall(readFileSync(path, 'utf8'), path, image.file)
  if (!own.ok) throw new Error(own.error.map(({ message }) => message).join('\n'))
  return {
    userData: `#cloud-config\n${yamlSafe({ autoinstall: completed(own.value, image, build) })}`,
    metaData: yamlSafe({ 'instance-id': `hvlab-${build.nonce}` }),
    kernelArguments: image.file.installer.kernel_arguments,
  }
}

function completed(own: Autoinstall, image: ImageFolder, build: InstallerBuild): Autoinstall {
  const { file } = image
  const port = `/dev/virtio-ports/${build.logsPort ?? 'hvlab.logs'}`
  return {
    ...own,
    ...updates(own, file.updates),
    // Its mere presence lets the installer do without `identity`.
    'user-data': own['user-data'] ?? {},
    reporting: {
      builtin: { type: 'print' },
      ...own.reporting,
      hvlab: { type: 'webhook', endpoint: build.webhookUrl },
    },
    'late-commands': [
      ...(own['late-commands'] ?? []),
      ...[
        ...cleanUp(file, inTarget),
        noteContent,
        shipLogs(port),
        hideLogs,
        discardFreed,
        proof(build.nonce),
      ].map(line),
    ],
    'error-commands': [
      ...(own['error-commands'] ?? []),
      ...[
        ...failureLogs(port),
        failureMark(build.nonce),
        ...(build.keepOnError === true ? [] : [powerOff]),
      ].map(line),
    ],
    shutdown: 'poweroff',
  }
}

/**
 * The installer always runs unattended-upgrades; before Subiquity 23.10.1 in its minimal steps, package by package, for
 * ten minutes. `none` leaves it nothing to do. Leaving the suites out instead would break packages of the ISO that are
 * newer than the release's. The file that apt.conf becomes in the target is removed with the other leftovers.
 */
function updates(
  own: Autoinstall,
  wanted: 'none' | 'security' | 'all',
): Pick<Autoinstall, 'apt' | 'updates'> {
  const settings = [
    own.apt?.conf,
    'Unattended-Upgrade::MinimalSteps "false";',
    wanted === 'none' ? 'Unattended-Upgrade::Package-Blacklist { ".*"; };' : undefined,
  ].filter((setting) => setting !== undefined)
  return {
    apt: { ...own.apt, conf: `${settings.join('\n')}\n` },
    updates: wanted === 'all' ? 'all' : 'security',
  }
}

/** What the manifest tells: packages, kernels, the installer's version. */
const noteContent = sh`mkdir -p /run/hvlab && dpkg-query --admindir=/target/var/lib/dpkg -W -f '\${Package} \${Version} \${Architecture}\\n' > /run/hvlab/packages && ls /target/lib/modules > /run/hvlab/kernels && { grep -m 1 -o 'Starting Subiquity server revision.*' /var/log/installer/subiquity-server-debug.log > /run/hvlab/installer || true; }`

/** As a .tar.gz, without the autoinstall data. Whatever cannot be read is left out. */
function shipLogs(port: string): Command {
  return sh`[ ! -e ${port} ] || tar -C / -czf - --ignore-failed-read --exclude=autoinstall-user-data run/hvlab var/log/installer > ${port} || true`
}

/** After the late commands the installer copies its logs, autoinstall data included, into the target: into this. */
const hideLogs = sh`mount -t tmpfs -o size=256m tmpfs /target/var/log/installer`

/** Freed blocks leave the disk's file. */
const discardFreed = sh`fstrim /target || true`

/** The last command. Who reads both marks knows that all commands before have succeeded. */
function proof(nonce: string): Command {
  return sh`echo nonce=${nonce} > /target/etc/hvlab-image && sync && echo ${successMarker(nonce)} > /dev/ttyS0`
}

function failureLogs(port: string): Command[] {
  return [
    sh`mkdir -p /run/hvlab; journalctl -b --no-pager > /run/hvlab/journal.txt 2>&1; dmesg > /run/hvlab/dmesg.txt 2>&1; mkdir -p /var/log/installer /var/crash`,
    sh`[ ! -e ${port} ] || tar -C / -czf - --ignore-failed-read --exclude=autoinstall-user-data run/hvlab var/log/installer var/crash > ${port}`,
  ]
}

function failureMark(nonce: string): Command {
  return sh`echo ${failureMarker(nonce)} > /dev/ttyS0`
}

/** After a failure the installer stays up for ever, with a shell that nobody sees. */
const powerOff = sh`sync; poweroff -f`

function line(command: Command): string {
  return renderCommand(command)
}

/** JSON, which is YAML once what YAML does not print is escaped, too. One list item a line. */
function yamlSafe(value: unknown): string {
  const unprintable = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g
  const escaped = (text: string): string => `\\u${text.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `${JSON.stringify(value, null, 2).replace(unprintable, escaped)}\n`
}
