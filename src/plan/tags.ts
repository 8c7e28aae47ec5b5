import { suggestion } from '../util/did-you-mean.ts'
import type { CompileContext } from './compile-context.ts'

/** `--tags` and `--skip-tags`, as words. Empty `only` means `all`. */
export interface TagSelection {
  readonly only: readonly string[]
  readonly skip: readonly string[]
}

/**
 * Whether a task with these tags (its own and inherited ones) runs. Source of the rules: evaluate_tags in
 * ansible/playbook/taggable.py.
 */
export function isSelected(tags: readonly string[], { only, skip }: TagSelection): boolean {
  const mine = new Set(tags.length === 0 ? ['untagged'] : tags)
  const isTagged = !mine.has('untagged') || mine.size > 1
  const wanted = only.length === 0 ? ['all'] : only
  const isWanted =
    mine.has('always') ||
    (wanted.includes('all') && !mine.has('never')) ||
    wanted.some((tag) => mine.has(tag)) ||
    (wanted.includes('tagged') && isTagged && !mine.has('never'))
  if (!isWanted) return false
  if (skip.includes('all')) return mine.has('always') && !skip.includes('always')
  return !skip.some((tag) => mine.has(tag)) && !(skip.includes('tagged') && isTagged)
}

/** Words that mean more than the tasks that have them. */
const selectors = new Set(['all', 'tagged', 'untagged', 'always', 'never'])

/** A misspelt tag would otherwise look like a run in which all is well. */
export function checkTags(context: CompileContext, isNothingLeft: boolean): void {
  const { only, skip } = context.tags
  const options = [
    ...(only.length > 0 ? [`--tags ${only.join(',')}`] : []),
    ...(skip.length > 0 ? [`--skip-tags ${skip.join(',')}`] : []),
  ]
  if (options.length === 0) return
  const known = [...context.knownTags].filter((tag) => !selectors.has(tag)).sort()
  const all = known.length === 0 ? 'no task has a tag' : `the tags are ${known.join(', ')}`
  const unknown = [...only, ...skip].filter((tag) => !selectors.has(tag) && !known.includes(tag))
  if (isNothingLeft) {
    const [word] = unknown
    const hint = (word === undefined ? undefined : suggestion(word, known)) ?? all
    context.warn(
      'tags-select-nothing',
      `${options.join(' ')} leaves no task of the pipeline`,
      undefined,
      hint,
    )
    return
  }
  for (const tag of unknown) {
    const message = `no task has the tag "${tag}"`
    context.warn('tags-select-nothing', message, undefined, suggestion(tag, known) ?? all)
  }
}
