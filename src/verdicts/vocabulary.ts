/*
 * The words of options. Apart from what uses them, so that `hvlab --help` loads no statistics and no schemas.
 */

/** What of a workload is looked at: the guest's share of native performance, or the rate of one side alone. */
export const quantities = ['efficiency', 'guest', 'native'] as const
export type Quantity = (typeof quantities)[number]

/** Properties whose change makes two figures answer different questions; the words of `--accept`. */
export const essentials = [
  'cpu',
  'layers',
  'accelerator',
  'guest-cpu',
  'clock-source',
  'tool',
  'trial',
] as const
export type Essential = (typeof essentials)[number]

/** How a judgement can be written; `text` for people on a terminal. */
export const judgementFormats = ['text', 'json', 'jsonl', 'markdown', 'junit'] as const
export type JudgementFormat = (typeof judgementFormats)[number]

export const historyFormats = ['text', 'json', 'jsonl', 'csv'] as const
export type HistoryFormat = (typeof historyFormats)[number]

export const exportFormats = ['openmetrics', 'csv', 'json', 'markdown'] as const
export type ExportFormat = (typeof exportFormats)[number]
