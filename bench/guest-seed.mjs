import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { output } from './programs.mjs'

/**
 * A seed for a guest that hvlab does not make: a user and a key, and as in hvlab's no network beside the image's own, so that the
 * guest keeps its first address. Written to `file` as ISO 9660 labelled `cidata`, new to cloud-init each time.
 */
export async function writeSeed(file, name, keyFile) {
  const publicKey = (await output('ssh-keygen', ['-y', '-f', keyFile])).trim()
  const users = [
    { name: 'hvlab', sudo: 'ALL=(ALL) NOPASSWD:ALL', shell: '/bin/bash', ssh_authorized_keys: [publicKey] },
  ]
  const identity = { 'instance-id': `bench-${Date.now()}`, 'local-hostname': name, dsmode: 'local' }
  const folder = mkdtempSync(join(tmpdir(), 'hvlab-seed-'))
  try {
    const texts = {
      'user-data': `#cloud-config\n${JSON.stringify({ users })}\n`,
      'meta-data': JSON.stringify(identity),
      'network-config': JSON.stringify({ version: 2, config: 'disabled' }),
    }
    for (const [text, content] of Object.entries(texts)) writeFileSync(join(folder, text), content)
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
    const iso = ['-as', 'mkisofs', '-quiet', '-V', 'cidata', '-J', '-r', '-o', file]
    await output('xorriso', [...iso, ...Object.keys(texts)], { cwd: folder })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
