import type { Command } from '../model/command.ts'
import { script, sh } from '../util/sh.ts'
import { type NoiseReading, noiseQuery, parseNoise } from './noise.ts'

const mark = { before: '@@hvlab before', run: '@@hvlab run', after: '@@hvlab after' } as const

/** Exit code of the script when a guest could not be suspended: above what sysbench returns, below signals. */
export const suspendFailedExitCode = 97

/**
 * One trial as one command: a noise reading, the workload, a noise reading. With `suspend`, the guests stand still
 * meanwhile; the shell's exit trap resumes them, so they run again when the trial fails, when the run is cancelled
 * and when hvlab itself is gone. `setsid` keeps the resuming out of reach of the signal that ends the trial. The
 * workload runs in the background, because only `wait` lets a shell act on a signal at once.
 */
export function trialScript(options: {
  readonly argv: readonly string[]
  /** CPU numbers for taskset(1); absent = not confined. */
  readonly cpus?: readonly number[]
  /** libvirt domains that stand still during the trial, and how to call virsh. */
  readonly suspend?: { readonly virsh: Command; readonly domains: readonly string[] }
}): Command {
  const confined = options.cpus === undefined ? sh`` : sh`taskset -c ${options.cpus.join(',')} `
  const suspended =
    options.suspend === undefined || options.suspend.domains.length === 0 ? sh`` : suspension(options.suspend)
  return sh`LC_ALL=C; export LC_ALL
${suspended}
reading() { ${script(noiseQuery)}; }
echo ${mark.before}; reading
echo ${mark.run}
${confined}${options.argv} &
wait "$!"; code=$?
echo; echo ${mark.after}; reading
exit $code`
}

function suspension({
  virsh,
  domains,
}: {
  readonly virsh: Command
  readonly domains: readonly string[]
}): Command {
  return sh`code=
resume() {
  trap '' HUP INT TERM
  [ -n "$code" ] || [ -z "$!" ] || kill "$!" 2>/dev/null
  for domain in ${domains}; do setsid -w env ${virsh} resume "$domain" >/dev/null 2>&1 </dev/null; done
}
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; trap resume EXIT
for domain in ${domains}; do ${virsh} suspend "$domain" >&2 || exit ${suspendFailedExitCode}; done`
}

export interface TrialOutput {
  readonly before: NoiseReading
  readonly after: NoiseReading
  /** What the workload printed. */
  readonly workload: string
}

/** Takes the parts of `trialScript`'s output apart; null when a part is missing (the output was cut). */
export function splitTrial(stdout: string): TrialOutput | null {
  const [, before, workload, after] =
    stdout.match(/^@@hvlab before\n([\s\S]*?)^@@hvlab run\n([\s\S]*?)\n^@@hvlab after\n([\s\S]*)$/m) ?? []
  if (before === undefined || workload === undefined || after === undefined) return null
  return { before: parseNoise(before), workload, after: parseNoise(after) }
}
