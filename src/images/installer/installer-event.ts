import { record } from '../../facts/json.ts'
import { parsedJson } from '../../util/json.ts'
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
  const { name, description, event_type: type, result } = record(parsedJson(body))
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

/** A step in the words of the installer, else by the end of its name; one short line. */
export function stepText(event: InstallerEvent): string {
  const own = event.description.split('\n')[0]?.trim() ?? ''
  const text = own === '' ? (event.name.split('/').at(-1) ?? event.name) : own
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}
