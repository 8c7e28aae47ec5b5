import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { eventFromJson } from './installer-event.ts'
import type { Observation } from './observation.ts'

/** Where an installer reports to. The token in the path is known to one build only. */
export interface Webhook {
  /** As the guest reaches it through QEMU's user network, with a slash at the end; logs go to `logs` below it. */
  readonly url: string
  /** Observations that came before are handed over at once. */
  listen(onObservation: (observation: Observation) => void): void
  close(): Promise<void>
}

const longestEvent = 1 << 20
const longestLogs = 1 << 28
/** The address at which QEMU's user network shows the machine that it runs on. */
const hostSeenByGuest = '10.0.2.2'

/**
 * Opens the sink on 127.0.0.1 at any free port. Events are posted to `url` as curtin's webhook reporter does, the
 * archive of the installer's logs is posted or put to `url` + `logs` and kept in `logsFile`.
 */
export async function openWebhook(options: { readonly logsFile: string }): Promise<Webhook> {
  const token = randomBytes(16).toString('hex')
  let waiting: Observation[] = []
  let emit = (observation: Observation): void => {
    waiting.push(observation)
  }
  const server = createServer((request, response) => {
    void serve(request, token, options.logsFile, (observation) => emit(observation)).then(
      (status) => answer(response, status),
      // The guest went away in the middle: nobody to answer to.
      () => response.destroy(),
    )
  })
  server.requestTimeout = 120_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${hostSeenByGuest}:${port}/${token}/`,
    listen(onObservation) {
      emit = onObservation
      for (const observation of waiting) onObservation(observation)
      waiting = []
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Returns the status of the answer. */
async function serve(
  request: IncomingMessage,
  token: string,
  logsFile: string,
  emit: (observation: Observation) => void,
): Promise<number> {
  const path = (request.url ?? '').split('?')[0] ?? ''
  const isEvent = path === `/${token}/` || path === `/${token}`
  if (!isEvent && path !== `/${token}/logs`) return 404
  if (request.method !== 'POST' && request.method !== 'PUT') return 405
  if (isEvent) {
    const chunks: Buffer[] = []
    for await (const chunk of bounded(request, longestEvent)) chunks.push(chunk)
    const event = eventFromJson(Buffer.concat(chunks).toString('utf8'))
    if (event === undefined) return 400
    emit({ kind: 'event', event })
    return 200
  }
  try {
    await pipeline(bounded(request, longestLogs), createWriteStream(logsFile, { mode: 0o600 }))
  } catch (error) {
    await rm(logsFile, { force: true })
    throw error
  }
  emit({ kind: 'logs', path: logsFile })
  return 200
}

async function* bounded(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new Error(`more than ${limit} bytes`)
    yield chunk
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': 0 }).end()
}
