import { join } from 'node:path'
import type { Command, CommandResult } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import { renderCommand, sh } from '../util/sh.ts'
import { type BuildMachine, buildMachine, mirrorLines, requireBuildMachine } from './build-machine.ts'
import { type BuildReport, lineSplitter, paced } from './build-report.ts'
import { setInodeTimes } from './disk/inode-times.ts'
import type { PackagesImage } from './image.ts'
import type { Manifest } from './manifest.ts'
import { mmdebstrapCommand } from './mmdebstrap.ts'
import { convertProgress, isWorthShowing, packageProgress } from './progress.ts'
import { fileRecords } from './store.ts'
import { type InstalledTree, readTree, treeToDisk } from './tree-to-disk.ts'

/**
 * Builds an image into a folder on this machine: packages → tree → ext4 → qcow2, kernel and initrd beside it, and the
 * manifest. Needs root, or user namespaces; no loop device, no mount outside mmdebstrap's own namespace. Whatever
 * happens, the folder is the caller's to publish or to remove.
 */
export async function buildFromPackages(
  host: HostAccess,
  image: PackagesImage,
  workFolder: string,
  report: BuildReport,
): Promise<Manifest> {
  const machine = await host.freshFact(buildMachine, image.file.keyring)
  requireBuildMachine(machine, image.file)
  const build = new Build(host, image, machine, workFolder, report)
  await build.phase('packages', () => build.packages())
  const kernel = await build.phase('file system', () => build.fileSystem())
  await build.phase('convert', () => build.convert())
  const virtualSize = await build.phase('check', () => build.check())
  const manifest = await build.manifest(kernel, virtualSize)
  await host.put(
    new TextEncoder().encode(`${JSON.stringify(manifest, null, 2)}\n`),
    `${workFolder}/manifest.json`,
    {
      mode: 0o644,
    },
  )
  return manifest
}

class Build {
  readonly #host: HostAccess
  readonly #image: PackagesImage
  readonly #machine: BuildMachine
  readonly #folder: string
  readonly #report: BuildReport
  readonly #durations: Record<string, number> = {}

  constructor(
    host: HostAccess,
    image: PackagesImage,
    machine: BuildMachine,
    folder: string,
    report: BuildReport,
  ) {
    this.#host = host
    this.#image = image
    this.#machine = machine
    this.#folder = folder
    this.#report = report
  }

  async phase<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now()
    this.#report.progress({ text: `${name}: starting` })
    const value = await work()
    this.#durations[name] = Math.round(performance.now() - started) / 1000
    return value
  }

  async packages(): Promise<void> {
    const { files } = this.#image.file
    if (files !== undefined) {
      // Git keeps of a mode only whether the file is executable; owner and the rest are set here. The time is that of the
      // build, which becomes the archive's (`treeToDisk`), not that of a checkout.
      await this.#must(
        sh`tar -C ${join(this.#image.folder, files)} --sort=name --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w --mtime=now -cf ${this.#folder}/files.tar .`,
        'the files of the image could not be packed',
      )
    }
    const tail: string[] = []
    const step = packageProgress()
    const show = paced(this.#report)
    const split = lineSplitter((line) => {
      if (line.trim() === '') return
      tail.push(line)
      if (tail.length > 400) tail.splice(0, 200)
      show(step(line))
      if (isWorthShowing(line)) this.#report.output('stderr', line)
    })
    const result = await this.#host.run(
      this.#removable(mmdebstrapCommand(this.#image, this.#machine, this.#folder)),
      {
        onOutput: (_stream, text) => split(text),
      },
    )
    if (result.exitCode !== 0) throw packagesFailure(result, tail)
  }

  /** The disk's file system straight from the tree, the same bytes whenever it is made. */
  async fileSystem(): Promise<InstalledTree> {
    const made = 'the file system of the image could not be made'
    const result = await this.#must(this.#asOwner(treeToDisk(this.#image, this.#machine, this.#folder)), made)
    const tree = readTree(result.stdout)
    const wrong = await setInodeTimes(this.#host, join(this.#folder, 'disk.raw'), tree.archiveDate)
    if (wrong !== undefined) throw buildFailure(made, wrong)
    return tree
  }

  async convert(): Promise<void> {
    const show = paced(this.#report)
    const split = lineSplitter((line) => show(convertProgress(line)))
    await this.#must(
      // Without -W: blocks written out of order lie elsewhere in every build.
      sh`cd ${this.#folder} && qemu-img convert -p -m 4 -f raw -O qcow2 disk.raw image.qcow2`,
      'qemu-img could not write the image',
      (_stream, text) => split(text),
    )
  }

  /**
   * Exit codes of 0 prove little: the file system must be clean, the qcow2 consistent and of the right size, and the
   * kernel a kernel (`HdrS` at 0x202, Linux x86 boot protocol). Returns the disk's virtual size in bytes.
   */
  async check(): Promise<number> {
    const result = await this.#must(
      sh`(set -eu; PATH="$PATH:/usr/sbin:/sbin"; cd ${this.#folder}
e2fsck -fn disk.raw >&2; rm disk.raw
qemu-img check -q image.qcow2 >&2
[ "$(dd if=vmlinuz bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] || { echo 'vmlinuz is not a Linux kernel' >&2; exit 1; }
[ -s initrd ] || { echo 'initrd is empty' >&2; exit 1; }
qemu-img info --output=json image.qcow2 | sed -n 's/.*"virtual-size": *\\([0-9]*\\).*/\\1/p' | head -n 1)`,
      'the finished image is not sound',
    )
    const size = Number(result.stdout.trim())
    if (size === this.#image.file.disk.size_gb * 1024 ** 3) return size
    throw new FailureError({
      reason: 'module',
      code: 'image-build-failed',
      message: `the finished image is not sound: its disk has ${size} bytes`,
    })
  }

  async manifest(installed: InstalledTree, virtualSize: number): Promise<Manifest> {
    const { file, name, key } = this.#image
    return {
      version: 1,
      key,
      name,
      builder: file.builder,
      built_at: new Date().toISOString(),
      files: await fileRecords(this.#host, this.#folder),
      virtual_size: virtualSize,
      kernel_version: installed.kernelVersion,
      cmdline: file.boot.cmdline,
      login_user: file.login.user,
      suite: file.suite,
      archive_date: new Date(installed.archiveDate * 1000).toISOString(),
      mirrors: mirrorLines(file, this.#machine),
      packages: installed.packages,
      tools: { ...this.#machine.versions },
      durations: this.#durations,
    }
  }

  /**
   * A run that is interrupted ends its commands with TERM first: a gigabyte of half-made tree goes then, not only at the
   * next build.
   */
  #removable(command: Command): Command {
    return {
      ...command,
      ...sh`(folder=${this.#folder}; trap 'wait; rm -rf --one-file-system "$folder"; exit 143' HUP INT TERM; ${command} & wait "$!")`,
    }
  }

  /**
   * The tree belongs to many users: without root only a user namespace can read and remove all of it. What is mounted
   * meanwhile goes with the namespace.
   */
  #asOwner(command: Command): Command {
    const text = renderCommand(command)
    const user = this.#machine.root ? [] : ['--map-auto', '--map-root-user']
    return sh`unshare ${user} --mount --propagation private sh -c ${text}`
  }

  async #must(
    command: Command,
    message: string,
    onOutput?: (stream: 'stdout' | 'stderr', text: string) => void,
  ): Promise<CommandResult> {
    const result = await this.#host.run(command, onOutput === undefined ? {} : { onOutput })
    if (result.exitCode === 0) return result
    throw buildFailure(message, result)
  }
}

function buildFailure(message: string, result: CommandResult): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-build-failed',
    message: `${message} (exit code ${result.exitCode})`,
    ...hintFor(result.stderr),
    details: lastLines(result.stderr.split('\n')),
  })
}

function packagesFailure(result: CommandResult, tail: readonly string[]): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'image-build-failed',
    message: `mmdebstrap could not install the packages (exit code ${result.exitCode})`,
    ...hintFor(tail.join('\n')),
    details: lastLines(tail),
  })
}

/** What builds most often fail of, by what the tools print. */
const causes: readonly (readonly [RegExp, string])[] = [
  [/No space left on device/, 'Free some disk space where the image store is: a build needs about 2 GB.'],
  [
    /Temporary failure resolving|Could not resolve|Could not connect|Connection timed out|Unable to connect/,
    'No mirror can be reached from this machine: check its network, name resolution and proxy (Acquire::http::Proxy).',
  ],
  [
    /NO_PUBKEY|is not signed|signature.*(invalid|couldn't be verified)/i,
    'The keyring does not have the key that signs the suite: install a newer one.',
  ],
  [
    /Unable to locate package|has no installation candidate/,
    'A package of image.yml does not exist in this suite and these components.',
  ],
  [
    /Release file .* (is not valid yet|is expired)/,
    'The machine’s clock is wrong, or the mirror is not kept up to date.',
  ],
  [
    /unshare|newuidmap|cannot mount|mount: .*(permission denied|Operation not permitted)/i,
    'This machine does not allow the mounts that a build needs (a container without CAP_SYS_ADMIN, or no user namespaces): run as root on the machine itself.',
  ],
]

function hintFor(text: string): { hint?: string } {
  const cause = causes.find(([pattern]) => pattern.test(text))
  return cause === undefined ? {} : { hint: cause[1] }
}

function lastLines(all: readonly string[]): string {
  return all
    .filter((line) => line.trim() !== '')
    .slice(-20)
    .join('\n')
}
