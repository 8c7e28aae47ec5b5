import { createHash } from 'node:crypto'
import { lines } from '../facts/text.ts'
import { type BuildMachine, buildMachine, type MirrorChoice, mirrorLines } from '../images/build-machine.ts'
import { type BuildReport, lineSplitter, paced } from '../images/build-report.ts'
import { isWorthShowing, packageProgress } from '../images/progress.ts'
import { lockKey } from '../images/store-lock.ts'
import type { Command } from '../model/command.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../model/host-access.ts'
import { type Release, suites } from '../model/sandbox-release.ts'
import { canonicalJson } from '../util/json.ts'
import { sh } from '../util/sh.ts'
import { treesFolder } from './label.ts'

/** systemd and sshd: what a freshly installed server has, and nothing that a role is to bring. */
const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'udev', 'openssh-server', 'sudo'],
  ...['iproute2', 'ca-certificates', 'procps'],
]
/** Where /bin and /lib are links into /usr, packages of today want it said. */
const merged: Readonly<Record<Release, readonly string[]>> = {
  'debian-11': [],
  'debian-12': ['usr-is-merged'],
  'debian-13': ['usr-is-merged'],
}
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

function sourceOf(suite: string): MirrorChoice {
  const sources = {
    [suite]: 'http://deb.debian.org/debian',
    [`${suite}-updates`]: 'http://deb.debian.org/debian',
    [`${suite}-security`]: 'http://deb.debian.org/debian-security',
  }
  return { components: ['main'], sources, keyring }
}

/** Raised when the recipe below changes, so that a tree of the old one is not taken for it. */
const recipe = 3

/** A tree is read only: every host is an overlay on it. */
export interface Tree {
  readonly release: Release
  readonly packages: readonly string[]
  /** Over everything that goes into it; 64 hexadecimal digits. */
  readonly key: string
  readonly folder: string
  readonly mirrors: readonly string[]
  readonly aptOptions: readonly string[]
}

/** The tree that this machine would build: with its own mirrors, and apt's settings that are needed to reach them. */
export async function wantedTree(host: HostAccess, release: Release): Promise<Tree> {
  return treeFor(await host.fact(buildMachine, keyring), release)
}

function treeFor(
  machine: Pick<BuildMachine, 'sources' | 'aptOptions' | 'architecture'>,
  release: Release,
): Tree {
  const suite = suites[release]
  const all = [...packages, ...merged[release]]
  const mirrors = mirrorLines(sourceOf(suite), machine)
  const { aptOptions, architecture } = machine
  const parts = { recipe, packages: all, suite, mirrors, aptOptions, architecture }
  const key = createHash('sha256').update(canonicalJson(parts)).digest('hex')
  return { release, packages: all, key, folder: `${treesFolder}/${key}`, mirrors, aptOptions }
}

/** Keys of the trees that are built. */
export async function storedTrees(host: HostAccess): Promise<string[]> {
  const { stdout } = await host.run(sh`ls ${treesFolder} 2>/dev/null`)
  return lines(stdout).filter((name) => /^[0-9a-f]{64}$/.test(name))
}

/** Builds the tree unless it is there; two at once build one. What an interrupted build leaves, the next one removes. */
export async function ensureTree(host: HostAccess, tree: Tree, report: BuildReport): Promise<void> {
  const exists = async () => (await host.run(sh`[ -d ${tree.folder} ]`)).exitCode === 0
  const lock = await lockKey(host, treesFolder, tree.key, report)
  try {
    if (await exists()) return
    await build(host, tree, lock.workFolder, report)
  } finally {
    await lock.release()
  }
}

async function build(host: HostAccess, tree: Tree, workFolder: string, report: BuildReport): Promise<void> {
  const tail: string[] = []
  const step = packageProgress()
  const show = paced(report)
  const split = lineSplitter((line) => {
    if (line.trim() === '') return
    tail.push(line)
    if (tail.length > 400) tail.splice(0, 200)
    show(step(line))
    if (isWorthShowing(line)) report.output('stderr', line)
  })
  const result = await host.run(buildCommand(tree, workFolder), { onOutput: (_stream, text) => split(text) })
  if (result.exitCode === 0) return
  throw new FailureError({
    reason: 'module',
    code: 'sandbox-tree-failed',
    message: `The tree of sandbox hosts with ${tree.release} could not be built (exit code ${result.exitCode}).`,
    hint: 'See which package or mirror the lines below name; `apt-get update` on this machine uses the same mirrors.',
    details: tail.slice(-20).join('\n'),
  })
}

/** In a mount namespace of its own, so that mmdebstrap's mounts cannot outlive it when it is killed. */
function buildCommand(tree: Tree, workFolder: string): Command {
  const root = `${workFolder}/root`
  const options = [
    ...['--mode=root', '--format=directory', '--variant=minbase', `--include=${tree.packages.join(',')}`],
    // Nothing of a build that is interrupted is kept, so nothing has to be flushed to disk while it runs.
    ...['--dpkgopt=force-unsafe-io', '--verbose'],
    ...tree.aptOptions.map((option) => `--aptopt=${option}`),
  ]
  // Kernel modules and settings are the machine's: applying them from several hosts at once fails now and then.
  const masked = [
    'systemd-modules-load.service',
    'systemd-sysctl.service',
    // Looks for LVM snapshots, of which a host has none; comes with libvirt's packages and was seen to fail once.
    'e2scrub_reap.service',
    'systemd-networkd-wait-online.service',
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
  ]
  // Once logind is there, a user's manager ends ten seconds after the last logout. A login at that moment was seen to
  // wait for more than a minute where the machine has control groups of version 1, so the manager stays.
  const logins = '[Login]\nUserStopDelaySec=infinity\n'
  return {
    ...sh`(set -e
unshare --mount --propagation private -- mmdebstrap ${options} ${suites[tree.release]} ${root} ${tree.mirrors}
systemctl --root ${root} --quiet enable systemd-networkd.service ssh.service
systemctl --root ${root} --quiet mask ${masked}
mkdir -p ${root}/etc/systemd/logind.conf.d
printf %s ${logins} >${root}/etc/systemd/logind.conf.d/hvlab.conf
: >${root}/etc/machine-id
rm -f ${root}/etc/ssh/ssh_host_* ${root}/etc/resolv.conf
# Certificates of this machine, for mirrors that are reached by way of its proxy.
[ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt ${root}/etc/ssl/certs/ca-certificates.crt
mv -T ${root} ${tree.folder})`,
    env: { LC_ALL: 'C.UTF-8' },
  }
}
