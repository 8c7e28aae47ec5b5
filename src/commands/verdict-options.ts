import { type Command, InvalidArgumentError, Option } from 'commander'
import {
  type Essential,
  essentials,
  type JudgementFormat,
  judgementFormats,
  type Quantity,
  quantities,
} from '../verdicts/vocabulary.ts'
import { collect, type Flags, runFlags } from './cli-options.ts'
import type { GatedRunOptions } from './gated-run.ts'

/** What decides a verdict, besides the figures. */
export interface VerdictOptions {
  readonly tolerance: readonly string[]
  readonly accept: readonly Essential[]
}

/** `--tolerance` and `--accept`, for every command that judges. */
export function judgingOptions(command: Command): Command {
  return command
    .option(
      '--tolerance <percent>',
      'how much slower is not worth a word: `5%`, `cpu=3%`, `cpu.efficiency=3%` (repeatable; default: calibration.json)',
      collect,
    )
    .option(
      '--accept <properties>',
      `compare in spite of another ${essentials.join(', ')} (by commas)`,
      essentialWords,
    )
}

/** `--gate` of the commands that run a pipeline, with what judging needs. */
export function gateOption(command: Command): Command {
  return judgingOptions(
    command.option('--gate <baseline>', 'then judge it against a run or results.json (exit codes 3 and 5)'),
  )
}

export function gatedFlags(flags: Flags): GatedRunOptions {
  const { tolerance, accept } = verdictFlags(flags)
  const gate = flags['gate']
  return { ...runFlags(flags), tolerance, accept, ...(typeof gate === 'string' ? { gate } : {}) }
}

export function quantityOption(fallback: readonly Quantity[], description: string): Option {
  return new Option('--of <quantities>', description)
    .argParser((value: string) => words(value, quantities))
    .default([...fallback], fallback.join(','))
}

export function judgementFormatOption(): Option {
  return new Option('--format <format>', 'how to show it').choices([...judgementFormats]).default('text')
}

/** The flags as plain values. */
export function verdictFlags(flags: Flags): VerdictOptions & {
  readonly of: readonly Quantity[]
  readonly format: JudgementFormat
} {
  return {
    tolerance: (flags['tolerance'] as string[] | undefined) ?? [],
    accept: (flags['accept'] as Essential[] | undefined) ?? [],
    of: flags['of'] as Quantity[],
    format: flags['format'] as JudgementFormat,
  }
}

function essentialWords(value: string, before: readonly Essential[] = []): Essential[] {
  return [...before, ...words(value, essentials)]
}

function words<T extends string>(value: string, known: readonly T[]): T[] {
  return value.split(',').map((word) => {
    const found = known.find((candidate) => candidate === word.trim())
    if (found === undefined) throw new InvalidArgumentError(`Known are ${known.join(', ')}.`)
    return found
  })
}
