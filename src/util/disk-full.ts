/** Whether a program's words say that there was no room to write: ENOSPC or EDQUOT, as `LC_ALL=C.UTF-8` has them, or xorriso's own. */
export function saysDiskFull(words: string): boolean {
  return /No space left on device|Disk quota exceeded|exceeds free space on media/.test(words)
}
