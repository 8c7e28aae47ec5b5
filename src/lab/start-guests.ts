import type { Command } from '../model/command.ts'
import type { Connection } from '../model/connection.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { sh } from '../util/sh.ts'
import { sleep } from '../util/sleep.ts'
import { attemptLogin } from './access/guest-login.ts'
import { type DhcpEvidence, diagnose, type Evidence } from './diagnosis.ts'
import { setClock } from './guest-clock.ts'
import { configuredVcpus } from './guest-config.ts'
import { guestFiles } from './guest-files.ts'
import { domainName, guestMac } from './identity.ts'
import { type LibvirtState, readLibvirt } from './libvirt/libvirt-state.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'
import { virsh } from './libvirt/virsh.ts'
import { awaitLogin, deadlineFor, type NotReady, type Observation } from './readiness.ts'
import { serialTail } from './serial-log.ts'
import { startFailure } from './start-failure.ts'

/** A defined guest that should be up. */
export interface GuestToStart {
  readonly metadata: GuestMetadata
  readonly running: boolean
  /** It goes on from a moment that has passed: its clock is set. */
  readonly stoodStill?: boolean
}

export interface StartOptions {
  /** Path of the private key on the controller. */
  readonly keyFile: string
  /** Wait until a login works. */
  readonly wait: boolean
  /** Longest wait for a login; undefined: by the accelerator. */
  readonly deadlineSeconds: number | undefined
  /** Processors of the hypervisor. */
  readonly cpus: number
}

/** Seconds from start to login, by the guest's name. */
export type BootSeconds = ReadonlyMap<string, number>

/**
 * Starts guests and waits for logins, as many at once as the host can boot: a host that emulates more processors
 * than it has would let all of them miss their deadlines.
 */
export async function startGuests(
  context: ModuleContext,
  guests: readonly GuestToStart[],
  options: StartOptions,
): Promise<BootSeconds> {
  const queue = [...guests]
  const seconds = new Map<string, number>()
  const failures: FailureError[] = []
  const bootNext = async (): Promise<void> => {
    for (let guest = queue.shift(); guest; guest = queue.shift()) {
      try {
        seconds.set(guest.metadata.guest, await startGuest(context, guest, options))
      } catch (error) {
        // The others go on; a boot that worked need not be repeated.
        if (!(error instanceof FailureError) || error.failure.reason === 'cancelled') throw error
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: bootsAtOnce(guests, options.cpus) }, bootNext))
  const [first, ...others] = failures
  if (!first) return seconds
  if (others.length === 0) throw first
  throw new FailureError({
    ...first.failure,
    message: `${failures.length} of ${guests.length} guests failed. ${failures.map((each) => each.failure.message).join(' ')}`,
  })
}

/** KVM shares processors well; under emulation every vCPU of a boot wants a whole one. */
export function bootsAtOnce(guests: readonly GuestToStart[], cpus: number): number {
  const emulated = guests.filter((guest) => guest.metadata.accelerator === 'tcg')
  if (emulated.length === 0) return Math.min(guests.length, 2 * cpus)
  const widest = Math.max(...emulated.map(({ metadata }) => configuredVcpus(metadata)))
  return Math.min(guests.length, Math.max(1, Math.floor(cpus / widest)))
}

/** Seconds until the login. */
async function startGuest(
  context: ModuleContext,
  guest: GuestToStart,
  options: StartOptions,
): Promise<number> {
  const { metadata } = guest
  const domain = domainName(metadata.lab, metadata.guest)
  const files = guestFiles(domain)
  const started = performance.now()
  const passed = (): number => Math.round((performance.now() - started) / 100) / 10
  if (!guest.running) {
    // libvirt adds to the log, so that one that is resumed keeps it; a boot begins anew. virtlogd moves what is old to `.0` ….
    const old = guest.stoodStill ? [files.ready] : [files.ready, files.serialLog]
    const result = await context.run(
      sh`rm -f ${old} ${`${files.serialLog}.`}[0-9]; ${virsh} start ${domain} >/dev/null`,
    )
    if (result.exitCode !== 0) throw new FailureError(startFailure(domain, context.host, result.stderr))
  }
  if (!options.wait) return passed()
  const catchUp = guest.stoodStill ? (login: Connection) => setClock(context, metadata, login) : undefined
  const ready = await awaitLogin(
    {
      now: () => performance.now(),
      // An interruption ends the wait through the next command, which says so properly.
      sleep,
      attempt: () => attemptLogin(context, metadata, options.keyFile, catchUp),
      observe: () => observe(context, metadata.guest, domain, started),
    },
    deadlineFor(metadata.accelerator, options.deadlineSeconds),
  )
  if (!ready.ok) throw new FailureError(diagnose(await evidence(context, metadata, ready.error)))
  const seconds = passed()
  await context.run(
    guest.running || guest.stoodStill
      ? rememberLogin(domain)
      : sh`id=$(${virsh} domid ${domain}) && printf '%s %s\n' "$id" ${String(seconds)} > ${files.ready}`,
  )
  return seconds
}

/**
 * Of this start of the domain: a later run then need not log in to know that it works. How long the start took is not known of a
 * guest that ran before hvlab waited for it, nor of one that goes on from a saved state, unless it was seen earlier.
 */
function rememberLogin(domain: string): Command {
  const { ready } = guestFiles(domain)
  return sh`id=$(${virsh} domid ${domain}) && case "$(cat ${ready} 2>/dev/null)" in
  "$id"|"$id "*) ;;
  "- $id"|"- $id "*) sed -i 's/^- //' ${ready} ;;
  *) printf '%s\n' "$id" > ${ready} ;;
esac`
}

/** Before a change of what runs: whether a login still works afterwards has to be seen. How long the start took is kept. */
export function doubtLogin(domain: string): Command {
  const { ready } = guestFiles(domain)
  return sh`[ ! -e ${ready} ] || sed -i '/^- /!s/^/- /' ${ready}`
}

async function observe(
  context: ModuleContext,
  guest: string,
  domain: string,
  started: number,
): Promise<Observation> {
  const log = guestFiles(domain).serialLog
  const result = await context.run(
    sh`${virsh} domstate --reason ${domain} 2>/dev/null; echo "bytes $(stat -c %s ${log} 2>/dev/null)"; tail -c 300 ${log} 2>/dev/null`,
  )
  const [, state = '', bytes = '', tail = ''] =
    /^([\s\S]*?)\n?bytes (\d*)\n([\s\S]*)$/.exec(result.stdout) ?? []
  const words = state.trim()
  const line = serialTail(tail, 1)[0]?.trim() ?? ''
  context.progress({
    text: `${guest}: booting, ${Math.round((performance.now() - started) / 1000)} s${line ? `: ${line}` : ''}`,
  })
  return {
    state: words === '' ? undefined : words,
    running: words !== '' && !words.startsWith('shut off') && !words.startsWith('crashed'),
    serialBytes: Number(bytes),
    // The log was emptied before the start: this is about the boot that is waited for.
    panicked: /Kernel panic - not syncing/.test(tail),
  }
}

async function evidence(
  context: ModuleContext,
  metadata: GuestMetadata,
  notReady: NotReady,
): Promise<Evidence> {
  const domain = domainName(metadata.lab, metadata.guest)
  const serial = await context.run(sh`tail -c 16384 ${guestFiles(domain).serialLog}`)
  const qemu = await context.run(sh`tail -n 10 ${`/var/log/libvirt/qemu/${domain}.log`}`)
  const state = await readLibvirt(context, context.host)
  const agent = state.domains.find((each) => each.name === domain)?.agent
  return {
    domain,
    host: context.host,
    address: metadata.address,
    accelerator: metadata.accelerator,
    notReady,
    serialLog: serial.stdout,
    qemuLog: qemu.stdout,
    dhcp: await dhcpEvidence(context, metadata, state),
    ...(agent === undefined ? {} : { agent: agent === 'connected' ? 'connected' : 'disconnected' }),
  }
}

async function dhcpEvidence(
  context: ModuleContext,
  { lab, guest, network: name, address }: GuestMetadata,
  { networks }: LibvirtState,
): Promise<DhcpEvidence> {
  const network = networks.find((each) => each.name === name)
  if (network?.subnets.length === 0) return { network: name, server: 'none' }
  const server = await context.run(sh`kill -0 "$(cat ${`/run/libvirt/network/${name}.pid`})"`)
  const mac = guestMac(lab, guest)
  const leases = network?.leases ?? []
  const own = leases.find((entry) => entry.mac === mac)
  const other = leases.find((entry) => entry.address === address && entry.mac !== mac)
  return {
    network: name,
    server: server.exitCode === 0 ? 'running' : 'dead',
    ...(own ? { lease: own.address } : {}),
    ...(other ? { taken: other.mac } : {}),
  }
}
