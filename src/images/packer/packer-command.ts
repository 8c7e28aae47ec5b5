import { readFileSync } from 'node:fs'
import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'

/** The variables of a template; docs/images.md lists what each means. */
export type TemplateVariables = Readonly<Record<string, string | number | boolean>>

/** File names in the work folder: they are relative in the template, because paths of sockets are short. */
export const workFiles = {
  variables: 'build.pkrvars.json',
  seed: 'seed.iso',
  serial: 'serial.log',
  console: 'serial.sock',
  qmp: 'qmp.sock',
  pid: 'qemu.pid',
  packerPid: 'packer.pid',
  logs: 'installer-logs.tar.gz',
  output: 'output',
  disk: 'disk.qcow2',
} as const

/**
 * Runs Packer in the work folder until it ends. Whatever ends, nothing of it stays: QEMU dies with Packer; and when
 * hvlab itself is gone (SIGKILL), a guardian ends both and removes `remove` within a second; also where Packer was
 * quicker and ended for want of somebody who reads. hvlab is known by its process id and start time.
 */
export function packerCommand(template: string, folder: string, remove: string): Command {
  return {
    ...sh`(
cd ${folder} || exit 1
umask 077
started() { read -r line 2>/dev/null <"/proc/$1/stat" || return 0; set -- \${line##*) }; case $1 in [ZX]) ;; *) echo "\${20}";; esac; }
alive() { [ "$(started ${String(process.pid)})" = ${ownStart()} ]; }
end_qemu() {
  pid=$(cat ${workFiles.pid} 2>/dev/null) || return 0
  if tr '\\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q -F ${`${workFiles.output}/${workFiles.disk}`}; then kill -KILL "$pid" 2>/dev/null; fi
}
packer build -color=false -var-file=${workFiles.variables} ${template} </dev/null &
packer=$!
echo "$packer" >${workFiles.packerPid}
(
  while alive && kill -0 "$packer" 2>/dev/null; do sleep 0.5; done
  alive && exit 0
  kill -TERM "$packer"
  n=0; while kill -0 "$packer" 2>/dev/null && [ "$n" -lt 20 ]; do n=$((n+1)); sleep 0.1; done
  kill -KILL "$packer" 2>/dev/null
  end_qemu
  cd / && rm -rf --one-file-system ${remove}
) >/dev/null 2>&1 &
guardian=$!
trap 'kill -TERM "$packer" 2>/dev/null; wait "$packer"; end_qemu; exit 143' HUP INT TERM
wait "$packer"; code=$?
end_qemu
alive && kill "$guardian" 2>/dev/null
exit "$code"
)`,
    env: { CHECKPOINT_DISABLE: '1', PACKER_CACHE_DIR: `${folder}/cache` },
  }
}

/** Ends Packer and QEMU of a work folder. Packer has two seconds to end by itself. */
export function endPacker(folder: string): Command {
  return sh`(
cd ${folder} || exit 0
packer=$(cat ${workFiles.packerPid} 2>/dev/null)
[ -n "$packer" ] && grep -q -z -F ${workFiles.variables} "/proc/$packer/cmdline" 2>/dev/null || packer=
if [ -n "$packer" ]; then
  kill -TERM "$packer"
  n=0; while kill -0 "$packer" 2>/dev/null && [ "$n" -lt 20 ]; do n=$((n+1)); sleep 0.1; done
  kill -KILL "$packer" 2>/dev/null
fi
qemu=$(cat ${workFiles.pid} 2>/dev/null) || exit 0
if tr '\\0' ' ' <"/proc/$qemu/cmdline" 2>/dev/null | grep -q -F ${`${workFiles.output}/${workFiles.disk}`}; then kill -KILL "$qemu"; fi
:
)`
}

/** Field 22 of proc(5)'s stat: clock ticks after boot at which this process started. */
function ownStart(): string {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
