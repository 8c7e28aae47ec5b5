import type { Command } from '../model/command.ts'
import type { Result } from '../util/result.ts'
import { sh } from '../util/sh.ts'

/** What keeps a host's network cards configured, and starts them at boot. */
export type NetworkService = 'netplan' | 'NetworkManager' | 'systemd-networkd' | 'ifupdown'

/** A configuration file as it is on the host. */
export interface ConfigFile {
  readonly path: string
  readonly text: string
}

/** What a file is to hold; undefined: the file is not there. */
export interface FileChange {
  readonly path: string
  readonly before: string | undefined
  readonly after: string | undefined
}

/** How a network card becomes a port of a bridge, and how it becomes itself again. */
export interface BridgePlan {
  readonly service: NetworkService
  readonly changes: readonly FileChange[]
  readonly toBridge: LiveSteps
  readonly toCard: LiveSteps
  /** Early in the boot, after files alone were put back: what turns them into the service's own. */
  readonly atBoot: Command
}

/** Commands for the running host. */
export interface LiveSteps {
  /** While the files are still as they were. */
  readonly before: Command
  /** When they are as they shall be. */
  readonly after: Command
}

export interface WantedBridge {
  readonly bridge: string
  /** The network card that becomes its port. */
  readonly card: string
  /** MAC address of the card. The bridge takes it, so that DHCP gives the host the same address. */
  readonly mac: string
}

/** Why a configuration cannot be rewritten, as the end of a sentence: `… cannot be rewritten: eth0 is described twice`. */
export type Planned = Result<BridgePlan, string>

/** First line of a file that is hvlab's alone. */
export const ownFile = '# Written by hvlab; `hvlab down` takes it back.'

/** A service that forgets a bridge may leave the device. */
export const deleteBridge = (bridge: string): Command => sh`{ ip link delete ${bridge} 2>/dev/null || :; }`
