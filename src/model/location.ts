/** A place in a file that a person wrote. Lines and columns count from 1, as editors do; line 0 is a command line, no file. */
export interface Location {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Length in characters of what is meant, for the squiggle; 1 when unknown. */
  readonly length?: number
}
