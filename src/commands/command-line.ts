import { quote } from '../util/sh.ts'
import type { RunOptions } from './run-options.ts'

export type PipelineChoice = { readonly file: string } | { readonly name: string }

/** The command line of a run, with all that decides what its tasks do. */
export function commandLine(
  pipeline: PipelineChoice,
  {
    inventory,
    limit,
    extraVars,
    tags,
    skipTags,
    lang = 'en',
  }: Pick<RunOptions, 'inventory' | 'limit' | 'extraVars' | 'tags' | 'skipTags' | 'lang'>,
): string {
  const words = 'name' in pipeline ? ['up', pipeline.name] : ['run', pipeline.file]
  for (const source of inventory) words.push('-i', source)
  for (const text of extraVars) words.push('-e', text)
  if (limit !== undefined) words.push('--limit', limit)
  if (tags.length > 0) words.push('--tags', tags.join(','))
  if (skipTags.length > 0) words.push('--skip-tags', skipTags.join(','))
  if (lang !== 'en') words.push('--lang', lang)
  return `hvlab ${words.map(quote).join(' ')}`
}

const secret = /pass|secret|token|credential|private|api_?key/i

/**
 * An `-e` for the journal, which reports are made of: `password=x` without its value, and nothing at all of a text that is no
 * plain pair (JSON, several pairs) and has such a word in it. Files (`@file`) are only named.
 */
export function withoutSecrets(text: string): string {
  if (text.startsWith('@') || !secret.test(text)) return text
  const name = /^([A-Za-z_]\w*)=\S*$/.exec(text)?.[1]
  if (name === undefined) return '***'
  return secret.test(name) ? `${name}=***` : text
}
