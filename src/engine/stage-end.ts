/** How a stage ended, and whether those that need it can still run. */
export interface StageEnd {
  readonly outcome: 'ok' | 'failed' | 'skipped' | 'cancelled'
  readonly why?: string
  readonly stopsOthers: boolean
}
