import type { Filter } from './filter-arguments.ts'
import { define, textOf } from './filter-arguments.ts'
import { clockTime, strftime } from './strftime.ts'
import { strptime } from './strptime.ts'
import { TemplateError } from './template.ts'

/** Filters of dates and times. */
export const timeFilters: readonly (readonly [string, Filter])[] = [
  define('strftime', ['second', 'utc'], (input, args) => {
    const second = args.value('second', null)
    const since = Number(second)
    if (second !== null && !Number.isFinite(since)) {
      throw new TemplateError("'strftime' needs seconds since 1970 as its argument 1 (second)")
    }
    const moment = second === null ? new Date() : new Date(since * 1000)
    return strftime(textOf(input, 'strftime'), clockTime(moment, args.flag('utc')))
  }),
  define('to_datetime', ['format'], (input, args) =>
    strptime(textOf(input, 'to_datetime'), args.text('format', '%Y-%m-%d %H:%M:%S')),
  ),
]
