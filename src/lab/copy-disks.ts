import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'
import type { ExistingGuest } from './find-guests.ts'
import type { GuestDisk } from './guest-disks.ts'
import { type GuestFiles, guestsFolder } from './guest-files.ts'
import { virsh } from './libvirt/virsh.ts'

/**
 * Copies a guest's writable disks into a new folder. Each copy stands on the same image; snapshots are not copied.
 * A guest that is off is read by qemu-img. Of one that runs QEMU itself makes the copies (block jobs), and all of them
 * end at one moment in which the guest stands still: what its file systems have on disk then is in them.
 */
export function copyDisks(
  { domain, phase }: ExistingGuest,
  disks: readonly GuestDisk[],
  from: GuestFiles,
  to: GuestFiles,
): Command {
  const copies = disks.map((disk) => ({ disk, file: disk.file.replace(from.folder, to.folder) }))
  const copy =
    phase === 'running' || phase === 'paused'
      ? copyInUse(domain.uuid, phase === 'running', copies)
      : joined(
          copies.map(
            ({ disk, file }) =>
              sh`qemu-img convert -q -f ${disk.format} -O ${disk.format} ${backingOption(disk)} ${disk.file} ${file} || exit 1`,
          ),
        )
  // What lies there belongs to no domain: an interrupted run left it.
  return sh`(umask 022; rm -rf --one-file-system ${to.folder} && mkdir -p ${guestsFolder} && mkdir ${to.folder} || exit 1
${copy}
)`
}

/** Disks that a copy can have: the guest's own, beside its other files. */
export function copiedDisks(
  disks: readonly GuestDisk[],
  files: GuestFiles,
  guest: string,
  host: string,
): GuestDisk[] {
  const writable = disks.filter(({ readOnly }) => !readOnly)
  const elsewhere = writable.find(({ file }) => !file.startsWith(`${files.folder}/`))
  if (!elsewhere) return writable
  throw new FailureError({
    reason: 'module',
    code: 'clone-unsupported',
    message: `Guest ${guest} on ${host} cannot be cloned: its disk ${elsewhere.target} (${elsewhere.file}) is not hvlab’s.`,
    hint: 'Detach that disk first, or make a new guest.',
  })
}

interface Copy {
  readonly disk: GuestDisk
  readonly file: string
}

/** Ends no job and pauses no guest longer than it must, also when it is interrupted. */
function copyInUse(uuid: string, isRunning: boolean, copies: readonly Copy[]): Command {
  const stopJobs = joined(
    copies.map(({ disk }) => sh`${virsh} blockjob ${uuid} ${disk.target} --abort >/dev/null 2>&1`),
  )
  const [pause, resume] = isRunning
    ? [sh`${virsh} suspend ${uuid} >/dev/null || exit 1`, sh`${virsh} resume ${uuid} >/dev/null 2>&1`]
    : [sh`:`, sh`:`]
  const begin = copies.map(
    ({ disk, file }) => sh`size=$(${virsh} domblkinfo ${uuid} ${disk.target} | sed -n 's/^Capacity: *//p') &&
qemu-img create -q -f ${disk.format} ${backingOption(disk)} ${file} "$size" &&
${virsh} blockcopy ${uuid} ${disk.target} --dest ${file} --format ${disk.format} ${disk.backing ? ['--shallow'] : []} --reuse-external --transient-job --wait >/dev/null || exit 1`,
  )
  const end = copies.map(
    ({ disk }) => sh`${virsh} blockjob ${uuid} ${disk.target} --abort >/dev/null || exit 1`,
  )
  return sh`after() {
${stopJobs}
${resume}
}
# A job that an interrupted run left.
${stopJobs}
trap after EXIT
trap 'exit 143' HUP INT TERM
${joined(begin)}
${pause}
${joined(end)}`
}

/** qemu-img separates options with commas, and doubles them in values. */
function backingOption({ backing }: GuestDisk): string[] {
  if (!backing) return []
  return ['-o', `backing_file=${backing.file.replaceAll(',', ',,')},backing_fmt=${backing.format}`]
}

function joined(commands: readonly Command[]): Command {
  return commands.reduce((all, command) => sh`${all}\n${command}`)
}
