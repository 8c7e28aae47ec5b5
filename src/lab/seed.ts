import { createHash } from 'node:crypto'
import type { Command } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import type { GuestFiles } from './guest-files.ts'
import type { KeyPair } from './guest-key.ts'

export interface SeedSpec {
  readonly hostname: string
  readonly user: string
  /** Public key that may log in. */
  readonly authorizedKey: string
  /** The guest's own SSH host key: made before the guest, so its first login is verified and it need not make one. */
  readonly hostKey: KeyPair
}

/** The three files of cloud-init's NoCloud source. JSON is YAML, and needs no writer of its own. */
export interface SeedTexts {
  readonly userData: string
  readonly metaData: string
  readonly networkConfig: string
}

/** Source: cloudinit.readthedocs.io, NoCloud. */
export function seedTexts(spec: SeedSpec): SeedTexts {
  const userData = `#cloud-config\n${json({
    hostname: spec.hostname,
    manage_etc_hosts: true,
    users: [
      {
        name: spec.user,
        gecos: 'hvlab',
        shell: '/bin/bash',
        lock_passwd: true,
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        ssh_authorized_keys: [spec.authorizedKey],
      },
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: spec.hostKey.privateKey, ed25519_public: spec.hostKey.publicKey },
  })}`
  // Images set up DHCP on their first interface by themselves: cloud-init would only do it again, seconds later.
  const networkConfig = json({ version: 2, config: 'disabled' })
  // cloud-init acts once an instance id: it follows the content, so a guest made anew is a new instance.
  const id = createHash('sha256').update(userData).update(networkConfig).digest('hex').slice(0, 16)
  // dsmode local: users and keys are there before the network, so sshd need not wait for a second stage.
  const metaData = json({ 'instance-id': `hvlab-${id}`, 'local-hostname': spec.hostname, dsmode: 'local' })
  return { userData, metaData, networkConfig }
}

/**
 * Writes the seed as ISO 9660 labelled `cidata`. The host key travels on stdin, never in a command line, and no file
 * on the way is readable by others; QEMU's user gets the image from libvirt when the guest starts.
 */
export function writeSeed(texts: SeedTexts, files: GuestFiles): Command {
  return {
    ...sh`(umask 077 && d=$(mktemp -d) && trap 'rm -rf "$d"' EXIT && cat > "$d/user-data" && printf '%s' ${texts.metaData} > "$d/meta-data" && printf '%s' ${texts.networkConfig} > "$d/network-config" && rm -f ${files.seed} && xorriso -as mkisofs -quiet -V cidata -J -r -o ${files.seed} "$d/user-data" "$d/meta-data" "$d/network-config")`,
    stdin: texts.userData,
  }
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
