import { createHash } from 'node:crypto'
import type { Command } from '../model/command.ts'
import { renderCommand, Secret, sh } from '../util/sh.ts'
import type { BridgePlan, FileChange } from './bridge-plan.ts'
import { type BridgeRecord, bridgeFolder, bridgesFolder, tokens } from './record.ts'

/** Which way a switch goes. */
export type Direction = 'to-bridge' | 'to-card'

const back = { 'to-bridge': 'to-card', 'to-card': 'to-bridge' } as const
/** What the bridge is when a switch was undone. */
const afterUndoing = { 'to-bridge': tokens.undone, 'to-card': tokens.made } as const

/** Codes of `confirmSwitch`. */
export const answers = { confirmed: 0, notYet: 10, undone: 11 } as const

/** In the log when the way there ended with an error. */
export const changeFailed = 'the change itself failed'

/** Writes a bridge's folder: who it is of, both scripts, and sums of what they write. Nothing is changed yet. */
export function prepareFolder(record: BridgeRecord, plan: BridgePlan): Command {
  const folder = bridgeFolder(record.bridge)
  const sums = plan.changes
    .flatMap(({ path, after }) => (after === undefined ? [] : [`${sha256(after)}  ${path}\n`]))
    .join('')
  const toBridge = wayScript(plan, 'after', plan.toBridge)
  const toCard = wayScript(plan, 'before', plan.toCard)
  // Configurations may hold passwords: root's alone, and not in the journal.
  return sh`(umask 077; rm -rf --one-file-system ${folder} && mkdir -p ${folder} && cd ${folder} &&
printf %s ${new Secret(toBridge)} >to-bridge && printf %s ${new Secret(toCard)} >to-card &&
printf %s ${sums} >sums && printf %s ${JSON.stringify(record)} >record.json)`
}

/**
 * Starts a switch in a process of its own, which outlives the connection that it may cut: it goes the way, waits until
 * `limitS` seconds are over or somebody confirmed, and goes back otherwise. A reboot meanwhile goes back as well.
 */
export function startSwitch({ bridge, card }: BridgeRecord, direction: Direction, limitS: number): Command {
  const folder = bridgeFolder(bridge)
  const [from, to] = direction === 'to-bridge' ? [card, bridge] : [bridge, card]
  const unit = `hvlab-bridge-${bridge}`
  return sh`(umask 077; cd ${folder} || exit
PATH="$PATH:/usr/sbin:/sbin"
rm -f gone log went ${tokens.undone}
printf %s ${watchScript(bridge, direction, limitS)} >watch && printf %s ${bootScript(bridge, direction)} >at-boot || exit
# What the way has to give again: an address, and the road to everywhere else.
ip -o addr show dev ${from} scope global | grep -c . >addresses
ip route show default dev ${from} | sed -n 's/.* via \\([^ ]*\\).*/\\1/p;s/^default via \\([^ ]*\\).*/\\1/p' | head -n 1 >gateway
printf '%s\n' ${to} >device
if [ -d /run/systemd/system ]; then
  printf '%s\n' '[Unit]' ${`Description=hvlab: undoes a change of bridge ${bridge} that nobody confirmed`} DefaultDependencies=no After=local-fs.target Before=network-pre.target Wants=network-pre.target '[Service]' Type=oneshot ${`ExecStart=/bin/sh ${folder}/at-boot`} '[Install]' WantedBy=sysinit.target >${unitFile(bridge)} &&
  systemctl daemon-reload && systemctl enable --quiet ${`${unit}.service`} || exit
fi
: >${tokens.armed} && rm -f ${tokens.made} && sync
if [ -d /run/systemd/system ]; then systemd-run --quiet --collect --unit=${`${unit}-switch`} /bin/sh ${`${folder}/watch`}
else setsid --fork /bin/sh ${`${folder}/watch`} </dev/null >/dev/null 2>&1
fi)`
}

/** In a new login: says that the host can be reached, which ends the switch's waiting. See `answers`. */
export function confirmSwitch({ bridge, card }: BridgeRecord, direction: Direction): Command {
  const folder = bridgeFolder(bridge)
  const port = `/sys/class/net/${bridge}/brif/${card}`
  const end = direction === 'to-bridge' ? withoutUnit(bridge) : forgetBridge(bridge)
  return sh`(cd ${folder} || exit ${answers.undone}
PATH="$PATH:/usr/sbin:/sbin"
[ -e ${tokens.armed} ] || [ -e ${tokens.undoing} ] || { tail -n 20 log; exit ${answers.undone}; }
[ -e went ] || exit ${answers.notYet}
read -r device <device
[ ${direction} = to-card ] || [ -e ${port} ] || exit ${answers.notYet}
[ "$(cat addresses)" = 0 ] || ip -o addr show dev "$device" scope global | grep -q . || exit ${answers.notYet}
gateway=$(cat gateway)
if [ -n "$gateway" ]; then
  ip route show default dev "$device" | grep -q . || exit ${answers.notYet}
  ! command -v ping >/dev/null || ping -c 1 -W 1 "$gateway" >/dev/null 2>&1 || ip neigh show "$gateway" dev "$device" | grep -q lladdr || exit ${answers.notYet}
fi
mv ${tokens.armed} ${tokens.made} 2>/dev/null || exit ${answers.notYet}
${end})`
}

/** Takes away what is known of a bridge that is no more. */
export function forgetBridge(bridge: string): Command {
  return sh`{ ${withoutUnit(bridge)}; rm -rf --one-file-system ${bridgeFolder(bridge)} && { rmdir ${bridgesFolder} "$(dirname ${bridgesFolder})" 2>/dev/null || :; }; }`
}

const unitFile = (bridge: string): string => `/etc/systemd/system/hvlab-bridge-${bridge}.service`

function withoutUnit(bridge: string): Command {
  const file = unitFile(bridge)
  return sh`if [ -e ${file} ]; then systemctl disable --quiet ${`hvlab-bridge-${bridge}.service`}; rm -f ${file}; systemctl daemon-reload; fi`
}

/** Changes files, and with `live` the running network too. */
function wayScript(plan: BridgePlan, which: 'before' | 'after', live: BridgePlan['toBridge']): string {
  const files = plan.changes.map((change) => writeFile(change, which))
  const all = files.reduce((text, command) => sh`${text} &&\n${command}`, sh`:`)
  return `${renderCommand(sh`#!/bin/sh
# ${'live'}: the files and the running network; else the files only.
PATH="$PATH:/usr/sbin:/sbin"
if [ "$1" = live ]; then { ${live.before}; } || exit; fi
${all} || exit
sync
if [ "$1" = live ]; then ${live.after}; else ${plan.atBoot}; fi`)}\n`
}

/** Written beside and renamed, with the old file's owner and mode. A name that starts with a dot is read by none of them. */
function writeFile(change: FileChange, which: 'before' | 'after'): Command {
  const { path } = change
  const text = change[which]
  if (text === undefined) return sh`rm -f ${path}`
  const partial = path.replace(/([^/]*)$/, '.$1.hvlab')
  const mode = modeOf(path)
  return sh`mkdir -p ${path.replace(/\/[^/]*$/, '')} && { cp -p ${path} ${partial} 2>/dev/null || { : >${partial} && chmod ${mode} ${partial}; }; } && printf %s ${text} >${partial} && mv -f ${partial} ${path}`
}

/** Of a new file: networkd and cloud-init read as users of their own, the others insist on root alone. */
function modeOf(path: string): string {
  return /^\/etc\/(?:systemd|cloud)\//.test(path) ? '0644' : '0600'
}

function watchScript(bridge: string, direction: Direction, limitS: number): string {
  return `${renderCommand(sh`#!/bin/sh
cd ${bridgeFolder(bridge)} || exit
exec >>log 2>&1
echo $$ >pid
# Whoever started this learns of it before the network goes.
sleep 1
left=${limitS}
why=${`nobody confirmed within ${limitS} seconds`}
if timeout ${limitS} /bin/sh ./${direction} live; then
  : >went
  while [ $left -gt 0 ] && [ -e ${tokens.armed} ]; do sleep 1; left=$((left - 1)); done
else why=${`${changeFailed}, or took more than ${limitS} seconds`}
fi
mv ${tokens.armed} ${tokens.undoing} 2>/dev/null || exit 0
echo "$why"
/bin/sh ./${back[direction]} live
${withoutUnit(bridge)}
mv ${tokens.undoing} ${afterUndoing[direction]}`)}\n`
}

function bootScript(bridge: string, direction: Direction): string {
  return `${renderCommand(sh`#!/bin/sh
cd ${bridgeFolder(bridge)} || exit
exec >>log 2>&1
mv ${tokens.armed} ${tokens.undoing} 2>/dev/null || [ -e ${tokens.undoing} ] || exit 0
echo 'the host was started again before anybody confirmed'
/bin/sh ./${back[direction]} files && mv ${tokens.undoing} ${afterUndoing[direction]}
rm -f ${unitFile(bridge)} ${`/etc/systemd/system/sysinit.target.wants/hvlab-bridge-${bridge}.service`}`)}\n`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
