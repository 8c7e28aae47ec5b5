import { printable } from '../../util/printable.ts'

/** One step that starts or ends, as curtin's reporters tell it (curtin/reporter/events.py). */
export interface InstallerEvent {
  readonly type: 'start' | 'finish'
  /** Path of the step, e.g. `subiquity/Install/install/curtin_install`. */
  readonly name: string
  readonly description: string
  /** Only of `finish`. */
  readonly result?: 'SUCCESS' | 'WARN' | 'FAIL'
}

const longestName = 300
const longestDescription = 2_000

/** The body that the webhook reporter posts; undefined when it is anything else. The guest wrote it: it is not trusted. */
export function eventFromJson(body: string): InstallerEvent | undefined {
  let data: unknown
  try {
    data = JSON.parse(body)
  } catch {
    return undefined
  }
  if (typeof data !== 'object' || data === null) return undefined
  const { name, description, event_type: type, result } = data as Record<string, unknown>
  if (typeof name !== 'string' || (type !== 'start' && type !== 'finish')) return undefined
  return event(type, name, typeof description === 'string' ? description : '', result)
}

/** The line that the print reporter writes: `start: NAME: DESCRIPTION` or `finish: NAME: RESULT: DESCRIPTION`. */
export function eventFromLine(line: string): InstallerEvent | undefined {
  const found = /(?:^|\s)(start|finish): ((?:subiquity|hvlab)(?:\/[^\s:]+)+)(?:: ?(.*))?$/.exec(line)
  if (found === null) return undefined
  const [, type, name = '', rest = ''] = found
  if (type !== 'finish') return event('start', name, rest, undefined)
  const [, result, description = ''] = /^(SUCCESS|WARN|FAIL)(?:: ?(.*))?$/.exec(rest) ?? []
  return result === undefined ? undefined : event('finish', name, description, result)
}

function event(type: 'start' | 'finish', name: string, description: string, result: unknown): InstallerEvent {
  return {
    type,
    name: printable(name).slice(0, longestName),
    description: printable(description).slice(0, longestDescription),
    ...(type === 'finish' && (result === 'SUCCESS' || result === 'WARN' || result === 'FAIL')
      ? { result }
      : {}),
  }
}
