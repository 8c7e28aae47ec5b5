import { randomInt } from 'node:crypto'
import { posix } from 'node:path'
import type { Workload } from '../../bench/workload-file.ts'
import { workloadRun } from '../../bench/workload-run.ts'
import { sh } from '../../util/sh.ts'
import { networkFailure, type Peer } from './peer.ts'
import { scratchFolder } from './scratch-folder.ts'

/** What a trial asks of the other end. */
interface Service {
  readonly workload: Workload
  readonly peer?: Peer
  readonly port?: number | undefined
}

/** RFC 6335 leaves the ports from 49152 on to whoever needs one for a while. */
const [lowestPort, ports] = [49_152, 65_536 - 49_152]

/**
 * A port that nobody uses on the other end, or undefined where the server has a fixed one. Another one for every trial: the last one's
 * connections may still be waiting for their end.
 */
export async function freePort({ workload, peer }: Service): Promise<number | undefined> {
  if (peer === undefined || workload.server?.argv.some((word) => word.includes('{port}')) !== true)
    return undefined
  const { stdout, stderr, exitCode } = await peer.access.run(sh`LC_ALL=C ${peer.inside} ss -Htan`)
  if (exitCode !== 0) throw networkFailure(`The ports in use on ${peer.address} cannot be read.`, stderr)
  const used = new Set([...stdout.matchAll(/:(\d+)\s/g)].map(([, port]) => Number(port)))
  const first = randomInt(ports)
  for (let step = 0; step < ports; step++) {
    const port = lowestPort + ((first + step) % ports)
    if (!used.has(port)) return port
  }
  throw networkFailure(`${peer.address} has no free port.`, '')
}

/**
 * Runs a workload's server on its other end while the work is done: a new one for every trial. It has said that it is ready
 * before the work begins, and is gone afterwards, also when the work failed; `longestS` seconds after its begin it ends by itself.
 */
export async function withServer<T>(
  { workload, peer, port }: Service,
  longestS: number,
  work: () => Promise<T>,
): Promise<T> {
  if (workload.server === undefined || peer === undefined) return work()
  const { address, access, inside, folder = scratchFolder } = peer
  const pidFile = posix.join(folder, 'server.pid')
  const { argv, ready } = workload.server
  const words = workloadRun(
    { ...workload, argv },
    {
      threads: 1,
      durationS: longestS,
      scratch: folder,
      trial: 0,
      peer: address,
      ...(port !== undefined && { port }),
    },
  ).argv
  const command = sh`PATH=${posix.join(folder, 'tools', 'bin')}:$PATH; LC_ALL=C; export PATH LC_ALL
echo "$$" > ${pidFile}
exec ${inside} timeout ${Math.ceil(longestS)} ${words} 2>&1`
  let said = ''
  let readyNow = (): void => {}
  const readiness = new Promise<null>((resolve) => {
    readyNow = () => resolve(null)
  })
  const end = access.run(
    { ...command, timeoutMs: (longestS + 10) * 1000 },
    {
      onOutput: (_, text) => {
        said += text
        if (said.includes(ready)) readyNow()
      },
    },
  )
  const early = await Promise.race([readiness, end])
  if (early !== null)
    throw networkFailure(
      `${words[0]} on ${address} ended before it was ready (exit code ${early.exitCode}).`,
      said,
    )
  try {
    return await work()
  } finally {
    await access.run(
      { ...sh`kill "$(cat ${pidFile})" 2>/dev/null || :`, timeoutMs: 20_000 },
      { cleanUp: true },
    )
    // Its failure is told above; what the work says matters more than how a server ends that was told to.
    await end.catch(() => undefined)
  }
}
