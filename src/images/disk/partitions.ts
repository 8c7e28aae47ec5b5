/** Where a partition is in its disk, in bytes. */
export interface Partition {
  /** As Linux counts, from 1: `/dev/vda2` is number 2. */
  readonly number: number
  readonly start: number
  readonly size: number
}

const sector = 512
/** Room that GPT needs at least: protective MBR, header, 128 entries of 128 bytes. */
export const tableBytes = 34 * sector

/**
 * The partitions of a disk, from its first `tableBytes` bytes: GPT (UEFI specification 2.10, chapter 5) or MBR with
 * primary partitions. Empty when there is no table. Sectors of 512 bytes, as QEMU's disks have.
 */
export function readPartitions(head: Buffer): Partition[] {
  if (head.length < tableBytes || head.readUInt16LE(510) !== 0xaa55) return []
  return head.toString('latin1', sector, sector + 8) === 'EFI PART' ? gpt(head) : mbr(head)
}

function gpt(head: Buffer): Partition[] {
  const entries = Number(head.readBigUInt64LE(sector + 72)) * sector
  const count = Math.min(head.readUInt32LE(sector + 80), 128)
  const size = head.readUInt32LE(sector + 84)
  const partitions: Partition[] = []
  for (let index = 0; index < count; index += 1) {
    const at = entries + index * size
    if (size < 128 || at + 48 > head.length) break
    // An unused entry has a type of zeros.
    if (head.subarray(at, at + 16).every((byte) => byte === 0)) continue
    const first = Number(head.readBigUInt64LE(at + 32))
    const last = Number(head.readBigUInt64LE(at + 40))
    partitions.push({ number: index + 1, start: first * sector, size: (last - first + 1) * sector })
  }
  return partitions
}

function mbr(head: Buffer): Partition[] {
  return [0, 1, 2, 3].flatMap((index) => {
    const at = 446 + index * 16
    if (head[at + 4] === 0) return []
    return [
      {
        number: index + 1,
        start: head.readUInt32LE(at + 8) * sector,
        size: head.readUInt32LE(at + 12) * sector,
      },
    ]
  })
}
