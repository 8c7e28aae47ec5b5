import { readSections } from '../../facts/sections.ts'
import type { Command, CommandResult } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'

/** What a kernel's boot under KVM looked like. */
export interface ProbedBoot {
  /** QEMU's exit code; null when it had to be killed. */
  readonly exitCode: number | null
  /** How long it was watched, milliseconds. */
  readonly durationMs: number
  readonly deadlineMs: number
  /** The kernel's banner and the end of what it printed on its serial console. */
  readonly serial: string
  /** What QEMU printed. */
  readonly stderr: string
}

/**
 * Boots a kernel without any disk under KVM and prints what happened. A kernel that works prints its banner and, when
 * it finds no root device, panics; `panic=-1` then resets, which ends QEMU (`-no-reboot`). QEMU is watched from
 * outside and killed at the deadline, because a guest that hangs in KVM never ends by itself; nothing waits for a
 * QEMU that cannot be killed.
 */
export function probeCommand(emulator: string, kernel: string, deadlineMs: number): Command {
  return {
    ...sh`(
folder=$(mktemp -d) || exit 1
trap 'kill -9 "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
trap 'exit 143' HUP INT TERM
: >"$folder/serial"
${emulator} -machine q35,accel=kvm -cpu host -m 256 -nodefaults -no-user-config -display none -no-reboot -monitor none -serial "file:$folder/serial" -kernel ${kernel} -append 'console=ttyS0,115200 panic=-1' </dev/null >"$folder/stderr" 2>&1 &
pid=$!
clock() { read -r now rest </proc/uptime; now="\${now%.*}\${now#*.}"; }
clock; start=$now; code=
while :; do
  stat=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null)
  clock
  case $stat in Z*|X*|'') wait "$pid"; code=$?; break;; esac
  if grep -q 'Kernel panic' "$folder/serial"; then break; fi
  [ $((now - start)) -lt ${Math.ceil(deadlineMs / 10)} ] || break
  sleep 0.1
done
printf '@@code\\n%s\\n@@duration\\n%s\\n@@serial\\n' "$code" "$((now - start))0"
{ grep -a -m 1 'Linux version' "$folder/serial"; tail -c 8000 "$folder/serial"; } | tr -d '\\r' | sed 's/^@@/ @@/'
printf '\\n@@stderr\\n'
tail -c 4000 "$folder/stderr" | sed 's/^@@/ @@/'
)`,
    // Should the watching shell itself be stopped (a machine that swaps), the connection ends it.
    timeoutMs: deadlineMs + 30_000,
  }
}

export function readProbe(result: CommandResult, deadlineMs: number): ProbedBoot {
  const section = readSections(result.stdout)
  const code = section('code').trim()
  return {
    exitCode: /^\d+$/.test(code) ? Number(code) : null,
    durationMs: Number(section('duration').trim()) || 0,
    deadlineMs,
    serial: section('serial'),
    stderr: section('stderr'),
  }
}
