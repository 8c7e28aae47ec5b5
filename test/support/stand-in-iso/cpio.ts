/** One entry of an archive. Folders above it are not made by themselves. */
export type CpioEntry =
  | { readonly path: string; readonly kind: 'folder' }
  | { readonly path: string; readonly kind: 'file'; readonly content: Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly kind: 'link'; readonly target: string }
  | { readonly path: string; readonly kind: 'character'; readonly major: number; readonly minor: number }

/**
 * An initrd as Linux unpacks it: cpio's `newc` format (documentation: buffer-format.rst of the kernel). Everything
 * belongs to root, whoever makes it; device nodes need no right to make any.
 */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = []
  entries.forEach((entry, index) => {
    const content =
      entry.kind === 'file'
        ? Buffer.from(entry.content)
        : Buffer.from(entry.kind === 'link' ? entry.target : '')
    const device = entry.kind === 'character' ? [entry.major, entry.minor] : [0, 0]
    parts.push(...member(entry.path, modeOf(entry), index + 1, content, device))
  })
  parts.push(...member('TRAILER!!!', 0, 0, Buffer.alloc(0), [0, 0]))
  return Buffer.concat(parts)
}

function modeOf(entry: CpioEntry): number {
  switch (entry.kind) {
    case 'folder':
      return 0o040755
    case 'file':
      return 0o100000 | (entry.mode ?? 0o644)
    case 'link':
      return 0o120777
    case 'character':
      return 0o020600
  }
}

function member(path: string, mode: number, inode: number, content: Buffer, device: number[]): Buffer[] {
  const name = Buffer.from(`${path}\0`)
  const links = 1
  const fields = [inode, mode, 0, 0, links, 0, content.length, 0, 0, ...device, name.length, 0]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`
  return [padded(Buffer.concat([Buffer.from(header), name])), padded(content)]
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
