import type { Command } from 'commander'
import {
  changeOptions,
  type Exits,
  type Flags,
  hostOptions,
  natural,
  positive,
  runFlags,
  withOptions,
  withRemoteCommand,
} from '../cli-options.ts'
import type { CommandEnvironment } from '../environment.ts'

/** Commands on guests that exist: to look at them, talk to them, and change what they do. */
export function guestCommands(program: Command, exits: Exits, env: CommandEnvironment): void {
  talking(asking(program), exits, env)
  changing(acting(program), exits, env)
  const snapshot = program
    .command('snapshot')
    .description('moments of a guest to which it can go back')
    .helpCommand(false)
  snapshots(snapshot, exits, env)
}

/** How a command of a parent begins: one that changes nothing, and one that changes guests. */
type Define = (signature: string, description: string) => Command
const asking =
  (parent: Command): Define =>
  (signature, description) =>
    withOptions(parent.command(signature).description(description).exitOverride(), ...hostOptions)
const acting =
  (parent: Command): Define =>
  (signature, description) =>
    withOptions(parent.command(signature).description(description).exitOverride(), ...changeOptions)

function talking(command: Define, exits: Exits, env: CommandEnvironment): void {
  command('status', 'the guests on the hosts of the inventory, as the hosts say').action(
    exits(async (flags: Flags) => (await import('../status.ts')).statusCommand(runFlags(flags), env)),
  )
  withRemoteCommand(
    command('ssh <guest> [command...]', 'log in to a guest, or run one command there (after --)'),
    'hvlab ssh guest1 -- ls -l',
  ).action(
    exits(async (guest: string, words: string[], flags: Flags) =>
      (await import('./ssh.ts')).sshCommand(guest, words, runFlags(flags), env),
    ),
  )
  command('ssh-config [guests...]', 'configuration for ssh, scp, rsync and editors: `ssh -F FILE GUEST`')
    .option('-o, --output <file>', 'write it there instead of standard output')
    .action(
      exits(async (guests: string[], flags: Flags) =>
        (await import('./ssh-config.ts')).sshConfigCommand(
          guests,
          { ...runFlags(flags), ...text(flags, 'output') },
          env,
        ),
      ),
    )
  command('scp <paths...>', 'copy files; those in a guest are written guest1:path')
    .option('-r, --recursive', 'folders with what is in them')
    .option('-p, --preserve', 'keep times and modes')
    .action(
      exits(async (paths: string[], flags: Flags) =>
        (await import('./scp.ts')).scpCommand(
          paths,
          {
            ...runFlags(flags),
            recursive: flags['recursive'] === true,
            preserve: flags['preserve'] === true,
          },
          env,
        ),
      ),
    )
  command('port-forward <guest> <ports...>', 'let TCP ports of this machine lead to a guest: [LOCAL:]PORT')
    .option('--address <address>', 'where to listen', '127.0.0.1')
    .action(
      exits(async (guest: string, ports: string[], flags: Flags) =>
        (await import('./port-forward.ts')).portForwardCommand(
          guest,
          ports,
          { ...runFlags(flags), address: String(flags['address']) },
          env,
        ),
      ),
    )
  command('console <guest>', 'the serial console of a guest in this terminal; Ctrl-] leaves')
    .option('--force', 'take it away from whoever has it')
    .action(
      exits(async (guest: string, flags: Flags) =>
        (await import('./console.ts')).consoleCommand(
          guest,
          { ...runFlags(flags), force: flags['force'] === true },
          env,
        ),
      ),
    )
  command('logs <guest>', 'what a guest printed on its serial console since its last start')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('-n, --lines <number>', 'only the last lines', natural)
    .action(
      exits(async (guest: string, flags: Flags) =>
        (await import('./logs.ts')).logsCommand(
          guest,
          { ...runFlags(flags), follow: flags['follow'] === true, ...number(flags, 'lines') },
          env,
        ),
      ),
    )
}

/** `start` and its kin, by the states of `libvirt_guest_state`. */
function changing(command: Define, exits: Exits, env: CommandEnvironment): void {
  const change = (
    name: 'start' | 'stop' | 'restart' | 'suspend' | 'resume',
    description: string,
    state: (flags: Flags) => 'running' | 'stopped' | 'restarted' | 'paused' | 'saved',
  ) =>
    command(`${name} [guests...]`, description)
      .option('--all', 'every guest')
      .action(
        exits(async (guests: string[], flags: Flags) =>
          (await import('./change-state.ts')).changeStateCommand(
            name,
            state(flags),
            guests,
            {
              ...runFlags(flags),
              ...proof(flags),
              all: flags['all'] === true,
              ...(flags['force'] === true ? { force: true } : {}),
            },
            env,
          ),
        ),
      )
  awaiting(change('start', 'start guests and wait until a login works', () => 'running'))
  change('stop', 'shut guests down as their power buttons would', () => 'stopped')
    .option('--force', 'switch them off at once')
    .option('--timeout <seconds>', 'how long they may take', positive)
  awaiting(change('restart', 'shut guests down and start them', () => 'restarted')).option(
    '--force',
    'switch them off at once instead',
  )
  change('suspend', 'let guests stand still; their memory stays in the host’s', (flags) =>
    flags['toDisk'] === true ? 'saved' : 'paused',
  ).option('--to-disk', 'write their memory to disk and free it')
  awaiting(change('resume', 'let suspended guests go on, with the right time', () => 'running'))

  const clone = command('clone <guest> <name>', 'copy a guest, running or not, under a new name and identity')
  awaiting(withOptions(clone, 'diff'))
    .option('--stopped', 'leave the new guest off')
    .action(
      exits(async (guest: string, name: string, flags: Flags) =>
        (await import('./clone.ts')).cloneCommand(
          guest,
          name,
          { ...runFlags(flags), ...proof(flags), stopped: flags['stopped'] === true },
          env,
        ),
      ),
    )
}

function snapshots(parent: Command, exits: Exits, env: CommandEnvironment): void {
  const command = acting(parent)
  const act =
    (state: 'present' | 'reverted' | 'absent') =>
    async (guest: string, name: string | undefined, flags: Flags): Promise<number> =>
      (await import('./snapshot.ts')).snapshotCommand(
        state,
        guest,
        name,
        {
          ...runFlags(flags),
          ...proof(flags),
          ...text(flags, 'description'),
          ...(flags['start'] === true ? { start: true } : {}),
        },
        env,
      )
  command('create <guest> [name]', 'disks and, while the guest runs, its memory (default name: the time)')
    .option('--description <text>', 'for people')
    .action(exits(act('present')))
  asking(parent)('list [guest]', 'snapshots of a guest, or of all').action(
    exits(async (guest: string | undefined, flags: Flags) =>
      (await import('./snapshot.ts')).snapshotListCommand(guest, runFlags(flags), env),
    ),
  )
  awaiting(command('revert <guest> <name>', 'go back; what came after the snapshot is lost'))
    .option('--start', 'start the guest when the snapshot is of its disk alone')
    .action(exits(act('reverted')))
  command('delete <guest> <name>', 'delete a snapshot; the guest stays as it is').action(exits(act('absent')))
}

/** For commands that end when a login works. */
function awaiting(command: Command): Command {
  return command
    .option('--no-wait', 'do not wait until a login works')
    .option('--timeout <seconds>', 'how long that may take', positive)
}

function proof(flags: Flags): { wait?: boolean; patience?: number } {
  return {
    ...(flags['wait'] === false ? { wait: false } : {}),
    ...(typeof flags['timeout'] === 'number' ? { patience: flags['timeout'] } : {}),
  }
}

function text<Name extends string>(flags: Flags, name: Name): { [key in Name]?: string } {
  return (typeof flags[name] === 'string' ? { [name]: flags[name] } : {}) as { [key in Name]?: string }
}

function number<Name extends string>(flags: Flags, name: Name): { [key in Name]?: number } {
  return (typeof flags[name] === 'number' ? { [name]: flags[name] } : {}) as { [key in Name]?: number }
}
