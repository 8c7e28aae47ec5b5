import type { Command } from 'commander'
import { commandTree } from '../../src/commands/cli.ts'
import type { CommandEnvironment } from '../../src/commands/environment.ts'

const unused = (): never => {
  throw new Error('no command is run')
}
const environment: CommandEnvironment = {
  cwd: '/',
  env: {},
  version: '0',
  color: false,
  stdout: unused,
  stderr: unused,
  renderer: unused,
  onSignal: unused,
}

/** hvlab's commands as they are parsed; none of them can be run. */
export const hvlabCommands: Command = commandTree(() => unused, environment)

/** Those that do something by the words that call them: `up`, `snapshot create`. */
export const leafCommands: ReadonlyMap<string, Command> = new Map(leavesOf(hvlabCommands, []))

function leavesOf(parent: Command, path: readonly string[]): [string, Command][] {
  return parent.commands.flatMap((command): [string, Command][] => {
    const words = [...path, command.name()]
    return command.commands.length > 0 ? leavesOf(command, words) : [[words.join(' '), command]]
  })
}

/**
 * What of a command line does not exist, as people write it: `hvlab snapshot create|list`, `--gate BASELINE`, `…`. Undefined
 * when all of it does.
 */
export function unknownWord(line: string): string | undefined {
  const [, ...words] = line.split(/\s+/)
  let commands = [hvlabCommands]
  for (const [index, word] of words.entries()) {
    // commander's own, which is not among the commands.
    if (word === '--' || (index === 0 && word === 'help')) return undefined
    if (word.startsWith('-')) {
      const [flag = ''] = word.split('=')
      if (!commands.every((command) => hasOption(command, flag))) return word
    } else if (commands.some((command) => command.commands.length > 0)) {
      const named = word.split('|')
      const found = named.map((name) => commands[0]?.commands.find((command) => command.name() === name))
      if (found.some((command) => command === undefined)) return words.slice(0, index + 1).join(' ')
      commands = found.filter((command) => command !== undefined)
    }
  }
  return undefined
}

function hasOption(command: Command, flag: string): boolean {
  return flag === '--help' || command.options.some(({ short, long }) => short === flag || long === flag)
}
