import { basename } from 'node:path'
import type { ChecksumAlgorithm } from '../../facts/file-stat.ts'
import { moduleFailure } from '../failure.ts'

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  /** Hexadecimal, in small letters; or the address of a list of sums. */
  readonly value: string
  readonly isUrl: boolean
}

const lengths: Readonly<Record<string, number>> = {
  md5: 32,
  sha1: 40,
  sha224: 56,
  sha256: 64,
  sha384: 96,
  sha512: 128,
}

/** Ansible's `checksum`: `sha256:HEX` or `sha256:URL`. */
export function parseChecksum(text: string): Checksum {
  const [, name = '', rest = ''] = /^([a-z0-9]+):(.+)$/i.exec(text.trim()) ?? []
  const algorithm = name.toLowerCase()
  const length = lengths[algorithm]
  if (length === undefined) {
    throw moduleFailure(
      'checksum-format',
      `${text} is no checksum`,
      `write one of ${Object.keys(lengths).join(', ')}, a colon, and the sum or the address of a list of sums`,
    )
  }
  const isUrl = /^[a-z]+:\/\//i.test(rest)
  const value = isUrl ? rest : rest.replace(/\s/g, '').toLowerCase()
  if (!isUrl && (value.length !== length || !/^[0-9a-f]+$/.test(value))) {
    throw moduleFailure(
      'checksum-format',
      `${text} is no checksum: ${algorithm} has ${length} hexadecimal digits`,
    )
  }
  return { algorithm: algorithm as ChecksumAlgorithm, value, isUrl }
}

/**
 * The sum of a file in a list as `sha256sum` and its like print (`SUM  name`, `SUM *./name`), or BSD's
 * (`SHA256 (name) = SUM`). A list with one bare sum is that of the file.
 */
export function sumInList(list: string, url: string, algorithm: string): string | null {
  const name = basename(new URL(url).pathname)
  const lines = list
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of lines) {
    const match = /^([0-9a-f]{32,128})\s+\*?(.+)$/i.exec(line)
    if (match && basename(match[2] ?? '') === name) return (match[1] ?? '').toLowerCase()
    const bsd = /^(\w+) \((.+)\) = ([0-9a-f]{32,128})$/i.exec(line)
    if (bsd && bsd[1]?.toLowerCase() === algorithm && basename(bsd[2] ?? '') === name)
      return (bsd[3] ?? '').toLowerCase()
  }
  const only = lines.length === 1 ? /^([0-9a-f]{32,128})$/i.exec(lines[0] ?? '') : null
  return only ? (only[1] ?? '').toLowerCase() : null
}
