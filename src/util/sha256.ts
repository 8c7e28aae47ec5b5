import type { Command } from '../model/command.ts'
import { sh } from './sh.ts'

/**
 * Defines `sha256`: prints the SHA-256 of its input, 64 hex digits and whatever follows. For much data: OpenSSL uses the
 * processor's instructions and is four times as fast as coreutils before 9.5 (measured: 1.4 GB/s against 0.35), but starts slower.
 */
export function defineSha256(): Command {
  return sh`sha256() { if command -v openssl >/dev/null; then openssl dgst -sha256 -r; else sha256sum; fi; }
`
}
