import type { Command } from 'commander'
import {
  collect,
  counted,
  type Exits,
  type Flags,
  formatOption,
  positive,
  releaseFlag,
  releaseOption,
  runFlags,
} from '../cli-options.ts'
import type { CommandEnvironment } from '../environment.ts'

/** `hvlab role …`: what concerns one role by itself. */
export function roleCommands(program: Command, exits: Exits, env: CommandEnvironment): void {
  const role = program.command('role').description('try roles out').helpCommand(false)
  role
    .command('test <role>')
    .description(
      'run a role on fresh sandbox hosts, run it again (nothing may change), then its tasks/verify.yml',
    )
    .exitOverride()
    .option('--hosts <number>', 'how many hosts', positive, 1)
    .addOption(releaseOption())
    .option('--keep', 'leave the hosts there, to look at')
    .option('-e, --extra-vars <vars>', 'variables: `name=value`, JSON, YAML or @file (repeatable)', collect)
    .option('-D, --diff', 'show what changes in files')
    .option('-v, --verbose', 'more output (repeatable)', counted)
    .addOption(formatOption())
    .action(
      exits(async (name: string, flags: Flags) =>
        (await import('./test.ts')).roleTestCommand(
          name,
          {
            ...runFlags(flags),
            ...releaseFlag(flags),
            hosts: flags['hosts'] as number,
            keep: flags['keep'] === true,
          },
          env,
        ),
      ),
    )
}
