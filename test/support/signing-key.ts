import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { atEnd } from './cleanup.ts'
import { must } from './tool.ts'

/** A publisher's key that GnuPG made for this test, and its agent, which ends with it. */
export class SigningKey {
  /** Of the primary key, 40 hexadecimal digits. */
  readonly fingerprint: string
  /** File with the public key, as gpgv reads it. */
  readonly keyring: string
  readonly #home: string

  constructor(t: Test) {
    // A short path: the agent's socket is in there.
    const home = mkdtempSync(join(tmpdir(), 'hvlab-gpg-'))
    this.#home = home
    atEnd(t, () => {
      must('gpgconf', ['--homedir', home, '--kill', 'all'])
      rmSync(home, { recursive: true, force: true })
    })
    this.#gpg('--passphrase', '', '--quick-gen-key', 'publisher', 'ed25519', 'sign', 'never')
    this.keyring = join(home, 'public-key.gpg')
    this.#gpg('--output', this.keyring, '--export')
    this.fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(this.#gpg('--with-colons', '--fingerprint'))?.[1] ?? ''
  }

  /** Writes the signature of a file beside it, named with `.gpg` at the end. */
  sign(file: string): void {
    this.#gpg('--yes', '--detach-sign', '--output', `${file}.gpg`, file)
  }

  /** The text with its signature around it, as an archive's InRelease. */
  signed(text: string): string {
    return must('gpg', ['--homedir', this.#home, '--batch', '--quiet', '--clearsign'], text)
  }

  #gpg(...args: readonly string[]): string {
    return must('gpg', ['--homedir', this.#home, '--batch', '--quiet', ...args])
  }
}
