import type { Command } from '../../model/command.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { renderCommand, sh } from '../../util/sh.ts'

/** The last word of a line in authorized_keys, with the second since 1970 at which it was added. */
const label = 'hvlab-relay:'
/** A run that was killed cannot remove its lines: sshd ignores them after this time, the next relay removes them. */
const lifeHours = 6

/** Where a host has an image: while it arrives, and afterwards. */
export interface ImagePlaces {
  readonly partial: string
  readonly final: string
}

/** In `partial`: pieces as they came, by name. */
export const compressedFolder = 'compressed'

/**
 * zstd's: 7 % less to send than with level 1 for 15 % more processor time; level 3 saves 4 % more for another 35 %. The same everywhere,
 * so that a host that compresses a piece anew sends what the controller would.
 */
export const compressionLevel = '-2'

/** Paths that need no quoting anywhere on the way through authorized_keys, sshd and the login shell. */
export function isPlain({ partial, final }: ImagePlaces): boolean {
  return [partial, final].every((path) => /^[\w./-]+$/.test(path))
}

/**
 * What the key may do on a host that passes pieces on: ask for one by its name, nothing else. A piece that was kept as it came
 * goes out as it is. Text for `command="…"`, so without double quotes and backslashes.
 */
function servePiece({ partial, final }: ImagePlaces, pieceMiB: number): string {
  return renderCommand(
    sh`o=$SSH_ORIGINAL_COMMAND; f=\${o%-*}; n=\${o##*-}; case $f in image.qcow2|vmlinuz|initrd) ;; *) exit 2 ;; esac; case $n in ''|*[!0-9]*) exit 2 ;; esac; cd ${partial} 2>/dev/null || cd ${final} || exit; cat ${compressedFolder}/$f-$n 2>/dev/null || dd if=$f bs=1M skip=$(($n*${pieceMiB})) count=${pieceMiB} status=none | zstd -q ${compressionLevel} -T1`,
  )
}

/**
 * Lets the key in, as the user who logs in there, and returns the keys of the host's sshd (`ssh-ed25519 AAAA…`). Undefined when
 * it cannot be: then nothing is got from this host. The file is replaced in one step, under a lock.
 */
export async function admit(
  host: HostAccess,
  publicKey: string,
  places: ImagePlaces,
  pieceMiB: number,
): Promise<string[] | undefined> {
  const command = servePiece(places, pieceMiB)
  const { exitCode, stdout } = await host.run(sh`(${lockedKeys()}
until=$(date -d ${`+${lifeHours} hours`} +%Y%m%d%H%M) || exit
kept $((now - ${lifeHours * 3600})) >"$new" && printf '%s\\n' "restrict,expiry-time=\\"$until\\",command=\\""${command}"\\" "${publicKey}" "${label}"$now" >>"$new" && mv "$new" "$keys" || exit
cat /etc/ssh/ssh_host_*_key.pub)`)
  const hostKeys = stdout.split('\n').flatMap((line) => /^[a-z0-9@.-]+ [A-Za-z0-9+/=]+/.exec(line)?.[0] ?? [])
  return exitCode === 0 && hostKeys.length > 0 ? hostKeys : undefined
}

/** Takes away what `admit` added, and what runs that were killed left. */
export async function dismiss(host: HostAccess, publicKey: string): Promise<void> {
  await host.run(
    sh`(${lockedKeys()}
kept $((now - ${lifeHours * 3600})) >"$new.all" && { grep -vF ${publicKey} <"$new.all" >"$new" || [ "$?" = 1 ]; } && mv "$new" "$keys"
rm -f "$new.all")`,
    { cleanUp: true },
  )
}

/** Exit code 0 where relays have left lines, of this run or of any. */
export function hasRelayKeys(): Command {
  return sh`[ -e ~/.ssh/authorized_keys ] && grep -q ${` ${label}[0-9][0-9]*$`} ~/.ssh/authorized_keys`
}

/** Takes all of them away. */
export function dismissAll(): Command {
  return sh`(${lockedKeys()}
kept "$now" >"$new" && mv "$new" "$keys")`
}

/** Defines `kept SECOND`: the lines of the file, without those of relays before that second. */
function lockedKeys() {
  return sh`umask 077; mkdir -p ~/.ssh && cd ~/.ssh || exit
exec 9<.; flock -w 20 9 || exit
keys=$(readlink -f authorized_keys) && new=$keys.hvlab-new; [ -e "$keys" ] || : >"$keys"; now=$(date +%s)
kept() {
  while IFS= read -r line || [ -n "$line" ]; do
    second=\${line##* ${label}}
    case $second in "$line"|*[!0-9]*) ;; *) [ "$second" -gt "$1" ] || continue ;; esac
    printf '%s\\n' "$line" || return
  done <"$keys"
}`
}
