import { closeSync, openSync, readSync } from 'node:fs'

/**
 * The head of a qcow2: version, and what a reader must know to read it at all. QEMU 4.2 reads version 3 without any
 * incompatible feature; clusters compressed by zstd are one since 5.1, extended L2 entries since 5.2.
 * Source: QEMU's docs/interop/qcow2.txt.
 */
export function qcow2Head(path: string): { magic: string; version: number; incompatibleFeatures: bigint } {
  const head = Buffer.alloc(80)
  const file = openSync(path, 'r')
  readSync(file, head, 0, head.length, 0)
  closeSync(file)
  return {
    magic: head.toString('latin1', 0, 4),
    version: head.readUInt32BE(4),
    incompatibleFeatures: head.readBigUInt64BE(72),
  }
}

export const readByQemu42 = { magic: 'QFI\xfb', version: 3, incompatibleFeatures: 0n }
