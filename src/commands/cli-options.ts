import { type Command, InvalidArgumentError, Option } from 'commander'
import { type LanguageCode, languageCodes } from '../model/language-code.ts'
import type { RunOptions } from './run-options.ts'

/** What commander hands to an action. */
export type Flags = Record<string, unknown>

/** Wraps an action whose number becomes the exit code. */
export type Exits = <A extends unknown[]>(
  action: (...args: A) => Promise<number>,
) => (...args: A) => Promise<void>

/** Ansible's common options. */
export function runOptions(command: Command, resumable = false): Command {
  hostOptions(command)
    .option('-t, --tags <tags>', 'only tasks with these tags (repeatable, or by commas)', collectWords)
    .option('--skip-tags <tags>', 'all but tasks with these tags', collectWords)
    .option('-f, --forks <number>', 'hosts worked on at once', positive, 50)
  if (resumable) {
    command
      .option('--resume [run]', 'continue a run that stopped (default: the newest of this pipeline)')
      .option('--deadline <seconds>', 'stop the run after this time (exit code 6)', positive)
      .addOption(languageOption())
  }
  return command
}

/** The part of them that says which hosts, with which variables, and how it is shown. */
export function hostOptions(command: Command): Command {
  return command
    .option('-i, --inventory <source>', 'inventory file, folder or `host,host,` (repeatable)', collect)
    .option('-l, --limit <pattern>', 'only these hosts')
    .option('-e, --extra-vars <vars>', 'variables: `name=value`, JSON, YAML or @file (repeatable)', collect)
    .option('-C, --check', 'change nothing, say what would change')
    .option('-D, --diff', 'show what changes in files')
    .option('-v, --verbose', 'more output (repeatable)', counted)
    .addOption(formatOption())
}

export function formatOption(): Option {
  return new Option('--format <format>', 'how to show it')
    .choices(['auto', 'tty', 'plain', 'json', 'jsonl'])
    .default('auto')
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
