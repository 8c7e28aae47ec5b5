import type { Command } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import type { BuildMachine } from './build-machine.ts'
import type { PackagesImage } from './image.ts'
import type { Manifest } from './manifest.ts'

/** Left in the tree by the last hook of mmdebstrap: when the archive was of the state that was installed. */
export const archiveDateFile = 'hvlab-archive-date'

/** What the tree said of itself before it became a disk. */
export interface InstalledTree {
  /** When the archive was last changed, seconds since 1970: nothing in the image is younger. */
  readonly archiveDate: number
  readonly kernelVersion: string
  readonly packages: Manifest['packages']
}

/**
 * Takes kernel and initrd out of the tree `root` (or `root.tar`) in the work folder, then makes `disk.raw` of it; for
 * the owner of the tree, in a mount namespace of its own. The same tree makes the same bytes: mke2fs numbers files in
 * the order in which folders list them, which most file systems mix up with a key of their own, so they are laid out
 * in memory, sorted, wherever they fit. Times end at the archive's date. Folders that apt makes anew when it needs them
 * go: they belong to _apt only where that user could reach the work folder. What tree-to-disk prints, `readTree` reads.
 */
export function treeToDisk(image: PackagesImage, machine: BuildMachine, folder: string): Command {
  const { boot, disk } = image.file
  const { key } = image
  // From 1.47 on mke2fs can be told that a new sparse file reads as zeros, which saves writing inode tables.
  const prezeroed = atLeast(machine.versions.mke2fs, 1, 47) ? ',assume_storage_prezeroed=1' : ''
  const uuid = `${key.slice(0, 8)}-${key.slice(8, 12)}-4${key.slice(13, 16)}-8${key.slice(17, 20)}-${key.slice(20, 32)}`
  return sh`set -eu
PATH="$PATH:/usr/sbin:/sbin"; cd ${folder}
if [ -f root.tar ]; then mkdir root; tar -C root --exclude='./dev/*' --numeric-owner -xpf root.tar; rm root.tar; fi
take() {
  found=
  for path in $1; do
    [ -f "$path" ] && [ ! -L "$path" ] || continue
    [ -z "$found" ] || { echo "more than one file matches $1: $found, $path" >&2; exit 1; }
    found=$path
  done
  [ -n "$found" ] || { echo "no file matches $1" >&2; exit 1; }
  mv "$found" "$2"
}
date=$(cat root/${archiveDateFile}); rm root/${archiveDateFile}
echo "$date"
echo
ls root/lib/modules
echo
dpkg-query --admindir=root/var/lib/dpkg -W -f '\${Package} \${Version} \${Architecture}\\n'
take ${`root${boot.kernel}`} vmlinuz
take ${`root${boot.initrd}`} initrd
rm -rf root/var/lib/apt/lists/partial root/var/cache/apt/archives/partial
mkdir sorted
free=$(awk '/^MemAvailable:/ { print int($2 / 2) }' /proc/meminfo)
[ "$(du -sk root | cut -f 1)" -gt "\${free:-0}" ] || mount -t tmpfs -o mode=755 hvlab sorted
tar -C root --sort=name --mtime="@$date" --clamp-mtime --exclude='./dev/*' --xattrs '--xattrs-include=*' --numeric-owner -cf - . |
  tar -C sorted --xattrs '--xattrs-include=*' --numeric-owner -xpf -
truncate -s ${disk.size_gb}G disk.raw
E2FSPROGS_FAKE_TIME=$date SOURCE_DATE_EPOCH=$date mke2fs -q -t ext4 -L ${disk.label} -U ${uuid} -m 1 -i 40960 -J size=16 -E ${`hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0${prezeroed}`} -d sorted disk.raw
if mountpoint -q sorted; then umount sorted; fi
rm -rf --one-file-system root sorted files.tar`
}

/** Reads what `treeToDisk` printed. */
export function readTree(stdout: string): InstalledTree {
  const [date = '', versions = '', list = ''] = stdout.split(/\n\n/)
  const packages = list.split('\n').flatMap((line) => {
    const [name, version, architecture] = line.split(' ')
    return name && version && architecture ? [{ name, version, architecture }] : []
  })
  return { archiveDate: Number(date), kernelVersion: versions.trim(), packages }
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
}
