import type { Accelerator } from './accelerator.ts'
import type { ProbedBoot } from './accelerator-probe.ts'

/** What is known about KVM on a host; `boot` is absent when it came to no attempt. */
export interface KvmSituation {
  readonly emulator: string | null
  readonly device: 'absent' | 'denied' | 'usable'
  readonly user: string
  /** The CPU offers VT-x or AMD-V. */
  readonly virtualizationFlag: boolean
  readonly boot?: ProbedBoot
}

/** KVM only when a kernel was seen to boot under it up to looking for its root device; else TCG and why, in words. */
export function classifyProbe(situation: KvmSituation): Accelerator {
  const { boot } = situation
  if (situation.device === 'absent') return tcg(absent(situation.virtualizationFlag))
  if (situation.device === 'denied') {
    return tcg(`/dev/kvm may not be opened by ${situation.user || 'this user'}, who is not in the group kvm`)
  }
  if (situation.emulator === null) return tcg('QEMU is not installed')
  if (boot === undefined) return tcg('no kernel was booted under KVM')
  const banner = /Linux version \S+/.test(boot.serial)
  if (banner && /Kernel panic - not syncing: .*(root|VFS|init)/i.test(boot.serial)) {
    return { type: 'kvm', reason: `a Linux kernel booted under KVM in ${seconds(boot.durationMs)}` }
  }
  if (!banner && boot.exitCode !== null) {
    const said = lastLine(boot.stderr.replace(/^.*qemu[^:]*: (?=\S)/gm, ''))
    return tcg(
      `KVM does not work: QEMU ended (exit code ${boot.exitCode}) before a kernel ran under it${said === '' ? '' : `: “${said}”`}`,
    )
  }
  if (!banner) {
    return tcg(
      `/dev/kvm opens but KVM does not work: a Linux kernel printed nothing in ${seconds(boot.deadlineMs)}`,
    )
  }
  return tcg(
    `KVM does not work: a Linux kernel started under it and stopped after “${lastLine(boot.serial).replace(/^\[ *[\d.]+\] /, '')}”`,
  )
}

function tcg(reason: string): Accelerator {
  return { type: 'tcg', reason }
}

function absent(flag: boolean): string {
  return flag
    ? 'there is no /dev/kvm although the CPU has VT-x or AMD-V: the module kvm_intel or kvm_amd is not loaded'
    : 'there is no /dev/kvm, and the CPU shows neither VT-x nor AMD-V: off in the firmware, or not passed on by the hypervisor below'
}

/** The line that says what happened: an error's own rather than the abort that follows it. */
function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => /^error:|failed|could not/i.test(line)) ?? lines.at(-1) ?? '')
    .trim()
    .slice(0, 200)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).replace(/\.0$/, '')} s`
}
