import type { Benchmark, Design, Subject } from '../../bench/record.ts'
import { listed } from '../../bench/words.ts'
import type { Workload } from '../../bench/workload-file.ts'
import { preparation } from '../../bench/workload-run.ts'
import type { CommandResult } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { removeFolder, scratchFolder } from './scratch-folder.ts'
import { copiedToolsPath, copyTools, isCopied } from './tool-copy.ts'

/** Writing files natively takes seconds, and minutes where every instruction is emulated. */
const preparationMs = 300_000

/**
 * Makes the folder on every machine of the design, copies programs that guests lack, runs what workloads declare as
 * `prepare`, then does the work. The folder is taken away again however the work ends. What a killed run left is taken away before.
 * Throws `benchmark-no-room` or `benchmark-tool-failed`.
 */
export async function withScratch<T>(
  context: ModuleContext,
  {
    design,
    environments,
    scenarios,
  }: Pick<Benchmark, 'design' | 'environments'> & { readonly scenarios: readonly unknown[] },
  work: () => Promise<T>,
): Promise<T> {
  const workloads = design.workloads.filter(
    ({ scratch_mib, prepare, server }) =>
      scratch_mib !== undefined || prepare !== undefined || server !== undefined,
  )
  const copies = environments.filter(({ kind, tools }) => kind === 'guest' && tools.some(isCopied))
  if (workloads.length === 0 && copies.length === 0 && scenarios.length === 0) return work()
  const machines = machinesOf(context, design)
  try {
    for (const machine of machines) await makeFolder(machine, workloads)
    for (const { subject, tools } of copies) {
      context.progress({
        text: `copying ${listed(tools.filter(isCopied).map(({ name }) => name))} to ${subject}`,
      })
      await copyTools(context, subject, tools.filter(isCopied))
    }
    for (const machine of machines) await prepareMachine(machine, design, workloads)
    return await work()
  } finally {
    await Promise.all(machines.map((machine) => removeFolder(context, machine, scratchFolder)))
  }
}

interface Machine {
  readonly name: string
  readonly access: HostAccess
  readonly subject: Subject
}

/** Several native subjects are one machine. */
function machinesOf(context: ModuleContext, { hypervisor, subjects }: Design): Machine[] {
  const native = subjects.find(({ kind }) => kind === 'native')
  return [
    ...(native === undefined ? [] : [{ name: hypervisor, access: context, subject: native }]),
    ...subjects
      .filter(({ kind }) => kind === 'guest')
      .map((subject) => ({ name: subject.id, access: context.peer(subject.id), subject })),
  ]
}

async function makeFolder({ name, access }: Machine, workloads: readonly Workload[]): Promise<void> {
  const made = await access.run(
    sh`set -e; rm -rf ${scratchFolder}; mkdir -m 700 ${scratchFolder}; LC_ALL=C df -Pk ${scratchFolder}`,
  )
  if (made.exitCode !== 0) throw failed(`The folder ${scratchFolder} cannot be made on ${name}.`, made)
  checkRoom(name, made.stdout, workloads)
}

async function prepareMachine(
  { name, access, subject }: Machine,
  design: Design,
  workloads: readonly Workload[],
): Promise<void> {
  for (const workload of workloads) {
    const command = preparation(workload, {
      threads: design.threads === 'vcpus' ? subject.vcpus : design.threads,
      durationS: design.duration_s,
      scratch: scratchFolder,
      trial: 0,
    })
    if (command === undefined) continue
    const result = await access.run({
      ...sh`PATH=${copiedToolsPath}:$PATH LC_ALL=C ${command}`,
      timeoutMs: preparationMs,
    })
    if (result.exitCode !== 0)
      throw failed(`${workload.id} could not be prepared on ${name}: exit code ${result.exitCode}.`, result)
  }
}

/** What other programs may need meanwhile; never more than the workloads themselves. */
const roomLeftMib = 1024

/** df(1) of POSIX: file system, 1024-byte blocks, used, available, capacity, mount point. */
function checkRoom(name: string, df: string, workloads: readonly Workload[]): void {
  const needMib = workloads.reduce((sum, { scratch_mib = 0 }) => sum + scratch_mib, 0)
  const freeKib = Number(
    df
      .trimEnd()
      .split('\n')
      .at(-1)
      ?.match(/^\S.* +\d+ +\d+ +(\d+) +\d+% /)?.[1],
  )
  const wantedMib = needMib + Math.min(needMib, roomLeftMib)
  if (Number.isNaN(freeKib) || freeKib / 1024 >= wantedMib) return
  throw new FailureError({
    reason: 'module',
    code: 'benchmark-no-room',
    message: `${scratchFolder} on ${name} has ${Math.floor(freeKib / 1024)} MiB free, and the workloads want ${wantedMib}.`,
    hint: `They write ${needMib} MiB, and ${wantedMib - needMib} MiB stay free. Choose other workloads, or make room.`,
  })
}

function failed(message: string, { stdout, stderr }: CommandResult): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'benchmark-tool-failed',
    message,
    hint: 'Its output is in the details.',
    details: `${stderr}\n${stdout}`.trim().slice(0, 4000),
  })
}
