import type { KeyPair } from '../lab/access/guest-key.ts'
import { sshBanner } from '../lab/access/ssh-banner.ts'
import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { Secret, sh } from '../util/sh.ts'
import { sleep } from '../util/sleep.ts'
import { bridgeNameOf } from './bridge.ts'
import { hostFiles, mountLabel } from './label.ts'
import type { SandboxMachine } from './machine.ts'
import { type HostRecord, recordArgument } from './record.ts'

export interface NewHost {
  readonly record: HostRecord
  readonly hostKey: KeyPair
  /** Public key that may log in as root. */
  readonly authorizedKey: string
  readonly gateway: string
  readonly machine: Pick<SandboxMachine, 'mtu' | 'resolvConf'>
}

/** Makes a host's files: an overlay on the tree with name, address, name servers, key and login. The record comes last. */
export function prepareHost({ record, hostKey, authorizedKey, gateway, machine }: NewHost): Command {
  const { sandbox, host, address } = record
  const files = hostFiles(sandbox, host)
  const network = `[Match]
Name=host0
[Link]
MTUBytes=${machine.mtu}
[Network]
Address=${address}/24
Gateway=${gateway}
LinkLocalAddressing=no
`
  return sh`(set -e; PATH="$PATH:/usr/sbin:/sbin"; umask 022
mkdir -p ${files.folder}; chmod 0700 ${files.folder}
# What lies there has no record: an interrupted run left it.
! mountpoint -q ${files.root} || umount ${files.root}
rm -rf --one-file-system ${files.upper} ${files.work} ${files.root}
mkdir ${files.upper} ${files.work} ${files.root}
${mountHost(record)}
cd ${files.root}
printf '%s\\n' ${host} >etc/hostname
printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' ${host} >etc/hosts
printf %s ${machine.resolvConf} >etc/resolv.conf
printf %s ${network} >etc/systemd/network/10-host0.network
mkdir -p -m 0700 root/.ssh
printf '%s\\n' ${authorizedKey} >root/.ssh/authorized_keys
(umask 077; printf %s ${new Secret(hostKey.privateKey)} >etc/ssh/ssh_host_ed25519_key)
printf '%s\\n' ${hostKey.publicKey} >etc/ssh/ssh_host_ed25519_key.pub
printf '%s\\n' ${JSON.stringify(record)} >${`${files.record}.new`}
mv ${`${files.record}.new`} ${files.record})`
}

function mountHost({ sandbox, host, tree }: HostRecord): Command {
  const files = hostFiles(sandbox, host)
  const layers = `lowerdir=${tree},upperdir=${files.upper},workdir=${files.work}`
  return sh`mountpoint -q ${files.root} || mount -t overlay ${mountLabel(sandbox, host)} -o ${layers} ${files.root}`
}

/**
 * Starts a prepared host. It outlives hvlab and the login session: where systemd runs, as a transient service like those
 * of systemd-nspawn@.service; elsewhere in a session of its own.
 */
export function bootHost(record: HostRecord, { systemd }: Pick<SandboxMachine, 'systemd'>): Command {
  const { sandbox, host } = record
  const files = hostFiles(sandbox, host)
  const unit = `hvlab-sandbox-${sandbox}-${host}`
  const start = systemd
    ? sh`systemd-run --quiet --collect ${`--unit=${unit}`} --slice=machine.slice --property=Delegate=yes --property=KillMode=mixed --property=TasksMax=16384 ${`--property=StandardOutput=append:${files.console}`} ${`--property=StandardError=append:${files.console}`} --`
    : sh`setsid --fork`
  const words = [
    // Not a machine of systemd-machined, which may not even run.
    ...['--register=no', '--keep-unit', '--quiet', '--console=pipe', '--link-journal=no'],
    ...['--resolv-conf=off', '--timezone=off', `--directory=${files.root}`, `--machine=${host}-${sandbox}`],
    ...['--boot', `--network-bridge=${bridgeNameOf(sandbox)}`],
    // What a hypervisor needs: bridges, NAT, tap devices.
    // The clock is the machine's: an NTP daemon, `date -s` or timedatectl in a host would set it for everybody.
    ...['--capability=all', '--drop-capability=CAP_SYS_TIME'],
    ...['--bind=/dev/net/tun', '--system-call-filter=@keyring bpf'],
    recordArgument(record),
  ]
  return sh`(PATH="$PATH:/usr/sbin:/sbin"; ${mountHost(record)} || exit
cd / && : >${files.console} && ${start} systemd-nspawn ${words} </dev/null >>${files.console} 2>&1)`
}

/** Longest boot that is waited for; 3 s are usual. */
const bootLimitMs = 60_000

/** Resolves when sshd answers. The failure of a host that does not come up quotes its console. */
export async function untilReady(
  context: Pick<ModuleContext, 'run' | 'connection' | 'signal'>,
  { sandbox, host, address }: HostRecord,
): Promise<void> {
  const connection = await context.connection()
  const deadline = performance.now() + bootLimitMs
  for (;;) {
    const banner = await sshBanner(connection, address)
    if (banner.answers) {
      banner.stream.destroy()
      return
    }
    if (performance.now() > deadline) break
    await sleep(100, context.signal)
  }
  const { stdout } = await context.run(sh`tail -c 3000 ${hostFiles(sandbox, host).console}`)
  throw new FailureError({
    reason: 'module',
    code: 'sandbox-host-not-up',
    message: `The sandbox host ${host} did not come up: nothing answers on ${address} port 22 after ${bootLimitMs / 1000} s.`,
    hint: 'The end of its console follows. `hvlab sandbox down` removes it.',
    details: stdout,
  })
}
