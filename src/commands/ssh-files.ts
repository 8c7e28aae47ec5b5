import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { knownGuests, type SshGuest, sshConfig } from '../lab/access/ssh-config.ts'

/** The files that OpenSSH's programs need for guests: `ssh -F configFile NAME`. Removed when disposed. */
export interface SshFiles extends AsyncDisposable {
  readonly configFile: string
}

export async function sshFiles(guests: readonly SshGuest[]): Promise<SshFiles> {
  const folder = await mkdtemp(join(tmpdir(), 'hvlab-ssh-'))
  const configFile = join(folder, 'config')
  const knownHostsFile = join(folder, 'known_hosts')
  const keys = knownGuests(guests).map((line) => `${line}\n`)
  await writeFile(knownHostsFile, keys.join(''), { mode: 0o600 })
  await writeFile(configFile, sshConfig(guests, knownHostsFile), { mode: 0o600 })
  return {
    configFile,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
