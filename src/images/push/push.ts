import type { HostAccess } from '../../model/host-access.ts'
import type { BuildReport } from '../build-report.ts'
import type { Manifest } from '../manifest.ts'
import type { RelayAccess } from '../relay/relay.ts'

/** An image, and the host that is to have it. */
export interface Push {
  readonly controller: HostAccess
  readonly host: HostAccess
  readonly manifest: Manifest
  /** The image's folder on the controller. */
  readonly from: string
  /** The host's store. */
  readonly store: string
  readonly report: BuildReport
  readonly signal?: AbortSignal
  readonly pieceMiB?: number
  /** Lets hosts pass pieces on to each other; without it every piece comes from the controller. */
  readonly access?: RelayAccess
}

export interface Pushed {
  /** What went over the network for the disk: compressed where both sides can. */
  readonly sentBytes: number
  /** Pieces that an interrupted push had left there already. */
  readonly foundPieces: number
  /** Pieces that another host passed on. */
  readonly relayedPieces: number
}
