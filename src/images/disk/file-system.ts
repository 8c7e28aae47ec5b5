import { open } from 'node:fs/promises'
import { posix } from 'node:path'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { type Partition, readPartitions, tableBytes } from './partitions.ts'

/** Bytes from a partition's start to ext4's magic number: the superblock is at 1024, s_magic at 0x38 in it. */
const magicOffset = 1024 + 0x38

/**
 * The root file system of a raw disk of this machine, read without mounting it and without root, by debugfs. It must
 * be ext2, ext3 or ext4. Symbolic links in the middle of a path are followed; the last one is by `resolve`.
 */
export class DiskFiles {
  readonly partition: Partition
  readonly #host: HostAccess
  /** debugfs's name for it: e2fsprogs takes an offset after a question mark. */
  readonly device: string

  private constructor(host: HostAccess, raw: string, partition: Partition) {
    this.#host = host
    this.partition = partition
    this.device = `${raw}?offset=${partition.start}`
  }

  /** The largest ext partition. Throws `image-check-failed` when there is none: then nothing was installed. */
  static async open(host: HostAccess, raw: string): Promise<DiskFiles> {
    const file = await open(raw)
    try {
      const head = Buffer.alloc(tableBytes)
      await file.read(head, 0, tableBytes, 0)
      const partitions = readPartitions(head)
      const candidates: Partition[] = []
      for (const partition of partitions) {
        const magic = Buffer.alloc(2)
        await file.read(magic, 0, 2, partition.start + magicOffset)
        if (magic.readUInt16LE() === 0xef53) candidates.push(partition)
      }
      const [root] = candidates.toSorted((a, b) => b.size - a.size)
      if (root !== undefined) return new DiskFiles(host, raw, root)
      throw new FailureError({
        reason: 'module',
        code: 'image-check-failed',
        message: `nothing is installed on the disk: ${partitions.length === 0 ? 'it has no partition table' : `none of its ${partitions.length} partitions has an ext4 file system`}`,
      })
    } finally {
      await file.close()
    }
  }

  /** Undefined when there is no such file. */
  async read(path: string): Promise<string | undefined> {
    const resolved = await this.resolve(path)
    if (resolved === undefined) return undefined
    return await this.#debugfs(`cat "${resolved}"`)
  }

  /** Names in folders, without `.`, `..` and what debugfs cannot be asked for; empty where there is no folder. */
  async lists(paths: readonly string[]): Promise<string[][]> {
    const answers = await this.#debugfsAll(paths.map((path) => `ls -p "${path}"`))
    return answers.map((answer) =>
      answer
        .split('\n')
        .map((line) => line.split('/')[5] ?? '')
        .filter((name) => name !== '' && name !== '.' && name !== '..' && !name.includes('"')),
    )
  }

  async list(path: string): Promise<string[]> {
    return (await this.lists([path]))[0] ?? []
  }

  /** Those of the paths where something is that is not a link. */
  async present(paths: readonly string[]): Promise<string[]> {
    const answers = await this.#debugfsAll(paths.map((path) => `stat "${path}"`))
    return paths.filter((_, index) => /Type: (?!symlink)/.test(answers[index] ?? ''))
  }

  /** Copies a file out of the disk. False when there is no such file. */
  async copyOut(path: string, to: string): Promise<boolean> {
    const resolved = await this.resolve(path)
    if (resolved === undefined) return false
    await this.#debugfs(`dump "${resolved}" "${to}"`)
    return true
  }

  /** Removes a file, or a folder with all that is in it. The file system must not be mounted. */
  async remove(path: string): Promise<void> {
    for (const name of await this.list(path)) await this.remove(`${path}/${name}`)
    const status = await this.#debugfs(`stat "${path}"`)
    const request = /Type: directory/.test(status) ? 'rmdir' : 'rm'
    await this.#host.run(
      sh`PATH="$PATH:/usr/sbin:/sbin"; debugfs -w -R ${`${request} "${path}"`} ${this.device} 2>/dev/null`,
    )
  }

  /** The path with the link that it may be followed; undefined when nothing is there. */
  async resolve(path: string, depth = 0): Promise<string | undefined> {
    const status = await this.#debugfs(`stat "${path}"`)
    if (!/^Inode: \d+/m.test(status)) return undefined
    const target = /^Fast link dest: "(.*)"$/m.exec(status)?.[1]
    if (target === undefined) return path
    return depth > 8 ? undefined : await this.resolve(posix.resolve(posix.dirname(path), target), depth + 1)
  }

  /** Many requests to one debugfs, which repeats each behind its prompt. */
  async #debugfsAll(requests: readonly string[]): Promise<string[]> {
    const result = await this.#host.run({
      ...sh`PATH="$PATH:/usr/sbin:/sbin"; debugfs -f - ${this.device} 2>/dev/null`,
      stdin: `${requests.join('\n')}\n`,
    })
    return result.stdout.split(/^debugfs: .*$/m).slice(1)
  }

  async #debugfs(request: string): Promise<string> {
    const result = await this.#host.run(
      sh`PATH="$PATH:/usr/sbin:/sbin"; debugfs -R ${request} ${this.device} 2>/dev/null`,
    )
    return result.stdout
  }
}
