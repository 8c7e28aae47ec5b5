// The system packages that the tests use, by the command that proves each one.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const PACKAGES = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  virsh: 'libvirt-clients',
  libvirtd: 'libvirt-daemon-system',
  dnsmasq: 'dnsmasq-base',
  iptables: 'iptables',
  mmdebstrap: 'mmdebstrap',
  xorriso: 'xorriso',
  sfdisk: 'fdisk',
  packer: 'packer',
  curl: 'curl',
  wget: 'wget',
  git: 'git',
  gpgv: 'gpgv',
  gpg: 'gnupg',
  sysbench: 'sysbench',
  sshd: 'openssh-server',
  'ssh-keygen': 'openssh-client',
  sudo: 'sudo',
  'systemd-nspawn': 'systemd-container',
  ip: 'iproute2',
  iperf3: 'iperf3',
  cpp: 'cpp',
  ping: 'iputils-ping',
  zstd: 'zstd',
  tmux: 'tmux',
  chromium: 'chromium',
  pydoc3: 'python3',
}

/** Installs what is missing where that is possible (root, Debian or Ubuntu), else names it and goes on. */
export function ensureTestPackages() {
  const missing = Object.entries(PACKAGES)
    .filter(([command]) => !onPath(command))
    .map(([, name]) => name)
  if (missing.length === 0) return
  const line = `apt-get install --no-install-recommends ${missing.join(' ')}`
  if (process.getuid?.() !== 0 || !isDebianFamily()) {
    process.stderr.write(
      `hvlab set-up: missing for some tests: ${missing.join(', ')}\n` +
        `hint: on Debian or Ubuntu, as root: ${line}\n` +
        'Tests that need them say so and are skipped.\n',
    )
    return
  }
  process.stderr.write(`hvlab set-up: ${line}\n`)
  const options = {
    stdio: ['ignore', 'ignore', 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  const updated = spawnSync('apt-get', ['update', '-q'], options)
  const installed = spawnSync(
    'apt-get',
    ['install', '-y', '-q', '--no-install-recommends', ...missing],
    options,
  )
  if (updated.status !== 0 || installed.status !== 0) {
    process.stderr.write('error: the system packages could not be installed; see the messages above.\n')
    process.exit(1)
  }
}

function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => existsSync(join(folder, command)))
}

function isDebianFamily() {
  try {
    return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
