import { createConnection, type Socket } from 'node:net'
import { record } from '../../facts/json.ts'
import { parsedJson } from '../../util/json.ts'
import { sleep } from '../../util/sleep.ts'
import type { Observation } from './observation.ts'

/** One connection to QEMU's monitor (QMP: JSON objects, one a line). Source: docs/interop/qmp-spec.rst of QEMU. */
export interface Qmp {
  close(): void
}

/** More than this without a line end is not QMP. */
const longestMessage = 1 << 20

/**
 * Connects as soon as QEMU has made its socket, and tells what matters of its events; the last is `qemu-gone`.
 * Returns undefined when the signal fires first.
 */
export async function connectQmp(
  path: string,
  onObservation: (observation: Observation) => void,
  signal: AbortSignal,
): Promise<Qmp | undefined> {
  for (;;) {
    const socket = await connect(path)
    if (signal.aborted) {
      socket?.destroy()
      return undefined
    }
    if (socket !== undefined) return speak(socket, onObservation)
    try {
      await sleep(50, signal)
    } catch {
      return undefined
    }
  }
}

/** Undefined while there is no socket yet, or nobody behind it. */
function connect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

function speak(socket: Socket, onObservation: (observation: Observation) => void): Qmp {
  let rest = ''
  socket.setEncoding('utf8')
  // The close that follows an error says all there is to say.
  socket.on('error', () => {})
  socket.on('close', () => onObservation({ kind: 'qemu-gone' }))
  socket.on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > longestMessage) socket.destroy()
    for (const line of lines) {
      const observation = observationOf(line)
      if (observation !== undefined) onObservation(observation)
    }
  })
  // QEMU sends events only after capabilities were negotiated.
  socket.write('{"execute": "qmp_capabilities"}\n')
  onObservation({ kind: 'qemu-found' })
  return { close: () => socket.destroy() }
}

/** What a message of QEMU says about the installation. */
export function observationOf(line: string): Observation | undefined {
  const message = record(parsedJson(line))
  const data = record(message['data'])
  switch (message['event']) {
    case 'GUEST_PANICKED':
      return { kind: 'panicked' }
    case 'SHUTDOWN':
      return { kind: 'shutdown', reason: String(data['reason'] ?? 'no reason given') }
    case 'BLOCK_IO_ERROR':
      return {
        kind: 'disk-error',
        device: String(data['device'] || data['node-name'] || 'a disk'),
        reason: String(data['reason'] ?? ''),
        noSpace: data['nospace'] === true,
      }
    default:
      return undefined
  }
}
