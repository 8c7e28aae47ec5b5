import type { Command } from '../../model/command.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { renderCommand, Secret, sh } from '../../util/sh.ts'
import type { RelaySource } from './relay.ts'

/** A link that nothing asked for so long ends by itself, so that a run that was killed leaves none. */
const idleSeconds = 60

/** Where a link is on the host that gets pieces. */
interface LinkPlace {
  readonly host: HostAccess
  /** Where the image arrives, absolute. */
  readonly folder: string
  /** Below it: a socket's path may have about 100 characters, so it is never written out whole. */
  readonly sockets: string
  readonly name: string
}

/**
 * One host's connection to another that passes pieces on: one login (OpenSSH's ControlMaster), then each piece takes a channel of it.
 * The private key lies on the host only while it logs in.
 */
export class Link {
  readonly #place: LinkPlace
  readonly #source: RelaySource
  readonly #privateKey: string
  #opened: Promise<boolean> | undefined
  #usedAt = Number.NEGATIVE_INFINITY

  constructor(place: LinkPlace, source: RelaySource, privateKey: string) {
    this.#place = place
    this.#source = source
    this.#privateKey = privateKey
  }

  /** False when the other host cannot be reached from this one. */
  async open(): Promise<boolean> {
    const now = performance.now()
    // Half of the time after which it may have ended: a piece can take long on its way from the controller.
    if (now - this.#usedAt > idleSeconds * 500) this.#opened = undefined
    // Before the login, so that whoever asks meanwhile waits for the same one: a second would take the socket away from the first.
    this.#usedAt = now
    this.#opened ??= this.#login()
    return await this.#opened
  }

  /** Prints a piece, compressed. Run it in the folder where the image arrives. */
  ask(piece: string): Command {
    // Without the connection there is none: ssh would log in by itself, without the key.
    return sh`ssh -F none -S ${this.#socket} -o ControlMaster=no -o ProxyCommand=false peer ${piece}`
  }

  get #socket(): string {
    return `${this.#place.sockets}/${this.#place.name}`
  }

  async #login(): Promise<boolean> {
    const { login, hostKeys } = this.#source
    const key = `${this.#socket}.key`
    const known = `${this.#socket}.known`
    const options = [
      ...['BatchMode=yes', 'IdentitiesOnly=yes', 'ConnectTimeout=5', 'LogLevel=ERROR', 'HostKeyAlias=peer'],
      ...['StrictHostKeyChecking=yes', `UserKnownHostsFile=${known}`, 'GlobalKnownHostsFile=/dev/null'],
      ...['ServerAliveInterval=5', 'ControlMaster=yes', `ControlPersist=${idleSeconds}`],
    ].flatMap((option) => ['-o', option])
    const { exitCode } =
      await this.#place.host.run(sh`(umask 077; cd ${this.#place.folder} && mkdir -p ${this.#place.sockets} || exit
ssh -F none -S ${this.#socket} -O check peer 2>/dev/null && exit
rm -f ${this.#socket}; trap ${renderCommand(sh`rm -f ${key} ${known}`)} EXIT
printf %s ${new Secret(this.#privateKey)} >${key} && printf %s ${hostKeys.map((hostKey) => `peer ${hostKey}\n`).join('')} >${known} || exit
ssh -F none -S ${this.#socket} -N -f -i ${key} ${options} -p ${login.port} ${`${login.user}@${login.address}`} </dev/null >/dev/null 2>&1)`)
    return exitCode === 0
  }
}

/** Ends the links of the folder where an image arrives, those of other pushes as well. Run it there. */
export function closeLinks(): Command {
  return sh`for socket in relay-*/*; do [ -S "$socket" ] && ssh -F none -S "$socket" -O exit peer 2>/dev/null; done`
}
