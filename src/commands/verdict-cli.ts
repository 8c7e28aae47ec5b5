import { type Command, Option } from 'commander'
import { FailureError } from '../model/failure.ts'
import { exportFormats, type HistoryFormat, historyFormats, quantities } from '../verdicts/vocabulary.ts'
import { type Exits, type Flags, planOptions, positive, runFlags, withOptions } from './cli-options.ts'
import type { CommandEnvironment } from './environment.ts'
import { judgementFormatOption, judgingOptions, quantityOption, verdictFlags } from './verdict-options.ts'

/** The commands that read what runs measured: `compare`, `gate`, `calibrate`, `history`, `export`. */
export function verdictCommands(program: Command, exits: Exits, env: CommandEnvironment): void {
  const command = (signature: string, description: string) =>
    program.command(signature).description(description).exitOverride()

  judgingOptions(
    command('compare [a] [b]', 'what differs between two runs, hosts or guests: RUN, FILE, RUN:NAME'),
  )
    .option('--fleet [run]', 'every host of a run beside the median of all (default: the newest run)')
    .addOption(quantityOption(quantities, 'which figures: efficiency, guest, native (by commas)'))
    .addOption(judgementFormatOption())
    .action(
      exits(async (left: string | undefined, right: string | undefined, flags: Flags) => {
        const { compareCommand, compareFleet } = await import('./compare.ts')
        const fleet = fleetFlag(flags, left)
        if (fleet !== undefined) return compareFleet(fleet, verdictFlags(flags), env)
        if (left === undefined || right === undefined) throw twoSides()
        return compareCommand(left, right, verdictFlags(flags), env)
      }),
    )
  judgingOptions(
    command('gate [runs...]', 'judge runs against a baseline: exit 0 pass, 3 regression, 5 inconclusive'),
  )
    .option('--baseline <run>', 'the run, results.json or RUN:NAME to hold them against')
    .option('--fleet [run]', 'judge the hosts of a run against the median of all instead')
    .addOption(quantityOption(['efficiency'], 'which figures: efficiency, guest, native (by commas)'))
    .addOption(judgementFormatOption())
    .action(
      exits(async (runs: string[], flags: Flags) => {
        const { gateCommand, gateFleet } = await import('./gate.ts')
        const fleet = fleetFlag(flags, runs[0])
        if (fleet !== undefined) return gateFleet(fleet, verdictFlags(flags), env)
        const baseline = flags['baseline']
        if (typeof baseline !== 'string') throw noBaseline()
        return gateCommand(runs, { ...verdictFlags(flags), baseline }, env)
      }),
    )
  withOptions(
    command('calibrate [pipeline]', "measure this lab's own noise, for tolerances (default: lab)"),
    ...planOptions,
    'diff',
    'verbose',
    'forks',
  )
    .option('--runs <number>', 'how often to measure', positive, 10)
    .option('--from <runs...>', 'use these runs and measure nothing')
    .action(
      exits(async (pipeline: string | undefined, flags: Flags) =>
        (await import('./calibrate.ts')).calibrateCommand(
          pipeline ?? 'lab',
          {
            ...runFlags(flags),
            runs: flags['runs'] as number,
            from: (flags['from'] as string[] | undefined) ?? [],
          },
          env,
        ),
      ),
    )
  command('history <metric>', 'a metric over all runs, with changes of its level: cpu, cpu.efficiency')
    .option('--host <host>', 'only this host')
    .addOption(new Option('--format <format>', 'how to show it').choices([...historyFormats]).default('text'))
    .action(
      exits(async (metric: string, flags: Flags) =>
        (await import('./history.ts')).historyCommand(
          metric,
          {
            ...(typeof flags['host'] === 'string' ? { host: flags['host'] } : {}),
            format: flags['format'] as HistoryFormat,
          },
          env,
        ),
      ),
    )
  command('export <format> [runs...]', `write what was measured as ${exportFormats.join(', ')}`)
    .option('--all', 'every run of the lab (default: the newest)')
    .action(
      exits(async (format: string, runs: string[], flags: Flags) =>
        (await import('./export.ts')).exportCommand(format, runs, flags['all'] === true, env),
      ),
    )
}

/** `--fleet` alone means the run that stands on the line, or the newest. */
function fleetFlag(flags: Flags, named: string | undefined): string | true | undefined {
  const fleet = flags['fleet']
  if (fleet !== true && typeof fleet !== 'string') return undefined
  return fleet === true ? (named ?? true) : fleet
}

function twoSides(): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'usage',
    message: 'A comparison has two sides.',
    hint: 'hvlab compare BEFORE AFTER; each a run, a results.json, or RUN:HOST.',
  })
}

function noBaseline(): FailureError {
  return new FailureError({
    reason: 'config',
    code: 'usage',
    message: 'A gate needs something to hold the run against.',
    hint: 'hvlab gate --baseline RUN, or --baseline FILE with a results.json that was kept.',
  })
}
