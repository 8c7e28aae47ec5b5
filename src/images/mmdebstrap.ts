import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../model/command.ts'
import { renderCommand, sh } from '../util/sh.ts'
import { type BuildMachine, mirrorLines } from './build-machine.ts'
import type { PackagesImageFile } from './file/packages.ts'
import type { PackagesImage } from './image.ts'
import { archiveDateFile } from './tree-to-disk.ts'

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
    ...['Acquire::Languages "none";', ...machine.aptOptions, ...snapshotOptions(file)].map(
      (option) => `--aptopt=${option}`,
    ),
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
    `--customize-hook=${renderCommand(archiveDateHook())}`,
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
rm -rf "$1"/var/lib/cloud/* "$1"/var/log/*.log "$1/var/log/apt" "$1/var/cache/ldconfig"
[ -L "$1/etc/resolv.conf" ] || : >"$1/etc/resolv.conf"`
}

/**
 * The date of the newest package list, as signed by the archive, is what an image counts as its own: files that the
 * build made get it as their time (`treeToDisk`), and passwords as the day of their last change, in days since 1970.
 * SOURCE_DATE_EPOCH for the whole build would do that, too; but Python then compiles its modules so that each import
 * reads the source again, which costs every guest boot time.
 */
function archiveDateHook(): Command {
  return sh`set -eu
cat "$1"/var/lib/apt/lists/*Release | sed -n 's/^Date: //p' | while read -r date; do date -u -d "$date" +%s; done | sort -n | tail -n 1 >"$1/${archiveDateFile}"
[ -s "$1/${archiveDateFile}" ] || { echo 'no package list says its date' >&2; exit 1; }
day=$(($(cat "$1/${archiveDateFile}") / 86400))
for file in "$1"/etc/shadow "$1"/etc/shadow-; do
  [ -f "$file" ] || continue
  awk -F: -v OFS=: -v day="$day" '$3 > day { $3 = day } 1' "$file" >"$file.new"
  cat "$file.new" >"$file"; rm "$file.new"
done`
}

/** What an archive of the past signed is no longer valid today. */
function snapshotOptions(file: PackagesImageFile): string[] {
  return file.snapshot === undefined ? [] : ['Acquire::Check-Valid-Until "false";']
}
