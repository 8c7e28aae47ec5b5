import { Command, CommanderError } from 'commander'
import { ExitCode } from '../model/exit-code.ts'
import { FailureError } from '../model/failure.ts'
import { defined } from '../util/defined.ts'
import { systemErrorText } from '../util/system-error.ts'
import { ansibleHint } from './ansible-options.ts'
import {
  changeOptions,
  type Exits,
  type Flags,
  formatOption,
  hostOptions,
  languageOption,
  planOptions,
  runFlags,
  runOptions,
  withOptions,
} from './cli-options.ts'
import { commandWords } from './command-words.ts'
import type { CommandEnvironment } from './environment.ts'
import { guestCommands } from './guest/cli.ts'
import { imageCommands } from './image/cli.ts'
import { document, formatOf, refuseFailure } from './mistakes.ts'
import { roleCommands } from './role/cli.ts'
import { sandboxCommands } from './sandbox/cli.ts'
import { verdictCommands } from './verdict-cli.ts'
import { gatedFlags, gateOption } from './verdict-options.ts'

/** Headings of `hvlab --help`. */
const groups = {
  lab: 'A lab:',
  guests: 'Its guests:',
  results: 'Its results:',
  hosts: 'Hosts:',
  more: 'More (each with commands of its own):',
}

/** Every command with its options; `exits` gets what an action returns. A command is loaded when it is run. */
export function commandTree(exits: Exits, env: CommandEnvironment): Command {
  const program = new Command('hvlab')
    .description('From bare Linux hosts to an honest virtualisation report, by one command.')
    .version(env.version, '-V, --version', 'print the version')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: env.stdout,
      writeErr: env.stderr,
      getOutHasColors: () => env.color,
      outputError: (text, write) => {
        const hint = ansibleHint(text)
        // Better than the nearest word.
        write(hint === undefined ? text : `${text.split('\n')[0]}\n  hint: ${hint}\n`)
      },
    })
    .helpCommand(false)

  /** A command whose action's number becomes the exit code. */
  const command = (signature: string, description: string) =>
    program.command(signature).description(description).exitOverride()

  program.commandsGroup(groups.lab)
  gateOption(
    runOptions(
      command('up [pipeline]', 'run a pipeline of this lab, or of the package, by name (default: lab)'),
    ),
  ).action(
    exits(async (pipeline: string | undefined, flags: Flags) =>
      (await import('./gated-run.ts')).gatedRun({ name: pipeline ?? 'lab' }, gatedFlags(flags), env),
    ),
  )
  gateOption(runOptions(command('run <file>', 'run a pipeline or a playbook from a file'))).action(
    exits(async (file: string, flags: Flags) =>
      (await import('./gated-run.ts')).gatedRun({ file }, gatedFlags(flags), env),
    ),
  )
  withOptions(
    command('plan <file>', 'show what a pipeline would do, where, without touching anything'),
    ...planOptions,
  )
    .option('--drift', 'ask the hosts, too: in what their guests differ from the pipeline')
    .action(
      exits(async (file: string, flags: Flags) =>
        (await import('./plan.ts')).planCommand(
          file,
          { ...runFlags(flags), drift: flags['drift'] === true },
          env,
        ),
      ),
    )
  withOptions(
    command('validate [files...]', 'check pipelines, inventories, roles and images; every mistake at once'),
    ...planOptions,
  ).action(
    exits(async (files: string[], flags: Flags) =>
      (await import('./validate.ts')).validateCommand(files, runFlags(flags), env),
    ),
  )
  program.commandsGroup(groups.guests)
  guestCommands(program, exits, env)
  program.commandsGroup(groups.lab)
  withOptions(
    command('down', 'remove what hvlab made on the hosts of the inventory, and nothing else'),
    ...changeOptions,
    'forks',
  )
    .option('--images', 'the image store too')
    .option('--lab <name>', "only this lab's guests and networks (default: all of hvlab's)")
    .action(
      exits(async (flags: Flags) =>
        (await import('./down.ts')).downCommand(
          {
            ...runFlags(flags),
            images: flags['images'] === true,
            ...(typeof flags['lab'] === 'string' ? { lab: flags['lab'] } : {}),
          },
          env,
        ),
      ),
    )
  program.commandsGroup(groups.results)
  command('report [run]', "write a run's reports again and show the result (default: the newest run)")
    .addOption(formatOption())
    .addOption(languageOption())
    .action(
      exits(async (run: string | undefined, flags: Flags) =>
        (await import('./report.ts')).reportCommand(run, runFlags(flags), env),
      ),
    )
  verdictCommands(program, exits, env)
  program.commandsGroup(groups.hosts)
  withOptions(
    command('doctor', 'what the hosts can do, and what to do about what is missing'),
    ...hostOptions,
    'forks',
  ).action(exits(async (flags: Flags) => (await import('./doctor.ts')).doctorCommand(runFlags(flags), env)))
  withOptions(
    command('exec <pattern>', 'run one module on hosts (Ansible: ad-hoc)'),
    ...changeOptions,
    'diff',
    'forks',
  )
    .option('-m, --module-name <module>', 'the module', 'command')
    .option('-a, --args <args>', 'its parameters: `k=v …`, JSON, or free-form text', '')
    .option('-b, --become', 'with privilege escalation')
    .action(
      exits(async (pattern: string, flags: Flags) =>
        (await import('./exec.ts')).execCommand(
          pattern,
          {
            ...runFlags(flags),
            module: String(flags['moduleName']),
            args: String(flags['args']),
            become: flags['become'] === true,
          },
          env,
        ),
      ),
    )
  withOptions(command('inventory', 'the inventory as hvlab reads it'), ...hostOptions)
    .option('--list', 'everything, as JSON')
    .option('--graph', 'groups and hosts as a tree')
    .option('--host <host>', "one host's variables, as JSON")
    .action(
      exits(async (flags: Flags) =>
        (await import('./inventory.ts')).inventoryCommand(
          {
            ...runFlags(flags),
            list: flags['list'] === true,
            graph: flags['graph'] === true,
            ...(typeof flags['host'] === 'string' ? { host: flags['host'] } : {}),
          },
          env,
        ),
      ),
    )
  program.commandsGroup(groups.results)
  withOptions(
    command('replay [run]', "show a run's journal again, in any format (default: the newest run)"),
    'diff',
    'verbose',
    'format',
  ).action(
    exits(async (run: string | undefined, flags: Flags) =>
      (await import('./replay.ts')).replayCommand(run, runFlags(flags), env),
    ),
  )
  program.commandsGroup(groups.more)
  imageCommands(program, exits, env)
  sandboxCommands(program, exits, env)
  roleCommands(program, exits, env)
  program.commandsGroup(groups.lab)
  command('init <folder>', 'write a small commented lab into a new folder').action(
    exits(async (folder: string) => (await import('./init.ts')).initCommand(folder, env)),
  )
  sayWhereHelpIs(program, 'hvlab')
  return program
}

/** After a mistake, the help of the command that it was made with. */
function sayWhereHelpIs(command: Command, words: string): void {
  const what = command.commands.length > 0 ? 'lists the commands' : 'says more'
  command.showHelpAfterError(`(\`${words} --help\` ${what})`)
  for (const child of command.commands) sayWhereHelpIs(child, `${words} ${child.name()}`)
}

/** Parses the command line and runs one command. Returns the exit code. */
export async function runCli(argv: readonly string[], env: CommandEnvironment): Promise<number> {
  let exitCode: number = ExitCode.ok
  const exits: Exits =
    (action) =>
    async (...args) => {
      exitCode = await action(...args)
    }
  const program = commandTree(exits, env)
  try {
    if (argv.length === 0) {
      env.stderr(program.helpInformation())
      return ExitCode.usage
    }
    await program.parseAsync(commandWords(argv, program), { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof FailureError) return refuseFailure(error.failure, formatOf(argv), env)
    const refused = systemErrorText(error)
    if (refused !== undefined)
      return refuseFailure(
        { reason: 'config', code: 'system-refused', message: refused },
        formatOf(argv),
        env,
      )
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return ExitCode.ok
    // commander has printed it already.
    const message = error.message.replace(/^error: /, '')
    const hint = ansibleHint(message)
    return document(
      [defined({ severity: 'error' as const, code: 'usage', message, hint })],
      ExitCode.usage,
      formatOf(argv),
      env,
    )
  }
}
