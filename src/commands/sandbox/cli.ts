import type { Command } from 'commander'
import {
  counted,
  type Exits,
  type Flags,
  formatOption,
  positive,
  releaseFlag,
  releaseOption,
  runFlags,
  withRemoteCommand,
} from '../cli-options.ts'
import type { CommandEnvironment } from '../environment.ts'

/** `hvlab sandbox …`: throw-away hosts on this machine. */
export function sandboxCommands(program: Command, exits: Exits, env: CommandEnvironment): void {
  const sandbox = program
    .command('sandbox')
    .description('throw-away hosts on this machine, to try roles and labs on (systemd-nspawn)')
    .helpCommand(false)
  const command = (signature: string, description: string) =>
    sandbox.command(signature).description(description).exitOverride().addOption(formatOption())
  const nameOf = (flags: Flags) =>
    typeof flags['name'] === 'string' ? { name: flags['name'] as string } : {}

  command('up', 'make and boot hosts, and write inventory/sandbox.yml')
    .option('--hosts <number>', 'how many: node1, node2 …', positive, 1)
    .addOption(releaseOption())
    .option('--name <name>', 'name of the sandbox; several can be there at once', 'sandbox')
    .option('-C, --check', 'change nothing, say what would change')
    .option('-v, --verbose', 'more output (repeatable)', counted)
    .action(
      exits(async (flags: Flags) =>
        (await import('./up.ts')).sandboxUpCommand(
          {
            ...runFlags(flags),
            ...releaseFlag(flags),
            name: String(flags['name']),
            hosts: flags['hosts'] as number,
          },
          env,
        ),
      ),
    )
  command('status', 'the hosts that are there, as the machine says')
    .option('--name <name>', 'only of this sandbox')
    .action(
      exits(async (flags: Flags) =>
        (await import('./status.ts')).sandboxStatusCommand({ ...runFlags(flags), ...nameOf(flags) }, env),
      ),
    )
  withRemoteCommand(
    command('shell <host> [command...]', 'log in to a host as root, or run one command there (after --)'),
    'hvlab sandbox shell node1 -- ls -l',
  )
    .option('--name <name>', 'the sandbox, where several have a host of that name')
    .action(
      exits(async (host: string, words: string[], flags: Flags) =>
        (await import('./shell.ts')).sandboxShellCommand(
          host,
          words,
          { ...runFlags(flags), ...nameOf(flags) },
          env,
        ),
      ),
    )
  command('down', 'remove hosts, their network and inventory/sandbox.yml')
    .option('--name <name>', 'only this sandbox (default: all of this machine)')
    .option('--trees', 'the file trees that hosts are made from, too')
    .option('-C, --check', 'change nothing, say what would change')
    .action(
      exits(async (flags: Flags) =>
        (await import('./down.ts')).sandboxDownCommand(
          { ...runFlags(flags), ...nameOf(flags), trees: flags['trees'] === true },
          env,
        ),
      ),
    )
}
