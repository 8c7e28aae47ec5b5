import type { ModuleContext } from '../model/module-context.ts'

/** How a build speaks while it works. */
export type BuildReport = Pick<ModuleContext, 'progress' | 'output' | 'note'>

/** Splits chunks into lines; carriage returns end a line too, as progress bars use them. */
export function lineSplitter(onLine: (line: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    for (const line of lines) onLine(line)
  }
}

/** Passes on the steps that a person can follow: every new phase, and within one at most five a second. */
export function paced(report: Pick<BuildReport, 'progress'>, now: () => number = () => performance.now()) {
  let last = Number.NEGATIVE_INFINITY
  return (step: Parameters<BuildReport['progress']>[0] | undefined): void => {
    if (step === undefined || (step.done !== undefined && now() - last < 200)) return
    last = now()
    report.progress(step)
  }
}
