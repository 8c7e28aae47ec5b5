import { createHash } from 'node:crypto'
import type { Command } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import type { KeyPair } from './access/guest-key.ts'
import { type CloudInit, cloudConfigOf, cloudUser } from './cloud-init.ts'
import type { StaticAddress } from './guest-config.ts'
import type { GuestFiles } from './guest-files.ts'

export interface SeedSpec {
  readonly hostname: string
  readonly user: string
  /** Public key that may log in. */
  readonly authorizedKey: string
  /** The guest's own SSH host key: made before the guest, so its first login is verified and it need not make one. */
  readonly hostKey: KeyPair
  /** What else cloud-init is to do. */
  readonly cloudInit?: CloudInit
  /** The guest sets this address itself, on the interface with this MAC. */
  readonly address?: StaticAddress & { readonly mac: string }
  /** Processors may be plugged in while it runs: the guest then switches them on. */
  readonly hotplug?: boolean
}

/** The three files of cloud-init's NoCloud source. JSON is YAML, and needs no writer of its own. */
export interface SeedTexts {
  readonly userData: string
  readonly metaData: string
  readonly networkConfig: string
}

/** Source: cloudinit.readthedocs.io, NoCloud. */
export function seedTexts(spec: SeedSpec): SeedTexts {
  const { write_files: files = [], ...more } = spec.cloudInit ? cloudConfigOf(spec.cloudInit) : {}
  const writeFiles = [...(spec.hotplug ? [hotplugRule] : []), ...(files as readonly object[])]
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
        ssh_authorized_keys: [spec.authorizedKey, ...(spec.cloudInit?.ssh_authorized_keys ?? [])],
      },
      ...(spec.cloudInit?.users.map(cloudUser) ?? []),
    ],
    ssh_pwauth: false,
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: spec.hostKey.privateKey, ed25519_public: spec.hostKey.publicKey },
    ...(writeFiles.length === 0 ? {} : { write_files: writeFiles }),
    ...more,
  })}`
  // Images set up DHCP on their first interface by themselves: cloud-init would only do it again, seconds later.
  const networkConfig = json(spec.address ? staticNetwork(spec.address) : { version: 2, config: 'disabled' })
  // cloud-init acts once an instance id: it follows the content, so a guest made anew is a new instance.
  const id = createHash('sha256').update(userData).update(networkConfig).digest('hex').slice(0, 16)
  // dsmode local: users and keys are there before the network, so sshd need not wait for a second stage.
  const metaData = json({ 'instance-id': `hvlab-${id}`, 'local-hostname': spec.hostname, dsmode: 'local' })
  return { userData, metaData, networkConfig }
}

/** Source: cloudinit.readthedocs.io, networking config version 2. */
function staticNetwork({ ip, gateway, dns, mac }: StaticAddress & { readonly mac: string }): object {
  const main = {
    match: { macaddress: mac },
    addresses: [ip],
    ...(gateway === undefined ? {} : { routes: [{ to: '0.0.0.0/0', via: gateway }] }),
    ...(dns.length === 0 ? {} : { nameservers: { addresses: dns } }),
  }
  return { version: 2, ethernets: { main } }
}

/** A processor that is plugged in stays off until somebody writes 1 here; Debian and Ubuntu have no rule of their own. */
const hotplugRule = {
  path: '/etc/udev/rules.d/80-hvlab-cpu.rules',
  content: 'SUBSYSTEM=="cpu", ACTION=="add", TEST=="online", ATTR{online}=="0", ATTR{online}="1"\n',
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
