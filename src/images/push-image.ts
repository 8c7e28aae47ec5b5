import { sleep } from '../util/sleep.ts'
import { Attempt, type Others } from './push/attempt.ts'
import { defaultPieceMiB, piecesOf } from './push/pieces.ts'
import type { Push, Pushed } from './push/push.ts'
import { isCut, isWrong } from './push/push-failures.ts'
import { type RelayAccess, relayOf } from './relay/relay.ts'
import { lookUp } from './store.ts'

/** How often a push goes on by itself after the connection was lost, while nothing arrives in between. */
const maxCuts = 3

/**
 * Copies an image from the controller's store to a host's: in pieces, compressed with zstd where both sides have it, each
 * verified on arrival and written to its place. Hosts that get the same image at the same time, or have it, pass pieces on. What
 * arrived stays when the push is cut off; the next one goes on there. The whole is verified by SHA-256 and published in one step.
 */
export async function pushImage(push: Push): Promise<Pushed> {
  const { manifest, access, pieceMiB = defaultPieceMiB } = push
  if (access === undefined) return await pushUntilThere(push, undefined)
  const relay = relayOf(manifest, pieceMiB)
  relay.begin()
  try {
    return await pushUntilThere(push, { relay, access })
  } catch (error) {
    relay.swarm.leave(access.name)
    throw error
  } finally {
    await relay.end(access)
  }
}

/** A host that has the image already may pass it on to those that get it in this run. */
export function offerImage({
  manifest,
  store,
  access,
}: Pick<Push, 'manifest' | 'store'> & { access: RelayAccess }) {
  const relay = relayOf(manifest, defaultPieceMiB)
  const final = `${store}/${manifest.key}`
  relay.at(access.name, { partial: final, final })
  relay.swarm.join(access.name, piecesOf(manifest.files, defaultPieceMiB).keys(), [])
}

async function pushUntilThere(push: Push, others: Others | undefined): Promise<Pushed> {
  const { host, store, manifest, signal } = push
  const sum = { sentBytes: 0, relayedPieces: 0 }
  let foundPieces: number | undefined
  let cuts = 0
  let wasWrong = false
  for (;;) {
    const attempt = new Attempt(push, others)
    const add = () => {
      sum.sentBytes += attempt.sentBytes
      sum.relayedPieces += attempt.relayedPieces
      return { ...sum, foundPieces: foundPieces ?? 0 }
    }
    try {
      await attempt.run((found) => {
        foundPieces ??= found
      })
      return add()
    } catch (error) {
      const soFar = add()
      if (attempt.arrivedPieces > 0) cuts = 0
      if (isCut(error)) {
        cuts += 1
        if (cuts > maxCuts) throw error
        await sleep(1000, signal)
      } else {
        if (!isWrong(error)) throw error
        // Another hvlab may have pushed the same image at the same time, and been faster.
        if ((await lookUp(host, store, manifest.key)).state === 'whole') return soFar
        // What was wrong in the cache or on the host is gone now.
        if (wasWrong) throw error
        wasWrong = true
      }
    }
  }
}
