import { posix } from 'node:path'
import type { Workload } from '../../bench/workload-file.ts'
import { workloadRun } from '../../bench/workload-run.ts'
import { sh } from '../../util/sh.ts'
import { networkFailure, type Peer } from './network.ts'
import { scratchFolder } from './scratch-folder.ts'
import { copiedToolsPath } from './tool-copy.ts'

const pidFile = posix.join(scratchFolder, 'server.pid')

/**
 * Runs a workload's server on its other end while the work is done: a new one for every trial. It has said that it is ready
 * before the work begins, and is gone afterwards, also when the work failed; `longestS` seconds after its begin it ends by itself.
 */
export async function withServer<T>(
  { workload, peer }: { readonly workload: Workload; readonly peer?: Peer },
  longestS: number,
  work: () => Promise<T>,
): Promise<T> {
  if (workload.server === undefined || peer === undefined) return work()
  const { address, access, inside } = peer
  const { argv, ready } = workload.server
  const words = workloadRun(
    { ...workload, argv },
    { threads: 1, durationS: longestS, scratch: scratchFolder, trial: 0, peer: address },
  ).argv
  const command = sh`PATH=${copiedToolsPath}:$PATH; LC_ALL=C; export PATH LC_ALL
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
