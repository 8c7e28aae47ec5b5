import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { must, tool } from '../tool.ts'

/** Where tests keep what a later run of theirs can use again: the hosts' tree, and images. */
export const testCache = '/var/tmp/hvlab-test'

const packages = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'udev',
  'openssh-server',
  'sudo',
  'iproute2',
  'ca-certificates',
  'procps',
]

/** apt's settings of this machine that decide whether mirrors are reached; hosts made from the tree need them too. */
const aptSettings = [
  'Acquire::http::Proxy',
  'Acquire::https::Proxy',
  'Acquire::Check-Valid-Until',
  'Acquire::Check-Date',
]

/**
 * The folder of a bare Debian 12 with systemd and sshd, built from packages once (20 s) and then read only: hosts are
 * overlays on it.
 */
export function hostTree(): string {
  const options = aptSettings.flatMap((name) => {
    const value = must('apt-config', ['shell', 'value', name]).match(/^value='(.*)'$/m)?.[1]
    return value === undefined ? [] : [`${name} "${value}";`]
  })
  const mirrors = mirrorLines()
  const key = createHash('sha256')
    .update(JSON.stringify([4, packages, options, mirrors]))
    .digest('hex')
    .slice(0, 16)
  const tree = join(testCache, 'trees', key)
  if (existsSync(tree)) return tree
  const building = `${tree}.${process.pid}`
  mkdirSync(join(testCache, 'trees'), { recursive: true })
  try {
    must('mmdebstrap', [
      '--mode=root',
      '--format=directory',
      '--variant=minbase',
      `--include=${packages.join(',')}`,
      '--dpkgopt=force-unsafe-io',
      ...options.map((option) => `--aptopt=${option}`),
      '--quiet',
      'bookworm',
      building,
      ...mirrors,
    ])
    must('systemctl', ['--root', building, '--quiet', 'enable', 'systemd-networkd.service', 'ssh.service'])
    // Kernel modules are the machine's: loading them from several hosts at once fails now and then.
    const masked = [
      'systemd-modules-load.service',
      'systemd-networkd-wait-online.service',
      'apt-daily.timer',
      'apt-daily-upgrade.timer',
    ]
    for (const unit of masked) must('systemctl', ['--root', building, '--quiet', 'mask', unit])
    must('sh', ['-c', 'rm -f "$1"/etc/ssh/ssh_host_*', 'sh', building])
    // Certificates of this machine, for mirrors that are reached by way of its proxy.
    tool('cp', ['/etc/ssl/certs/ca-certificates.crt', join(building, 'etc/ssl/certs/ca-certificates.crt')])
    const now = new Date()
    utimesSync(building, now, now)
    renameSync(building, tree)
  } catch (error) {
    rmSync(building, { recursive: true, force: true })
    throw error
  }
  return tree
}

/** This machine's own mirrors of Debian 12, where it has any; none lets mmdebstrap choose Debian's. */
function mirrorLines(): string[] {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
  const listed = must('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ])
  const own = listed
    .split('\n')
    .filter((line) => /^https?:\S*debian\S* bookworm(-updates|-security)? main$/.test(line))
    .map((line) => `deb [signed-by=${keyring}] ${line}`)
  return own.some((line) => line.endsWith(' bookworm main')) ? own : []
}

/** Name servers as hosts behind this machine can use them: a stub resolver on loopback is none. */
export function resolvConf(): string {
  const stub = readFileSync('/etc/resolv.conf', 'utf8')
  const upstream = '/run/systemd/resolve/resolv.conf'
  return /^nameserver\s+127\./m.test(stub) && existsSync(upstream) ? readFileSync(upstream, 'utf8') : stub
}
