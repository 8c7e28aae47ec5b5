import type { Change } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import { cpusOf } from '../../util/cpu-list.ts'
import { sh } from '../../util/sh.ts'
import { stateFolder } from '../guest-files.ts'
import {
  bootFile,
  grubFile,
  type HostSettings,
  type SettingName,
  settingNames,
  stateFile,
} from './host-settings.ts'

/** Settings that are asked for; what is left out is not hvlab's, and goes back if it was. */
export interface WantedTuning {
  readonly values: Partial<Readonly<Record<SettingName, string>>>
  /** CPUs that the scheduler is to leave alone from the next boot on: `2-3`. */
  readonly isolated?: string
  /** Also after a reboot. */
  readonly persist: boolean
}

const words: Readonly<Record<SettingName, string>> = {
  thp: 'transparent huge pages',
  ksm: 'kernel samepage merging',
  governor: 'the CPU frequency governor',
  numa_balancing: 'automatic NUMA balancing',
  hugepages_2m: 'huge pages of 2 MiB',
  hugepages_1g: 'huge pages of 1 GiB',
}

/** What has to be done on the host. Throws what it cannot do, before anything is done. */
export function tuningSteps(wanted: WantedTuning, host: HostSettings, name: string): Change[] {
  for (const setting of settingNames) refuseUnavailable(setting, wanted.values[setting], host, name)
  if (wanted.isolated !== undefined) refuseIsolation(wanted.isolated, host, name)
  return [
    ...settingNames.flatMap((setting) => {
      const value = wanted.values[setting]
      return value === undefined ? restored(setting, host) : changed(setting, value, host)
    }),
    ...atBoot(wanted, host),
    ...isolation(wanted.isolated, host),
  ]
}

/** Switches are 0 and 1 in the kernel's files. */
function shown(setting: SettingName, value: string): string {
  if (setting !== 'ksm' && setting !== 'numa_balancing') return value
  return value === '0' ? 'off' : 'on'
}

/** One line for people: what is set now, and what there is to choose from. */
export function inWords(host: HostSettings): string {
  const lines = settingNames.map((setting) => {
    const { files, choices, writable } = host.settings[setting]
    if (files.length === 0) return `${words[setting]}: not in this kernel`
    const values = [...new Set(files.map(({ value }) => shown(setting, value)))].join(' and ')
    const offer = choices.length > 0 ? ` (of ${choices.join(', ')})` : ''
    return `${words[setting]}: ${values}${offer}${writable ? '' : ', read-only here'}`
  })
  const rest = [
    `isolated CPUs: ${host.isolated || 'none'} of ${host.online}`,
    `NUMA nodes: ${host.nodes || '0'}`,
  ]
  return [...lines, ...rest].join('; ')
}

function changed(setting: SettingName, value: string, host: HostSettings): Change[] {
  const files = host.settings[setting].files.filter((file) => file.value !== value)
  if (files.length === 0) return []
  const was = [...new Set(files.map((file) => shown(setting, file.value)))].join(' and ')
  return [
    {
      summary: `set ${words[setting]} to ${shown(setting, value)} (was ${was})`,
      action: files.reduce(
        (all, file) => sh`${all} && ${setFile(file, value)}`,
        sh`umask 022; mkdir -p ${stateFolder}`,
      ),
    },
  ]
}

/** What was there before is kept first. A kernel that takes less than it is told, as with huge pages, gets the old value back. */
function setFile({ path, value: before }: { path: string; value: string }, value: string): Command {
  return sh`{ grep -qs ${`^${path} `} ${stateFile} || printf '%s %s\n' ${path} ${before} >>${stateFile}; } &&
printf %s ${value} >${path} && case " $(cat ${path}) " in *" "${value}" "* | *${`[${value}]`}*) ;;
*) got=$(cat ${path}); printf %s ${before} >${path}; echo "the kernel made it $got, so it is ${before} again: there may be too little free memory in one piece" >&2; exit 1 ;; esac`
}

/** Settings that nobody asks for any more. */
function restored(setting: SettingName, host: HostSettings): Change[] {
  const files = host.settings[setting].files.flatMap(({ path }) => {
    const before = host.before.get(path)
    return before === undefined ? [] : [{ path, before }]
  })
  if (files.length === 0) return []
  const values = [...new Set(files.map(({ before }) => shown(setting, before)))].join(' and ')
  const give = files.reduce(
    (all, { path, before }) =>
      sh`${all} && printf %s ${before} >${path} && sed -i ${`\\|^${path} |d`} ${stateFile}`,
    sh`:`,
  )
  return [
    {
      summary: `set ${words[setting]} back to ${values}, which it was`,
      action: sh`${give} && { [ -s ${stateFile} ] || rm -f ${stateFile}; rmdir ${stateFolder} 2>/dev/null || :; }`,
    },
  ]
}

/** systemd-tmpfiles(8) writes the values early in the boot. */
function atBoot(wanted: WantedTuning, host: HostSettings): Change[] {
  const rows = wanted.persist && host.systemd ? settingNames : []
  const text = rows
    .flatMap((setting) => {
      const value = wanted.values[setting]
      return value === undefined
        ? []
        : host.settings[setting].files.map(({ path }) => `w ${path} - - - - ${value}\n`)
    })
    .join('')
  return file(bootFile, text === '' ? '' : `# Written by hvlab: role tuning\n${text}`, host.atBoot, sh`:`)
}

function isolation(cpus: string | undefined, host: HostSettings): Change[] {
  const text =
    cpus === undefined
      ? ''
      : `# Written by hvlab: role tuning
GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT isolcpus=${cpus} nohz_full=${cpus} rcu_nocbs=${cpus}"
`
  return file(grubFile, text, host.grub, sh`PATH="$PATH:/usr/sbin:/sbin" update-grub 2>&1`)
}

/** Makes a file say what is wanted; an empty text removes it. */
function file(path: string, text: string, now: string, after: Command): Change[] {
  if (text.trim() === now.trim()) return []
  if (text === '') return [{ summary: `remove ${path}`, action: sh`rm -f ${path} && ${after}` }]
  const folder = path.replace(/\/[^/]*$/, '')
  const partial = `${path}.partial`
  return [
    {
      summary: `${now === '' ? 'create' : 'change'} ${path}`,
      diff: { before: now === '' ? '' : `${now}\n`, after: text, beforeLabel: path, afterLabel: path },
      action: sh`umask 022; mkdir -p ${folder} && printf %s ${text} >${partial} && mv -f ${partial} ${path} && ${after}`,
    },
  ]
}

function refuseUnavailable(
  setting: SettingName,
  value: string | undefined,
  host: HostSettings,
  name: string,
): void {
  if (value === undefined) return
  const { files, choices, writable } = host.settings[setting]
  if (files.length === 0)
    throw unavailable(
      `${name} has no setting for ${words[setting]}: its kernel does not offer it, or the machine cannot do it.`,
      setting === 'governor' ? 'A virtual machine leaves frequencies to its host.' : undefined,
    )
  if (choices.length > 0 && !choices.includes(value))
    throw unavailable(`${name} has no ${value} for ${words[setting]}: it offers ${choices.join(', ')}.`)
  if (!writable && files.some((one) => one.value !== value))
    throw unavailable(
      `${name} does not let ${words[setting]} be changed: ${files[0]?.path} is read-only.`,
      'Containers share their machine’s kernel: tune the machine, as root.',
    )
}

function refuseIsolation(cpus: string, host: HostSettings, name: string): void {
  const wanted = cpusOf(cpus) ?? []
  const online = cpusOf(host.online) ?? []
  const missing = wanted.filter((cpu) => !online.includes(cpu))
  if (missing.length > 0)
    throw unavailable(`${name} has no CPU ${missing.join(', ')} to isolate: it runs ${host.online}.`)
  if (online.every((cpu) => wanted.includes(cpu)))
    throw unavailable(`${name} has the CPUs ${host.online}; one at least must be left for everything else.`)
  if (!host.updateGrub)
    throw unavailable(
      `${name} has no update-grub: hvlab cannot change its kernel’s command line.`,
      `Add isolcpus=${cpus} nohz_full=${cpus} rcu_nocbs=${cpus} to it by hand (Fedora, RHEL: grubby --update-kernel=ALL --args=…).`,
    )
}

function unavailable(message: string, hint?: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'tuning-unavailable',
    message,
    ...(hint === undefined ? {} : { hint }),
  })
}
