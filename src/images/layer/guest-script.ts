import type { Command } from '../../model/command.ts'
import { renderCommand, sh } from '../../util/sh.ts'
import { cleanUp } from '../autoinstall/clean-up.ts'
import { failureMarker, successMarker } from '../installer/marker.ts'
import type { LayerContent } from './layer-content.ts'

export interface LayerBuild {
  /** Random text of letters and digits that only this build knows: who repeats it has run its commands. */
  readonly nonce: string
  /** After a failure a shell waits on the console. */
  readonly keepOnError?: boolean
}

/** QEMU's disks have sectors of this many bytes; the rest of the last one is filled with line ends. */
const sector = 512

/**
 * The program that makes a layer. It is the first process of the machine (`init=/bin/sh -- /dev/vdb`) and the disk
 * that it is read from has nothing else: systemd and cloud-init never run, so the image stays one that was never
 * booted, and packages are set up as in a chroot, where an installer sets them up, too. POSIX shell.
 */
export function layerScript(content: LayerContent, build: LayerBuild): string {
  const fetches = content.packages.length > 0 || content.updates !== 'none'
  const steps = [
    ...(fetches ? [sh`step network ${'connecting to the network'} network`] : []),
    ...(content.grow ? [sh`step disk ${'growing the root file system'} grow`] : []),
    ...(fetches ? [sh`step packages/lists ${'reading the package lists'} lists`] : []),
    ...(content.packages.length === 0
      ? []
      : [sh`step packages/install ${`installing ${content.packages.join(' ')}`} packages`]),
    ...(content.updates === 'none' ? [] : [sh`step updates ${'installing updates'} updates`]),
    sh`step clean-up ${'cleaning up'} clean_up`,
  ]
  const text = lines([
    prologue,
    reporting(build),
    network,
    grow,
    apt(content),
    cleaning(content),
    ...steps,
    ending(build.nonce),
  ])
  const script = renderCommand(text)
  const size = Buffer.byteLength(script)
  return script + '\n'.repeat(Math.ceil(size / sector) * sector - size)
}

function lines(commands: readonly Command[]): Command {
  return { parts: commands.flatMap(({ parts }) => [...parts, { kind: 'shell' as const, text: '\n' }]) }
}

/** File systems that systemd would mount; an initrd may have done a part. Packages must start nothing (policy-rc.d). */
const prologue = sh`export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical NEEDRESTART_MODE=a
[ -e /proc/mounts ] || mount -t proc proc /proc
mounted() { while read -r _ folder _; do [ "$folder" != "$1" ] || return 0; done </proc/mounts; return 1; }
mounted /sys || mount -t sysfs sysfs /sys
mounted /dev || mount -t devtmpfs devtmpfs /dev
mounted /run || mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm /run/hvlab /run/lock
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
ln -sf /proc/self/fd /dev/fd; ln -sf fd/0 /dev/stdin; ln -sf fd/1 /dev/stdout; ln -sf fd/2 /dev/stderr
chmod 1777 /dev/shm /run/lock /tmp
mount -o remount,rw /
rm -f /etc/hvlab-image
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d`

/**
 * Steps are told on the serial console in the form of an installer's events. A step that fails ends the layer: with what
 * apt, dpkg or the last command said, the logs on their port, and the end of the machine, all within a second.
 */
function reporting({ nonce, keepOnError }: LayerBuild): Command {
  const end = keepOnError === true ? sh`exec /bin/sh <>/dev/ttyS0 >&0 2>&1` : sh`power_off`
  return sh`say() { printf '%s\\n' "$*" >/dev/ttyS0; }
power_off() { sync; echo o >/proc/sysrq-trigger; while :; do sleep 1; done; }
step() {
  name=hvlab/Layer/$1; text=$2; shift 2
  say "start: $name: $text"
  { (set -e; "$@") </dev/null 2>&1; echo $? >/run/hvlab/code; } | tee /run/hvlab/step.log >/dev/ttyS0
  cat /run/hvlab/step.log >>/run/hvlab/layer.log
  if [ "$(cat /run/hvlab/code)" = 0 ]; then say "finish: $name: SUCCESS: $text"; else fail; fi
}
fail() {
  message=$(grep -m 1 -E '^(E: |dpkg: error)' /run/hvlab/step.log) || message=$(tail -n 1 /run/hvlab/step.log)
  say "finish: $name: FAIL: $message"
  for port in /sys/class/virtio-ports/*; do
    [ "$(cat "$port/name" 2>/dev/null)" = hvlab.logs ] || continue
    tar -C / -czf - run/hvlab/layer.log run/hvlab/package-names var/log/apt var/log/dpkg.log 2>/dev/null >"/dev/$(basename "$port")"
  done
  say ${failureMarker(nonce)}
  ${end}
}`
}

/**
 * QEMU's user network is always the same (docs/system/devices/net.rst of QEMU), so no DHCP client is needed. Drivers are
 * loaded as udev would: by the alias of each device.
 */
const network = sh`network() {
  find /sys/devices -name modalias -exec cat {} + | sort -u | xargs modprobe -a -b -q || true
  for device in /sys/class/net/*; do device=$(basename "$device"); [ "$device" = lo ] || break; done
  if [ "$device" = lo ]; then echo 'the machine has no network interface'; return 1; fi
  ip link set lo up; ip link set "$device" up
  ip addr add 10.0.2.15/24 dev "$device"; ip route add default via 10.0.2.2
  if [ -e /etc/resolv.conf ] || [ -L /etc/resolv.conf ]; then mv /etc/resolv.conf /etc/resolv.conf.hvlab; fi
  echo 'nameserver 10.0.2.3' >/etc/resolv.conf
}`

/** growpart ends with 1 and says NOCHANGE where there is nothing to do; a disk without partitions is the file system. */
const grow = sh`grow() {
  root=$(sed -n 's/.*\\broot=\\([^ ]*\\).*/\\1/p' /proc/cmdline)
  disk=\${root%%[0-9]*}
  if [ "$disk" != "$root" ]; then
    growpart "$disk" "\${root#"$disk"}" >/run/hvlab/growpart 2>&1 || grep -q NOCHANGE /run/hvlab/growpart || { cat /run/hvlab/growpart; return 1; }
  fi
  resize2fs "$root" >/dev/null
}`

function apt({ packages, updates }: LayerContent): Command {
  const get = sh`apt-get -y -q -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-unsafe-io`
  // Only what the suite for security has: the machine's other sources are left out for this one command.
  const security = sh`sed -n '/^deb .*-security/p' $(find /etc/apt -name '*.list') >/run/hvlab/security.list
  if [ ! -s /run/hvlab/security.list ]; then echo 'E: no list of apt names a suite for security'; return 1; fi
  ${get} -o Dir::Etc::SourceList=/run/hvlab/security.list -o Dir::Etc::SourceParts=/dev/null upgrade --with-new-pkgs`
  return sh`lists() { apt-get -q -o APT::Update::Error-Mode=any update; }
updates() {
  ${updates === 'all' ? sh`${get} upgrade --with-new-pkgs` : security}
}
packages() {
  ${get} --no-install-recommends install ${packages} && return 0
  apt-cache pkgnames >/run/hvlab/package-names 2>/dev/null
  return 1
}`
}

/** Lists of commands joined by && are not ended by `set -e`, so each is asked for its success. */
function cleaning({ trimming }: LayerContent): Command {
  const all = [undone, ...cleanUp(trimming, { root: '', run: sh`env` })]
  return sh`clean_up() {
${lines(all.map((command) => sh`{ ${command}; } || return 1`))}}`
}

/** What this script has put in place; a package may have brought a resolv.conf of its own. */
const undone = sh`rm -f /usr/sbin/policy-rc.d
if [ -e /etc/resolv.conf.hvlab ] || [ -L /etc/resolv.conf.hvlab ]; then mv /etc/resolv.conf.hvlab /etc/resolv.conf; else rm -f /etc/resolv.conf; fi`

/** The journal of a file system that is read-only again needs no replay; then nothing more is written. */
function ending(nonce: string): Command {
  return sh`say 'start: hvlab/Layer/shutdown: powering off'
echo nonce=${nonce} >/etc/hvlab-image
kill -KILL -1 2>/dev/null
tries=0
until mount -o remount,ro / 2>/run/hvlab/step.log; do
  tries=$((tries+1))
  if [ "$tries" -ge 50 ]; then name=hvlab/Layer/shutdown; fail; fi
  sleep 0.1
done
sync
say ${successMarker(nonce)}
power_off`
}
