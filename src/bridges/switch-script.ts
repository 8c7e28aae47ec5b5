import { createHash } from 'node:crypto'
import type { Command } from '../model/command.ts'
import { renderCommand, Secret, sh } from '../util/sh.ts'
import type { BridgePlan, FileChange } from './bridge-plan.ts'
import { reachScript } from './reach.ts'
import { type BridgeRecord, bridgeFolder, bridgesFolder, tokens } from './record.ts'

/** Which way a switch goes. */
export type Direction = 'to-bridge' | 'to-card'

const back = { 'to-bridge': 'to-card', 'to-card': 'to-bridge' } as const
/** What the bridge is when a switch was undone. */
const afterUndoing = { 'to-bridge': tokens.undone, 'to-card': tokens.made } as const

/** Codes of `confirmSwitch`. */
export const answers = { confirmed: 0, notYet: 10, undone: 11 } as const

/** What it tells of a switch that was undone, after why. */
const logLines = 20

/** In the log when the way there ended with an error. */
export const changeFailed = 'the change itself failed'

/** Writes a bridge's folder: who it is of (first, so that what a killed run leaves has an owner), both scripts, and sums of what they write. Nothing is changed yet. */
export function prepareFolder(record: BridgeRecord, plan: BridgePlan): Command {
  const folder = bridgeFolder(record.bridge)
  const sums = plan.changes
    .flatMap(({ path, after }) => (after === undefined ? [] : [`${sha256(after)}  ${path}\n`]))
    .join('')
  const toBridge = wayScript(plan, 'after', plan.toBridge)
  const toCard = wayScript(plan, 'before', plan.toCard)
  // Configurations may hold passwords: root's alone, and not in the journal.
  return sh`(umask 077; rm -rf --one-file-system ${folder} && mkdir -p ${folder} && cd ${folder} &&
printf %s ${JSON.stringify(record)} >record.json && printf %s ${sums} >sums &&
printf %s ${new Secret(toBridge)} >to-bridge && printf %s ${new Secret(toCard)} >to-card)`
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
rm -f why log went ${tokens.undone}
printf %s ${watchScript(bridge, direction, limitS)} >watch && printf %s ${bootScript(bridge, direction)} >at-boot &&
printf %s ${reachScript()} >reach && sh ./reach record ${from} >wanted && printf '%s\n' ${to} >device || exit
if [ -d /run/systemd/system ]; then
  printf '%s\n' '[Unit]' ${`Description=hvlab: undoes a change of bridge ${bridge} that nobody confirmed`} DefaultDependencies=no After=local-fs.target Before=network-pre.target Wants=network-pre.target '[Service]' Type=oneshot ${`ExecStart=/bin/sh ${folder}/at-boot`} '[Install]' WantedBy=sysinit.target >${unitFile(bridge)} &&
  systemctl daemon-reload && systemctl enable --quiet ${`${unit}.service`} || exit
fi
: >${tokens.armed} && rm -f ${tokens.made} && sync
{ if [ -d /run/systemd/system ]; then ${systemdRun} --unit=${unit}-switch-"$(date +%s)" /bin/sh ${`${folder}/watch`}
else setsid --fork /bin/sh ${`${folder}/watch`} </dev/null >/dev/null 2>&1
fi; } || { mv ${tokens.armed} ${afterUndoing[direction]}; ${withoutUnit(bridge)}; exit 1; })`
}

/**
 * Programs that the way starts, such as dhclient by ifupdown, go on when the script has ended. As long as one of them lives its unit
 * does, so each switch has a unit of its own.
 */
const systemdRun = sh`systemd-run --quiet --collect --property=KillMode=process`

/** In a new login: says that the host can be reached, which ends the switch's waiting. See `answers`. */
export function confirmSwitch({ bridge, card }: BridgeRecord, direction: Direction): Command {
  const folder = bridgeFolder(bridge)
  const port = `/sys/class/net/${bridge}/brif/${card}`
  const end = direction === 'to-bridge' ? withoutUnit(bridge) : forgetBridge(bridge)
  return sh`(cd ${folder} || exit ${answers.undone}
PATH="$PATH:/usr/sbin:/sbin"
[ -e ${tokens.armed} ] || [ -e ${tokens.undoing} ] || { : >>why; cat why; tail -n ${logLines} log | grep -vxFf why; exit ${answers.undone}; }
[ -e went ] || exit ${answers.notYet}
[ ${direction} = to-card ] || [ -e ${port} ] || exit ${answers.notYet}
missing=$(sh ./reach missing "$(cat device)") && [ -z "$missing" ] || exit ${answers.notYet}
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

/** A file that is to be gone goes with its folder of drop-ins; any other is written beside and renamed, with the old file's owner and mode. A name that starts with a dot is read by none of them. */
function writeFile(change: FileChange, which: 'before' | 'after'): Command {
  const { path } = change
  const text = change[which]
  if (text === undefined) {
    const folder = /^.*\.network\.d(?=\/)/.exec(path)?.[0]
    return folder === undefined
      ? sh`rm -f ${path}`
      : sh`rm -f ${path} && { rmdir ${folder} 2>/dev/null || :; }`
  }
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
timeout ${limitS} /bin/sh ./${direction} live &
way=$!
if wait $way; then
  : >went
  while [ $left -gt 0 ] && [ -e ${tokens.armed} ]; do sleep 1; left=$((left - 1)); done
else
  why=${`${changeFailed}, or took more than ${limitS} seconds`}
  # A program that is still at it, such as dhclient by ifup, would hold up the way back. timeout made a process group of them all.
  kill -s KILL -- "-$way" 2>/dev/null
fi
mv ${tokens.armed} ${tokens.undoing} 2>/dev/null || exit 0
{ echo "$why"; [ ! -e went ] || /bin/sh ./reach missing "$(cat device)"; } >why
cat why
/bin/sh ./${back[direction]} live
${withoutUnit(bridge)}
mv ${tokens.undoing} ${afterUndoing[direction]}`)}\n`
}

function bootScript(bridge: string, direction: Direction): string {
  return `${renderCommand(sh`#!/bin/sh
cd ${bridgeFolder(bridge)} || exit
exec >>log 2>&1
mv ${tokens.armed} ${tokens.undoing} 2>/dev/null || [ -e ${tokens.undoing} ] || exit 0
echo 'the host was started again before anybody confirmed' >why
cat why
/bin/sh ./${back[direction]} files && mv ${tokens.undoing} ${afterUndoing[direction]}
rm -f ${unitFile(bridge)} ${`/etc/systemd/system/sysinit.target.wants/hvlab-bridge-${bridge}.service`}`)}\n`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
