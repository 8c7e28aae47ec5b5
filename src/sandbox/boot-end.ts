import { lines } from '../facts/text.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
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

/** Waits until everything of a host's boot was started; units that failed are named in a warning. */
export async function endBoot(
  context: Pick<ModuleContext, 'run' | 'freshFact' | 'note'>,
  wanted: HostRecord,
): Promise<void> {
  const { processes } = await context.freshFact(sandboxState)
  const found = processes.find(
    ({ record }) => record.sandbox === wanted.sandbox && record.host === wanted.host,
  )
  if (!found) return
  // The only child of systemd-nspawn is PID 1 of the host.
  const { exitCode, stdout, stderr } = await context.run(
    sh`(init=$(grep -ls ${`^PPid:[[:space:]]*${found.pid}$`} /proc/[0-9]*/status | head -n 1); init=\${init%/status}; [ -n "$init" ] || exit 1
nsenter --target "\${init#/proc/}" --mount --uts --ipc --net --pid -- /bin/sh -c ${mend})`,
  )
  if (exitCode !== 0)
    throw new FailureError({
      reason: 'module',
      code: 'sandbox-failed',
      message: `Nobody can look into the sandbox host ${wanted.host}, which runs.`,
      details: stderr,
    })
  const failed = lines(stdout).filter((name) => /^[\w@:.\\-]+$/.test(name))
  if (failed.length > 0)
    context.note(
      'warning',
      `${wanted.host}: ${failed.join(', ')} failed; see \`hvlab sandbox shell ${wanted.host} -- systemctl status ${failed[0]}\``,
    )
}
