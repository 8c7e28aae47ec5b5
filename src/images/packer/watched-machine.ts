import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { CommandResult } from '../../model/command.ts'
import { FailureError } from '../../model/failure.ts'
import type { HostAccess } from '../../model/host-access.ts'
import { type BuildReport, lineSplitter } from '../build-report.ts'
import { installerFailure, type WatchedWork } from '../installer/failure.ts'
import type { InstallerLimits } from '../installer/limits.ts'
import type { InstallerFailed, InstallerSuccess } from '../installer/outcome.ts'
import { superviseInstaller } from '../installer/supervise.ts'
import type { Webhook } from '../installer/webhook.ts'
import { keepEvidence } from './evidence.ts'
import { endPacker, packerCommand, type TemplateVariables, workFiles } from './packer-command.ts'

/** A machine that Packer starts and hvlab watches, until it has done its work and powered off. */
export interface WatchedMachine {
  readonly work: WatchedWork
  /** Absolute path of the Packer template. */
  readonly template: string
  /** On the controller; all paths of the template's variables are relative to it. */
  readonly folder: string
  /** What goes when hvlab itself is gone. */
  readonly workFolder: string
  /** Beside those that every template has. */
  readonly variables: TemplateVariables
  readonly accelerator: 'kvm' | 'tcg'
  readonly size: { readonly cpus: number; readonly memory_mb: number }
  readonly diskGb: number
  readonly nonce: string
  /** Where the machine reports to beside its serial console. */
  readonly webhook?: Webhook
  readonly limits: InstallerLimits
  readonly keepOnError: boolean
  /** Where the console and the logs are kept after a failure. */
  readonly evidence: string
}

/** Waits until the machine has proven its success. Throws what went wrong otherwise, nothing running. */
export async function runWatched(
  machine: WatchedMachine,
  controller: HostAccess,
  signal: AbortSignal,
  report: BuildReport,
): Promise<InstallerSuccess> {
  const { folder, workFolder, nonce, webhook, template } = machine
  const variables = JSON.stringify(templateVariables(machine), null, 2)
  await controller.put(new TextEncoder().encode(`${variables}\n`), join(folder, workFiles.variables), {
    mode: 0o600,
  })
  const output = lineSplitter((line) => {
    if (line.trim() !== '') report.output('stdout', line)
  })
  // Through the open folder the socket's path is short enough, whatever the store is called.
  const place = await open(folder)
  const child = controller.run(packerCommand(template, folder, workFolder), {
    onOutput: (_stream, text) => output(text),
  })
  try {
    const outcome = await superviseInstaller({
      qmpSocket: `/proc/self/fd/${place.fd}/${workFiles.qmp}`,
      serialFile: join(folder, workFiles.serial),
      ...(webhook === undefined ? {} : { webhook }),
      nonce,
      child,
      signal,
      onProgress: ({ text, done, total }) =>
        report.progress({ text: `${phaseName[machine.work]}: ${text}`, done, total, unit: 'steps' }),
      limits: machine.limits,
    })
    // An interruption ends Packer's whole process group; that is the answer then.
    const ended = signal.aborted || outcome.kind === 'success' ? await child : undefined
    if (outcome.kind === 'failed') throw await failed(outcome, machine, child, report)
    if (ended !== undefined && ended.exitCode !== 0) throw packerFailed(ended)
    return outcome
  } catch (error) {
    if (!signal.aborted) {
      await controller.run(endPacker(folder))
      await child
    }
    throw error
  } finally {
    await place.close()
  }
}

/** Of the build, as progress and durations call it. */
export const phaseName: Readonly<Record<WatchedWork, string>> = { installer: 'install', layer: 'layer' }

async function failed(
  outcome: InstallerFailed,
  machine: WatchedMachine,
  child: Promise<CommandResult>,
  report: BuildReport,
): Promise<FailureError> {
  const { folder, evidence, webhook, keepOnError, work } = machine
  const kept = await keepEvidence(folder, evidence, webhook === undefined ? [] : secretsOf(webhook))
  const failure = installerFailure(outcome, kept, work)
  if (keepOnError) {
    report.note(
      'warning',
      `${failure.message}; the machine is kept until you interrupt; its console: cd ${folder} && socat -,raw,echo=0 UNIX-CONNECT:${workFiles.console}`,
    )
    await child
  }
  return new FailureError(failure)
}

/** What only this build knows: it must be in no log and not in the image. */
export function secretsOf(webhook: Webhook): string[] {
  return [new URL(webhook.url).pathname.replaceAll('/', '')]
}

/** docs/images.md says what each means. */
function templateVariables(machine: WatchedMachine): TemplateVariables {
  const { accelerator, size, diskGb } = machine
  return {
    iso_checksum: 'none',
    output_directory: workFiles.output,
    disk_name: workFiles.disk,
    disk_size: `${diskGb}G`,
    memory: size.memory_mb,
    cpus: size.cpus,
    accelerator,
    cpu_model: accelerator === 'kvm' ? 'host' : 'max',
    qmp_socket: workFiles.qmp,
    serial_log: workFiles.serial,
    serial_socket: workFiles.console,
    pid_file: workFiles.pid,
    logs_file: workFiles.logs,
    skip_compaction: true,
    ...machine.variables,
  }
}

function packerFailed({ exitCode, stdout, stderr }: CommandResult): FailureError {
  return new FailureError({
    reason: 'module',
    code: 'packer-failed',
    message: `packer failed after the installation (exit code ${exitCode})`,
    details: `${stdout}\n${stderr}`.trim().split('\n').slice(-20).join('\n'),
  })
}
