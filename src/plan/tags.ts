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
