import type { Command } from '../model/command.ts'
import { sh } from '../util/sh.ts'
import { hostFiles, sandboxFiles, sandboxFolder, treesFolder } from './label.ts'
import type { HostProcess } from './state.ts'

/** All that is there of one host. */
export interface HostRemains {
  readonly sandbox: string
  readonly host: string
  readonly processes: readonly HostProcess[]
  /** Where its root is mounted; usually once, in its folder. */
  readonly mounts: readonly string[]
}

/**
 * Ends a host without a shutdown, for nothing of it is kept (a second TERM makes systemd-nspawn do so), then unmounts and
 * removes its files. A process is known by its id and start time, so that a later one of that id is safe.
 */
export function removeHost({ sandbox, host, processes, mounts }: HostRemains): Command {
  const ended = processes.reduce(
    (all, { pid, started }) => sh`${all}
end ${pid} ${started} || exit`,
    sh`:`,
  )
  const unmounted = mounts.toReversed().reduce(
    (all, path) => sh`${all}
release ${path} || exit`,
    sh`:`,
  )
  return sh`(PATH="$PATH:/usr/sbin:/sbin"
alive() { set -- "$2" $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null); [ "$2" != Z ] && [ "\${21}" = "$1" ]; }
end() {
  alive "$1" "$2" && kill "$1" && kill "$1" 2>/dev/null
  i=0; while alive "$1" "$2"; do
    [ "$i" -ne 50 ] || kill -9 "$1"
    [ "$i" -lt 100 ] || { echo "process $1 does not end" >&2; return 1; }
    i=$((i+1)); sleep 0.1
  done
}
# For a moment after the end of a host its last processes may still hold the mount.
release() { i=0; until umount "$1"; do [ "$i" -lt 50 ] || { umount --lazy "$1"; return; }; i=$((i+1)); sleep 0.1; done 2>/dev/null; }
${ended}
${unmounted}
rm -rf --one-file-system ${hostFiles(sandbox, host).folder})`
}

/** What is left of a sandbox when its hosts are gone. */
export function removeSandboxFolder(sandbox: string): Command {
  return sh`rm -rf --one-file-system ${sandboxFiles(sandbox).folder}`
}

/** Trees that no host stands on. */
export function removeTrees(keys: readonly string[]): Command {
  return sh`(cd ${treesFolder} && rm -rf --one-file-system -- ${keys} && rmdir --ignore-fail-on-non-empty ${treesFolder} ${sandboxFolder} 2>/dev/null || :)`
}
