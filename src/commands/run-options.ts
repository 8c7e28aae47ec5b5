import type { LanguageCode } from '../model/language-code.ts'
import type { OutputFormat } from '../model/renderer.ts'

/** The options that `up`, `run`, `exec` and their kin share; Ansible's names. */
export interface RunOptions {
  readonly inventory: readonly string[]
  readonly limit?: string
  /** `-e` as given: `name=value …`, JSON, YAML or `@file`. */
  readonly extraVars: readonly string[]
  readonly tags: readonly string[]
  readonly skipTags: readonly string[]
  readonly check: boolean
  readonly diff: boolean
  readonly forks: number
  readonly verbosity: number
  readonly format: Exclude<OutputFormat, 'adhoc' | 'silent'>
  /** `true` continues the newest unfinished run of the pipeline. */
  readonly resume?: string | true
  /** Seconds after which the run stops with exit code 6. */
  readonly deadline?: number
  /** The report's language; default English. */
  readonly lang?: LanguageCode
}
