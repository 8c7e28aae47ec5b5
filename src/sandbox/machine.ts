import { defineFact } from '../facts/fact.ts'
import { readSections, sections } from '../facts/sections.ts'
import { count, lines } from '../facts/text.ts'
import { FailureError } from '../model/failure.ts'
import { sh } from '../util/sh.ts'

/** What sandbox hosts need of the machine that carries them. */
export interface SandboxMachine {
  readonly missing: readonly string[]
  readonly root: boolean
  /** Network devices and mounts can be made (CAP_NET_ADMIN, CAP_SYS_ADMIN). */
  readonly privileged: boolean
  readonly tun: boolean
  /** Empty where an overlay can be mounted on /var/lib; else what mount said. */
  readonly overlay: string
  readonly systemd: boolean
  readonly cpus: number
  /** MTU of the way out: larger packets of the hosts would be lost behind a smaller one. */
  readonly mtu: number
  /** Name servers that hosts behind this machine can use. */
  readonly resolvConf: string
}

/** Command → the Debian and Ubuntu package that has it. */
const tools = {
  'systemd-nspawn': 'systemd-container',
  mmdebstrap: 'mmdebstrap',
  ip: 'iproute2',
  iptables: 'iptables',
  'ssh-keygen': 'openssh-client',
  setsid: 'util-linux',
  flock: 'util-linux',
} as const
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const packageOf: Readonly<Record<string, string>> = { ...tools, [keyring]: 'debian-archive-keyring' }

/** Bits of capabilities(7). */
const needed = (1n << 12n) | (1n << 21n)

export const sandboxMachine = defineFact<[], SandboxMachine>({
  name: 'sandbox-machine',
  command: () =>
    sh`PATH="$PATH:/usr/sbin:/sbin"; ${sections({
      missing: sh`for tool in ${Object.keys(tools)}; do command -v "$tool" >/dev/null || echo "$tool"; done; [ -r ${keyring} ] || echo ${keyring}`,
      uid: sh`id -u`,
      capabilities: sh`sed -n 's/^CapEff:[^0-9a-f]*//p' /proc/self/status`,
      tun: sh`[ -c /dev/net/tun ] && echo yes`,
      // In a mount namespace of its own: whatever happens, no mount is left.
      overlay: sh`try=$(mktemp -d /var/lib/hvlab-try.XXXXXX) && mkdir "$try/l" "$try/u" "$try/w" "$try/m" && unshare --mount mount -t overlay hvlab-try -o "lowerdir=$try/l,upperdir=$try/u,workdir=$try/w" "$try/m" 2>&1; rm -rf "$try"`,
      booted: sh`[ -d /run/systemd/system ] && echo yes`,
      cpus: sh`nproc`,
      mtu: sh`cat "/sys/class/net/$(ip -4 route show default | sed -n '1s/.* dev \\([^ ]*\\).*/\\1/p')/mtu"`,
      // A stub resolver on loopback is none for others; its own sources are.
      resolv: sh`if grep -q '^nameserver *127\\.' /etc/resolv.conf && [ -r /run/systemd/resolve/resolv.conf ]; then cat /run/systemd/resolve/resolv.conf; else cat /etc/resolv.conf; fi`,
    })}`,
  parse({ stdout }) {
    const section = readSections(stdout)
    const mask = /^[0-9a-f]{1,16}$/.test(section('capabilities'))
      ? BigInt(`0x${section('capabilities')}`)
      : 0n
    return {
      missing: lines(section('missing')),
      root: section('uid') === '0',
      privileged: (mask & needed) === needed,
      tun: section('tun') === 'yes',
      overlay: section('overlay').trim(),
      systemd: section('booted') === 'yes',
      cpus: count(section('cpus')) || 1,
      mtu: count(section('mtu')) || 1500,
      resolvConf: lines(section('resolv'))
        .filter((line) => /^(nameserver|search|options)\s/.test(line))
        .map((line) => `${line}\n`)
        .join(''),
    }
  },
})

/** Throws with everything that stands in the way, each with what to do. */
export function requireSandboxMachine(machine: SandboxMachine): void {
  const problems = problemsOf(machine)
  if (problems.length === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'sandbox-not-possible',
    message: `This machine cannot carry sandbox hosts: ${problems.map(({ why }) => why).join('; ')}.`,
    hint: problems.map(({ hint }) => hint).join(' '),
  })
}

function problemsOf(machine: SandboxMachine): { why: string; hint: string }[] {
  const { missing, root, privileged, tun, overlay } = machine
  const problems: { why: string; hint: string }[] = []
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((tool) => packageOf[tool] ?? tool))].join(' ')
    problems.push({
      why: `it lacks ${missing.join(', ')}`,
      hint: `On Debian and Ubuntu: \`apt-get install --no-install-recommends ${packages}\`.`,
    })
  }
  if (!root) {
    problems.push({ why: 'it takes root', hint: 'Run hvlab as root, or as a user who may use sudo.' })
    return problems
  }
  if (!privileged) {
    problems.push({
      why: 'root may make neither mounts nor network devices here, which is so in most containers',
      hint: 'Use a virtual machine, or start the container with all privileges (docker: --privileged).',
    })
    return problems
  }
  if (!tun)
    problems.push({
      why: 'it has no /dev/net/tun, which guests’ network cards need',
      hint: 'Load it with `modprobe tun`, or hand it to the container (docker: --device /dev/net/tun).',
    })
  // Without unshare nothing was tried; it is in util-linux like the others.
  if (overlay !== '')
    problems.push({
      why: `it cannot mount an overlay in /var/lib (${overlay.split('\n')[0] ?? ''})`,
      hint: 'Load it with `modprobe overlay`; /var/lib must be on ext4, xfs or btrfs, not on an overlay itself.',
    })
  return problems
}
