import { lines } from '../facts/text.ts'
import { FailureError } from '../model/failure.ts'
import type { HostAccess } from '../modules/module.ts'
import { sh } from '../util/sh.ts'
import type { HostRecord } from './record.ts'
import { sandboxState } from './state.ts'

/**
 * In the host. Exit status 219 (CGROUP): where the machine has control groups of version 1, a unit's group may be gone before
 * its process enters it, in one of twelve boots or so. Such a unit is all right the second time. Prints units that stay failed.
 */
const mend = `timeout 30 systemctl is-system-running --wait >/dev/null 2>&1
failed() { systemctl --failed --no-legend --plain | cut -d " " -f 1; }
for unit in $(failed); do [ "$(systemctl show -P ExecMainStatus "$unit")" != 219 ] || systemctl restart "$unit" 2>/dev/null; done
failed`

/** Waits until everything of a host's boot was started, and returns the names of units that failed. */
export async function endBoot(host: HostAccess, wanted: HostRecord): Promise<string[]> {
  const { processes } = await host.freshFact(sandboxState)
  const found = processes.find(
    ({ record }) => record.sandbox === wanted.sandbox && record.host === wanted.host,
  )
  if (!found) return []
  // The only child of systemd-nspawn is PID 1 of the host.
  const { exitCode, stdout, stderr } = await host.run(
    sh`(init=$(grep -ls ${`^PPid:[[:space:]]*${found.pid}$`} /proc/[0-9]*/status | head -n 1); init=\${init%/status}; [ -n "$init" ] || exit 1
nsenter --target "\${init#/proc/}" --mount --uts --ipc --net --pid -- /bin/sh -c ${mend})`,
  )
  if (exitCode === 0) return lines(stdout).filter((name) => /^[\w@:.\\-]+$/.test(name))
  throw new FailureError({
    reason: 'module',
    code: 'sandbox-failed',
    message: `Nobody can look into the sandbox host ${wanted.host}, which runs.`,
    details: stderr,
  })
}
