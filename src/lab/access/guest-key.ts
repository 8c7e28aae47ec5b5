import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { sh } from '../../util/sh.ts'
import { stateDirectory } from '../../util/state-directory.ts'

export interface KeyPair {
  /** OpenSSH's private key format, with its last newline. */
  readonly privateKey: string
  /** `ssh-ed25519 AAAA…` without a comment. */
  readonly publicKey: string
}

/** The key with which a controller's user logs in to guests. */
export interface GuestKey {
  /** Absolute path of the private key on the controller. */
  readonly path: string
  readonly publicKey: string
}

/**
 * The controller user's own key for guests, made once: `$XDG_STATE_HOME/hvlab/id_ed25519`, default
 * `~/.local/state`. A key of its own, so that no key that opens anything else is ever handed to a guest.
 * Made beside its place and linked there, so that two runs at once agree on one.
 */
export async function guestKey(controller: HostAccess): Promise<GuestKey> {
  const result = await controller.run(
    sh`(umask 077
d=${stateDirectory()} && k=$d/id_ed25519 && mkdir -p "$d" || exit
if [ ! -s "$k" ]; then
  t=$(mktemp -d "$d/.new.XXXXXX") && ssh-keygen -q -t ed25519 -N '' -C hvlab -f "$t/k" && { ln "$t/k" "$k" 2>/dev/null || [ -s "$k" ]; }; s=$?
  rm -rf "$t"; [ $s = 0 ] || exit $s
fi
printf '%s\n' "$k" && ssh-keygen -y -f "$k")`,
  )
  const [path = '', publicKey = ''] = result.stdout.trim().split('\n')
  if (result.exitCode === 0 && publicKey !== '') return { path, publicKey: withoutComment(publicKey) }
  throw keyFailure(`the key for guests in ${stateDirectory()}`, result.stderr)
}

/** A fresh key pair for a guest's sshd. Made in a private temporary folder and removed there. */
export async function newHostKey(controller: HostAccess): Promise<KeyPair> {
  const result = await controller.run(
    sh`(umask 077; d=$(mktemp -d) && trap 'rm -rf "$d"' EXIT && ssh-keygen -q -t ed25519 -N '' -C '' -f "$d/k" && cat "$d/k.pub" "$d/k")`,
  )
  const end = result.stdout.indexOf('\n')
  if (result.exitCode !== 0 || end < 0) throw keyFailure('an SSH host key', result.stderr)
  return { publicKey: withoutComment(result.stdout.slice(0, end)), privateKey: result.stdout.slice(end + 1) }
}

function withoutComment(publicKey: string): string {
  return publicKey.trim().split(' ').slice(0, 2).join(' ')
}

function keyFailure(what: string, output: string): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'guest-key-not-made',
    message: `Could not make ${what} on the controller.`,
    hint: 'Install OpenSSH’s client (ssh-keygen), and make the folder one that can be written; XDG_STATE_HOME moves it.',
    details: output,
  })
}
