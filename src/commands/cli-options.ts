import { type Command, InvalidArgumentError, Option } from 'commander'
import { type LanguageCode, languageCodes } from '../model/language-code.ts'
import { releases, usualRelease } from '../model/sandbox-release.ts'
import type { RunOptions } from './run-options.ts'

/** What commander hands to an action. */
export type Flags = Record<string, unknown>

/** Wraps an action whose number becomes the exit code. */
export type Exits = <A extends unknown[]>(
  action: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>

/** Ansible's common options. Each command takes those that mean something to it. */
const common = {
  inventory: () =>
    new Option('-i, --inventory <source>', 'inventory file, folder or `host,host,` (repeatable)').argParser(
      collect,
    ),
  limit: () => new Option('-l, --limit <pattern>', 'only these hosts'),
  extraVars: () =>
    new Option(
      '-e, --extra-vars <vars>',
      'variables: `name=value`, JSON, YAML or @file (repeatable)',
    ).argParser(collect),
  check: () => new Option('-C, --check', 'change nothing, say what would change'),
  diff: () => new Option('-D, --diff', 'show what changes in files'),
  verbose: () => new Option('-v, --verbose', 'more output (repeatable)').argParser(counted),
  format: () => formatOption(),
  tags: () =>
    new Option('-t, --tags <tags>', 'only tasks with these tags (repeatable, or by commas)').argParser(
      collectWords,
    ),
  skipTags: () => new Option('--skip-tags <tags>', 'all but tasks with these tags').argParser(collectWords),
  forks: () => new Option('-f, --forks <number>', 'hosts worked on at once').argParser(positive).default(50),
}
type CommonOption = keyof typeof common

export function withOptions(command: Command, ...names: readonly CommonOption[]): Command {
  for (const name of names) command.addOption(common[name]())
  return command
}

/** For what asks hosts, or reads the inventory: which hosts, with which variables, how the answer is shown. */
export const hostOptions = ['inventory', 'limit', 'extraVars', 'format'] as const

/** For what changes hosts. */
export const changeOptions = ['inventory', 'limit', 'extraVars', 'check', 'verbose', 'format'] as const

/** For what reads a pipeline, and runs nothing. */
export const planOptions = [...hostOptions, 'tags', 'skipTags'] as const

/** For what runs a pipeline. */
export function runOptions(command: Command): Command {
  return withOptions(command, ...changeOptions, 'diff', 'tags', 'skipTags', 'forks')
    .option('--resume [run]', 'continue a run that stopped (default: the newest of this pipeline)')
    .option('--deadline <seconds>', 'stop the run after this time (exit code 6)', positive)
    .addOption(languageOption())
}

export function formatOption(): Option {
  return new Option('--format <format>', 'how to show it')
    .choices(['auto', 'tty', 'plain', 'json', 'jsonl'])
    .default('auto')
}

/** For a command that runs another one elsewhere: options of that one are not hvlab's. */
export function withRemoteCommand(command: Command, example: string): Command {
  return command.configureOutput({
    outputError: (text, write) =>
      write(`${text.trimEnd()}\n  hint: the command to run, with its options, follows --: ${example}\n`),
  })
}

/** The report's. */
export function languageOption(): Option {
  return new Option('--lang <language>', "the report's language").choices([...languageCodes]).default('en')
}

/** The parsed flags as plain values. */
export function runFlags(flags: Flags): RunOptions {
  const text = (name: string) => (typeof flags[name] === 'string' ? (flags[name] as string) : undefined)
  const words = (name: string) => (flags[name] as string[] | undefined) ?? []
  const limit = text('limit')
  const resume = flags['resume'] as string | true | undefined
  const deadline = flags['deadline'] as number | undefined
  return {
    inventory: words('inventory'),
    extraVars: words('extraVars'),
    tags: words('tags'),
    skipTags: words('skipTags'),
    check: flags['check'] === true,
    diff: flags['diff'] === true,
    forks: (flags['forks'] as number | undefined) ?? 50,
    verbosity: (flags['verbose'] as number | undefined) ?? 0,
    format: (flags['format'] as RunOptions['format'] | undefined) ?? 'auto',
    lang: (flags['lang'] as LanguageCode | undefined) ?? 'en',
    ...(limit === undefined ? {} : { limit }),
    ...(resume === undefined ? {} : { resume }),
    ...(deadline === undefined ? {} : { deadline }),
  }
}

/** Of a flag that is repeatable. */
export function counted(_value: string, before = 0): number {
  return before + 1
}

/** Of sandbox hosts. */
export function releaseOption(): Option {
  return new Option(
    '--release <releases>',
    `${releases.join(', ')} (default: ${usualRelease}); several by commas: the hosts have them in turns`,
  )
}

export function releaseFlag({ release }: Flags): { release?: string } {
  return typeof release === 'string' ? { release } : {}
}

/** Of an option that is repeatable. Commander's default would stand in the help as `[]`. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

function collectWords(value: string, before: readonly string[] = []): string[] {
  return [
    ...before,
    ...value
      .split(',')
      .map((word) => word.trim())
      .filter(Boolean),
  ]
}

export function positive(value: string): number {
  return whole(value, 1)
}

export function natural(value: string): number {
  return whole(value, 0)
}

function whole(value: string, least: number): number {
  const number = Number(value)
  if (value.trim() === '' || !Number.isInteger(number) || number < least)
    throw new InvalidArgumentError(`It must be a whole number from ${least}.`)
  return number
}
