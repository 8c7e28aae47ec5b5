import type { Connection } from '../model/connection.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { sh } from '../util/sh.ts'
import type { GuestMetadata } from './libvirt/metadata.ts'

/**
 * A guest that stood still (paused, saved, a snapshot) goes on with the time of that moment: certificates and builds then
 * fail in strange ways. Its hardware clock went on with the hypervisor's; that one has whole seconds, so a clock that
 * is right already is left alone.
 */
const catchUp = sh`now=$(cat /sys/class/rtc/rtc0/since_epoch) || exit
late=$((now - $(date +%s)))
[ "$late" -ge -1 ] && [ "$late" -le 1 ] || sudo -n date -u -s "@$now" >/dev/null`

/** @param login to that guest */
export async function setClock(
  context: ModuleContext,
  metadata: GuestMetadata,
  login: Connection,
): Promise<void> {
  const { exitCode, stderr } = await login.run(catchUp, { signal: context.signal })
  if (exitCode === 0) return
  const said = stderr.trim().split('\n').at(-1) ?? ''
  context.note(
    'warning',
    `The clock of ${metadata.guest} is late by the time that it stood still, and could not be set${said === '' ? '' : `: ${said}`}.`,
  )
}
