import { defineFact } from '../../facts/fact.ts'
import { lines } from '../../facts/text.ts'
import type { Steps } from '../../model/change.ts'
import type { Command } from '../../model/command.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { virsh } from './virsh.ts'

/** libvirt's daemons on a host without systemd: nothing but hvlab starts them, and they run until the machine stops. */
export type Daemon = 'virtlogd' | 'libvirtd'

/** Those that do not run and that no service manager is there for. virtlogd keeps the guests' serial logs; without it no guest starts. */
const stopped = defineFact<[], Daemon[]>({
  name: 'libvirt-daemons-stopped',
  command: () => sh`[ -d /run/systemd/system ] || for daemon in virtlogd libvirtd; do
  process=/proc/$(cat "/run/$daemon.pid")
  # One that ended and that nobody took leave of has a name, but no command line.
  { [ "$(cat "$process/comm")" = "$daemon" ] && grep -q . "$process/cmdline"; } || echo "$daemon"
done 2>/dev/null`,
  parse: ({ stdout }) => lines(stdout) as Daemon[],
})

const starts: Readonly<Record<Daemon, Command>> = {
  virtlogd: sh`virtlogd --daemon`,
  // tini -s adopts the QEMU processes and takes leave of those that ended.
  libvirtd: sh`start-stop-daemon --start --background --exec /usr/bin/tini -- -s -- /usr/sbin/libvirtd && {
  left=50
  until ${virsh} version >/dev/null 2>&1; do
    left=$((left - 1)); [ "$left" -gt 0 ] || { echo "libvirtd was started, but does not answer" >&2; exit 1; }
    sleep 0.2
  done
}`,
}

/** Starts what does not run; returns what that was. */
export async function* startDaemons(context: ModuleContext): Steps<readonly Daemon[]> {
  const daemons = await context.freshFact(stopped)
  for (const daemon of daemons) yield { summary: `start ${daemon}`, action: starts[daemon] }
  return daemons
}

/**
 * Names of domains and networks that hvlab defined: their files say so also where no libvirt answers. A file that may not be read
 * could be one.
 */
export const definedHere = defineFact<[], string[]>({
  name: 'libvirt-definitions',
  command: () => sh`for file in /etc/libvirt/qemu/*.xml /etc/libvirt/qemu/networks/*.xml; do
  [ ! -e "$file" ] || { [ -r "$file" ] && ! grep -q urn:hvlab: "$file"; } || basename "$file" .xml
done`,
  parse: ({ stdout }) => lines(stdout),
})
