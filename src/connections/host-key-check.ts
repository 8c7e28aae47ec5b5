import { type Failure, FailureError } from '../model/failure.ts'
import {
  fingerprint,
  type KnownHost,
  type KnownKey,
  knownHostName,
  lookUpHost,
  pinKey,
} from './known-hosts.ts'
import type { SshTarget } from './ssh-target.ts'

/** Decides about the key that a host shows, before anything secret is sent to it. */
export interface HostKeyCheck {
  /** Key types that are known for the host: the host is asked for one of those, else a good host could look changed. */
  readonly knownTypes: readonly string[]
  /** Resolves when the key is good. Rejects with a FailureError of reason `host-key`. */
  verify(key: Buffer): Promise<void>
}

/** @param pinned A public key (`ssh-ed25519 AAAA…`) that alone is accepted; no file is asked then. */
export async function hostKeyCheck(
  target: SshTarget,
  pinned: string | undefined,
  note: (text: string) => void,
): Promise<HostKeyCheck> {
  if (pinned !== undefined) return pinnedCheck(target, pinned)
  const files = [...new Set([...target.knownHostsFiles, target.ownKnownHostsFile])]
  const known = await lookUpHost(target.hostKeyName, target.port, files)
  return {
    knownTypes: known.keys.filter(({ revoked }) => !revoked).map(({ type }) => type),
    verify: async (blob) => {
      const key = blob.toString('base64')
      const type = keyType(blob)
      const same = known.keys.filter((entry) => entry.key === key)
      const revoked = same.find((entry) => entry.revoked)
      if (revoked !== undefined) throw new FailureError(revokedKey(known, revoked))
      if (same.length > 0) return
      const other = known.keys.find((entry) => !entry.revoked)
      if (other !== undefined) throw new FailureError(changedKey(known, key, other))
      if (target.hostKeyPolicy === 'no') return
      if (await knownWithoutPort(target, files, key)) return
      if (target.hostKeyPolicy === 'yes') throw new FailureError(unknownKey(known, type, key, files))
      const meanwhile = await pinKey(target.ownKnownHostsFile, known.name, type, key)
      if (meanwhile !== undefined) throw new FailureError(changedKey(known, key, meanwhile))
      note(`${known.name}: new host key ${type} ${fingerprint(key)} stored in ${target.ownKnownHostsFile}`)
    },
  }
}

function pinnedCheck(target: SshTarget, pinned: string): HostKeyCheck {
  const [type = '', key = ''] = pinned.trim().split(/\s+/)
  return {
    knownTypes: [type],
    verify: async (blob) => {
      const shown = blob.toString('base64')
      if (shown === key) return
      throw new FailureError({
        reason: 'host-key',
        code: 'host-key-changed',
        message: `${knownHostName(target.hostKeyName, target.port)} shows the host key ${fingerprint(shown)}, but ${fingerprint(key)} is set for it (hvlab_host_key)`,
        hint: 'Another machine answers at this address, or the host was installed anew.',
      })
    },
  }
}

/** OpenSSH also takes the entry of the plain name for another port, when the key is that one. */
async function knownWithoutPort(target: SshTarget, files: readonly string[], key: string): Promise<boolean> {
  if (target.port === 22) return false
  const plain = await lookUpHost(target.hostKeyName, 22, files)
  return plain.keys.some((entry) => !entry.revoked && entry.key === key)
}

/** A public key's blob begins with the length and text of its type (RFC 4253, 6.6). */
function keyType(blob: Buffer): string {
  return blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))
}

function changedKey({ name }: KnownHost, key: string, known: KnownKey): Failure {
  return {
    reason: 'host-key',
    code: 'host-key-changed',
    message: `The host key of ${name} has changed: it shows ${fingerprint(key)}, but ${known.file}:${known.line} has ${fingerprint(known.key)}`,
    hint: `Another machine may be answering. If the host was installed anew: ssh-keygen -R '${name}' -f ${known.file}`,
  }
}

function revokedKey({ name }: KnownHost, known: KnownKey): Failure {
  return {
    reason: 'host-key',
    code: 'host-key-revoked',
    message: `The host key of ${name} (${fingerprint(known.key)}) is marked @revoked in ${known.file}:${known.line}`,
    hint: 'The key is known to be compromised. Give the host a new one.',
  }
}

function unknownKey({ name }: KnownHost, type: string, key: string, files: readonly string[]): Failure {
  return {
    reason: 'host-key',
    code: 'host-key-unknown',
    message: `The host key of ${name} (${type} ${fingerprint(key)}) is not known, and host key checking is strict`,
    hint: `Compare the fingerprint and add the key to ${files[0] ?? 'known_hosts'}, or set ansible_host_key_checking: accept-new.`,
  }
}
