/** Whether a program's words say that there was no room to write: ENOSPC or EDQUOT, as `LC_ALL=C.UTF-8` has them. */
export function saysDiskFull(words: string): boolean {
  return /No space left on device|Disk quota exceeded/.test(words)
}
