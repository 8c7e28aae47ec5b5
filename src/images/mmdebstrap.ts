import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../model/command.ts'
import { renderCommand, sh } from '../util/sh.ts'
import { type BuildMachine, mirrorLines } from './build-machine.ts'
import type { PackagesImage } from './image.ts'

/**
 * The mmdebstrap command that makes the image's tree: a folder `root` for root, `root.tar` for anyone else (user
 * namespaces; only a tar keeps the owners). Hooks are passed as text, because the user of a namespace may not be
 * able to read the image's folder.
 */
export function mmdebstrapCommand(image: PackagesImage, machine: BuildMachine, workFolder: string): Command {
  const { file } = image
  const hooks = '/usr/share/mmdebstrap/hooks/merged-usr'
  const options = [
    `--mode=${machine.root ? 'root' : 'unshare'}`,
    `--format=${machine.root ? 'directory' : 'tar'}`,
    '--variant=apt',
    `--architectures=${file.architecture}`,
    `--include=${file.packages.join(',')}`,
    // Nothing of a build that is interrupted is kept, so nothing has to be flushed to disk while it runs.
    '--dpkgopt=force-unsafe-io',
    ...['Acquire::Languages "none";', ...machine.aptOptions].map((option) => `--aptopt=${option}`),
    ...(machine.mergedUsrHooks
      ? [`--setup-hook=${hooks}/setup00.sh`, `--essential-hook=${hooks}/essential00.sh`]
      : []),
    `--extract-hook=${renderCommand(excludeHook(file.exclude, file.keep))}`,
    ...(file.files === undefined ? [] : [`--customize-hook=tar-in ${workFolder}/files.tar /`]),
    `--customize-hook=${renderCommand(unitsHook(image))}`,
    ...(file.customize === undefined
      ? []
      : [`--customize-hook=${readFileSync(join(image.folder, file.customize), 'utf8')}`]),
    `--customize-hook=${renderCommand(generaliseHook())}`,
    '--verbose',
  ]
  const target = machine.root ? `${workFolder}/root` : `${workFolder}/root.tar`
  // As root mmdebstrap mounts /proc, /sys and /dev/pts in the tree. In a mount namespace of its own they cannot outlive
  // it when it is killed, and whoever removes the tree cannot reach the machine's own through them.
  const ownMounts = machine.root ? ['unshare', '--mount', '--propagation', 'private', '--'] : []
  return {
    ...sh`${ownMounts} mmdebstrap ${options} ${file.suite} ${target} ${mirrorLines(image.file, machine)}`,
    env: { LC_ALL: 'C.UTF-8', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  }
}

/**
 * dpkg leaves the excluded paths out of what it unpacks later, and what tar has unpacked already is removed. Not
 * through --dpkgopt: mmdebstrap would then pass every archive through a filter. `find -path` and dpkg match alike:
 * `*` also stands for slashes.
 */
function excludeHook(exclude: readonly string[], keep: readonly string[]): Command {
  if (exclude.length === 0) return sh`: "$1"`
  const settings = [
    ...exclude.map((path) => `path-exclude=${path}`),
    ...keep.map((path) => `path-include=${path}`),
  ]
  const excluded = exclude.flatMap((path) => ['-o', '-path', `.${path}`]).slice(1)
  const kept = keep.flatMap((path) => ['!', '-path', `.${path}`])
  return sh`set -eu; cd "$1"; mkdir -p etc/dpkg/dpkg.cfg.d; printf '%s\\n' ${settings} >etc/dpkg/dpkg.cfg.d/80hvlab; find . -xdev ! -type d '(' ${excluded} ')' ${kept} -delete`
}

function unitsHook(image: PackagesImage): Command {
  const { enable, mask, mask_generators: generators } = image.file.units
  return sh`set -eu
units="$1/etc/systemd/system"; generators="$1/etc/systemd/system-generators"; mkdir -p "$units" "$generators"
for name in ${mask}; do ln -sf /dev/null "$units/$name"; done
for name in ${generators}; do ln -sf /dev/null "$generators/$name"; done
for name in ${enable}; do chroot "$1" systemctl --quiet enable "$name"; done`
}

/** What must differ from guest to guest is made by each guest; what only the build needed goes. */
function generaliseHook(): Command {
  return sh`set -eu
: >"$1/etc/machine-id"
rm -f "$1/var/lib/dbus/machine-id" "$1"/etc/ssh/ssh_host_* "$1/etc/apt/apt.conf.d/99mmdebstrap" "$1/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
rm -rf "$1"/var/lib/cloud/* "$1"/var/log/*.log "$1/var/log/apt"
[ -L "$1/etc/resolv.conf" ] || : >"$1/etc/resolv.conf"`
}
