import type { Failure } from '../../model/failure.ts'
import { unreachable } from '../../util/unreachable.ts'
import type { FailureCause, InstallerFailed } from './outcome.ts'

/** Where a person finds more; absolute paths. */
export interface Evidence {
  readonly serialFile: string
  /** Archive of the installer’s logs, when it came another way than by webhook. */
  readonly logs?: string
  /** Socket of the serial console of a machine that was kept. */
  readonly kept?: string
}

/** What a watched machine does: install a system, or add packages to one. */
export type WatchedWork = 'installer' | 'layer'

/** What does it, and what is being made, in messages. */
const words: Readonly<Record<WatchedWork, { readonly who: string; readonly what: string }>> = {
  installer: { who: 'the installer', what: 'the installation' },
  layer: { who: 'the layer', what: 'the layer' },
}

/** A failed machine for people: what failed where, the end of the console, where the logs are. */
export function installerFailure(
  failed: InstallerFailed,
  evidence: Evidence,
  work: WatchedWork = 'installer',
): Failure {
  const { code, message, hint } = describe(failed.cause, failed.phase, words[work])
  const logs = evidence.logs ?? failed.logs
  const places = [
    `serial console: ${evidence.serialFile}`,
    ...(logs === undefined ? [] : [`logs of ${words[work].who}: ${logs}`]),
    ...(evidence.kept === undefined
      ? []
      : [`the machine still runs; its console: socat -,raw,echo=0 UNIX-CONNECT:${evidence.kept}`]),
  ]
  return {
    reason: failed.cause.kind === 'cancelled' ? 'cancelled' : 'module',
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    details: [...failed.serialTail, ...places].join('\n'),
  }
}

interface Described {
  readonly code: string
  readonly message: string
  readonly hint?: string
}

function describe(
  cause: FailureCause,
  phase: string,
  { who, what }: { readonly who: string; readonly what: string },
): Described {
  switch (cause.kind) {
    case 'no-autoinstall-argument':
      return {
        code: 'installer-no-argument',
        message:
          'the installer asks for confirmation, because its kernel was not given the argument autoinstall',
        hint: 'The word `autoinstall` must stand by itself in the kernel arguments, before `---`.',
      }
    case 'seed-not-found':
      return {
        code: 'installer-seed-not-found',
        message: 'the installer shows its menus: it found no data for an automatic installation',
        hint: 'It needs a disk labelled `cidata` that has `user-data` with the key `autoinstall`, and `meta-data`.',
      }
    case 'medium-not-found':
      return {
        code: 'installer-medium-not-found',
        message: 'the installer’s kernel did not find the installation medium',
        hint: 'The ISO must be attached as a CD-ROM, with a controller that the installer has a driver for.',
      }
    case 'step-failed':
      return {
        code: 'installer-step-failed',
        message: `${who} failed at ${cause.step}${cause.message === '' ? '' : `: ${oneLine(cause.message)}`}`,
      }
    case 'panic':
      return {
        code: 'installer-panic',
        message: `the kernel panicked (phase ${phase})${cause.message === '' ? '' : `: ${oneLine(cause.message)}`}`,
        hint: 'Too little memory is the usual cause: an installer of Ubuntu needs 2 GB or more.',
      }
    case 'out-of-memory':
      return {
        code: 'installer-out-of-memory',
        message: `the machine ran out of memory (phase ${phase}${at(cause.step)}): ${cause.text}`,
        hint: 'Give the build more memory.',
      }
    case 'no-space':
      return cause.where === 'host'
        ? {
            code: 'installer-no-space',
            message: `the disk of this machine is full: QEMU cannot write the image (${cause.text})`,
            hint: 'Free space where the image store is.',
          }
        : {
            code: 'installer-no-space',
            message: `the disk of the image is too small (phase ${phase}${at(cause.step)}): ${cause.text}`,
            hint: 'Make the disk of the image larger, or install less.',
          }
    case 'mirror-unreachable':
      return {
        code: 'installer-mirror-unreachable',
        message: `${who} cannot reach its mirror (phase ${phase}${at(cause.step)}): ${cause.text}`,
        hint: 'Check name resolution, network and proxy of this machine, or name another mirror in the image.',
      }
    case 'package-unknown':
      return {
        code: 'installer-package-unknown',
        message: `${who} knows no such package (phase ${phase}${at(cause.step)}): ${cause.text}`,
        hint: 'See `packages` in image.yml: the name, the version, and whether a component of the release that apt reads has it.',
      }
    case 'disk-unreadable':
      return {
        code: 'installer-disk-unreadable',
        message: `${who} cannot read a disk (phase ${phase}${at(cause.step)}): ${cause.text}`,
        hint: 'Verify the ISO; see whether the disk below it has errors.',
      }
    case 'stalled':
      return {
        code: 'installer-stalled',
        message: `${who} said nothing for ${seconds(cause.silentMs)} (phase ${phase}${at(cause.step)})`,
        hint: 'Look at the console with --keep-on-error; a slow machine may need a longer limit.',
      }
    case 'deadline':
      return {
        code: 'installer-deadline',
        message: `${what} did not end within ${seconds(cause.afterMs)} (phase ${phase})`,
        hint: 'A slow machine may need a longer deadline.',
      }
    case 'qemu-died':
      return {
        code: 'installer-qemu-died',
        message: `QEMU ended in the middle of ${what} (phase ${phase})${cause.why === '' ? '' : `: ${oneLine(cause.why)}`}`,
        hint: 'See `journalctl -k` for a process that was killed for its memory.',
      }
    case 'packer-failed':
      return {
        code: 'packer-failed',
        message: `packer failed (exit code ${cause.exitCode})${cause.message === '' ? '' : `: ${oneLine(cause.message)}`}`,
      }
    case 'unproven':
      return {
        code: 'installer-unproven',
        message: `the machine ended (${cause.shutdownReason}) but ${what} is not proven: ${cause.missing.join(' and ')} did not come`,
        hint: 'Something in the machine powered it off early; the console shows what ran last.',
      }
    case 'cancelled':
      return { code: 'cancelled', message: `${what} was interrupted` }
    default:
      return unreachable(cause)
  }
}

const at = (step: string | undefined): string => (step === undefined ? '' : `, ${step}`)
const oneLine = (text: string): string => text.split('\n')[0] ?? ''
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`
