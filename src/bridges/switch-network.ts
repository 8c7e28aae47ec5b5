import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import { sleep } from '../util/sleep.ts'
import { describeMissing, readMissing } from './reach.ts'
import { type BridgeRecord, bridgeFolder } from './record.ts'
import { answers, changeFailed, confirmSwitch, type Direction, startSwitch } from './switch-script.ts'

/** After the limit the host takes so long at most to give its card back. */
const undoingS = 60
/** A login whose network went away under it. */
const confirmMs = 10_000
const passing: readonly string[] = ['unreachable', 'timeout']

type Reach = Pick<ModuleContext, 'run' | 'connection' | 'signal' | 'progress' | 'host'>

/**
 * Changes a host's network and lets a new login confirm it. Throws `bridge-rolled-back` when none came through within
 * `limitS` seconds, or the change itself failed: the host then has its network as before.
 */
export async function switchNetwork(
  context: Reach,
  record: BridgeRecord,
  direction: Direction,
  limitS: number,
): Promise<void> {
  const started = await context.run(startSwitch(record, direction, limitS))
  if (started.exitCode !== 0) throw failed(record, context.host, 'it could not be started', started.stderr)
  const deadline = performance.now() + (limitS + undoingS) * 1000
  let lost: FailureError | undefined
  while (performance.now() < deadline) {
    context.progress({
      text: `waiting for a login by ${direction === 'to-bridge' ? record.bridge : record.card}`,
    })
    try {
      await (await context.connection()).renew()
      const { exitCode, stdout } = await context.run({
        ...confirmSwitch(record, direction),
        timeoutMs: confirmMs,
      })
      if (exitCode === answers.confirmed) return
      if (exitCode !== answers.notYet) throw undone(record, context.host, direction, limitS, stdout)
      lost = undefined
    } catch (error) {
      if (!(error instanceof FailureError) || !passing.includes(error.failure.reason)) throw error
      lost = error
    }
    await sleep(500, context.signal)
  }
  if (lost) throw lost
  throw failed(record, context.host, 'it was neither confirmed nor undone', '')
}

function undone(
  record: BridgeRecord,
  host: string,
  direction: Direction,
  limitS: number,
  log: string,
): FailureError {
  if (log.includes(changeFailed)) return failed(record, host, 'the commands for it failed', log)
  const missing = readMissing(log)
  if (missing.length === 0)
    return failed(record, host, `no new login came through within ${limitS} seconds`, log)
  const { bridge, card, service } = record
  const [from, to] = direction === 'to-bridge' ? [card, bridge] : [bridge, card]
  const gone = missing.some(({ what }) => what === 'address')
    ? ` An address that no file of ${service} has, set by hand or by another program, is gone from ${from}, too: set it again, or take it into the files.`
    : ''
  const lacked = `${to} lacked ${missing.map(describeMissing).join(', ')} after ${limitS} seconds`
  return failed(record, host, lacked, log, gone)
}

function failed(record: BridgeRecord, host: string, why: string, log: string, more = ''): FailureError {
  const { bridge, card } = record
  return new FailureError({
    reason: 'module',
    code: 'bridge-rolled-back',
    message: `The change between network card ${card} and bridge ${bridge} of ${host} was taken back: ${why}. Its network is as its files say again.`,
    hint: `See what the host says below, and ${bridgeFolder(bridge)} there. A host that gets its address by DHCP may get another one for the bridge: reserve it, or set it.${more}`,
    ...(log.trim() === '' ? {} : { details: log.trim() }),
  })
}
