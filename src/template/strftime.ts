/** A moment as a clock on a wall shows it. */
export interface ClockTime {
  /** Its UTC fields are what the clock shows. */
  readonly wall: Date
  /** Microseconds of the second. */
  readonly microsecond: number
  /** Minutes east of UTC, or null when nobody said. */
  readonly offsetMinutes: number | null
  readonly zone: string
}

/** What a clock shows now, or at the moment given: this machine's time, or UTC. */
export function clockTime(moment: Date, utc: boolean): ClockTime {
  const offsetMinutes = utc ? 0 : -moment.getTimezoneOffset()
  return {
    wall: new Date(moment.getTime() + offsetMinutes * 60_000),
    microsecond: (((moment.getTime() % 1000) + 1000) % 1000) * 1000,
    offsetMinutes,
    zone: utc ? 'UTC' : zoneName(moment),
  }
}

function zoneName(moment: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(moment)
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

export const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
export const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

const dayMs = 86_400_000

/** C's strftime in the C locale, and glibc's `%-d` without leading zeros; an unknown directive stays as it is. */
export function strftime(format: string, time: ClockTime): string {
  return format.replace(/%(-?)(.)/g, (whole: string, bare: string, key: string) => {
    const text = directive(key, time)
    if (text === undefined) return whole
    return bare === '' ? text : text.replace(/^[0 ]+(?=.)/, '')
  })
}

function directive(key: string, time: ClockTime): string | undefined {
  const { wall } = time
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate()]
  const [hour, minute, second] = [wall.getUTCHours(), wall.getUTCMinutes(), wall.getUTCSeconds()]
  const weekday = wall.getUTCDay()
  const dayOfYear = Math.floor((wall.getTime() - Date.UTC(year, 0, 1)) / dayMs)
  const inner = (pattern: string): string => strftime(pattern, time)
  switch (key) {
    case 'a':
      return weekdays[weekday]?.slice(0, 3)
    case 'A':
      return weekdays[weekday]
    case 'b':
    case 'h':
      return months[month]?.slice(0, 3)
    case 'B':
      return months[month]
    case 'c':
      return inner('%a %b %e %H:%M:%S %Y')
    case 'C':
      return padded(Math.floor(year / 100), 2)
    case 'd':
      return padded(day, 2)
    case 'D':
    case 'x':
      return inner('%m/%d/%y')
    case 'e':
      return String(day).padStart(2)
    case 'f':
      return padded(time.microsecond, 6)
    case 'F':
      return inner('%Y-%m-%d')
    case 'g':
      return padded(isoWeek(wall).year % 100, 2)
    case 'G':
      return String(isoWeek(wall).year)
    case 'H':
      return padded(hour, 2)
    case 'I':
      return padded(hour % 12 || 12, 2)
    case 'j':
      return padded(dayOfYear + 1, 3)
    case 'k':
      return String(hour).padStart(2)
    case 'l':
      return String(hour % 12 || 12).padStart(2)
    case 'm':
      return padded(month + 1, 2)
    case 'M':
      return padded(minute, 2)
    case 'n':
      return '\n'
    case 'p':
      return hour < 12 ? 'AM' : 'PM'
    case 'r':
      return inner('%I:%M:%S %p')
    case 'R':
      return inner('%H:%M')
    case 's':
      return String(Math.floor(wall.getTime() / 1000) - (time.offsetMinutes ?? 0) * 60)
    case 'S':
      return padded(second, 2)
    case 't':
      return '\t'
    case 'T':
    case 'X':
      return inner('%H:%M:%S')
    case 'u':
      return String(weekday || 7)
    case 'U':
      return padded(Math.floor((dayOfYear + 7 - weekday) / 7), 2)
    case 'V':
      return padded(isoWeek(wall).week, 2)
    case 'w':
      return String(weekday)
    case 'W':
      return padded(Math.floor((dayOfYear + 7 - ((weekday + 6) % 7)) / 7), 2)
    case 'y':
      return padded(year % 100, 2)
    case 'Y':
      return String(year)
    case 'z':
      return time.offsetMinutes === null ? '' : offsetText(time.offsetMinutes, '')
    case 'Z':
      return time.zone
    case '%':
      return '%'
    default:
      return undefined
  }
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

/** `+0730`, or `+07:30`. */
export function offsetText(minutes: number, separator: string): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(size / 60), 2)}${separator}${padded(size % 60, 2)}`
}

/** ISO 8601: week 1 is the one with the year's first Thursday. */
function isoWeek(wall: Date): { year: number; week: number } {
  const midnight = Math.floor(wall.getTime() / dayMs) * dayMs
  const thursday = new Date(midnight + (4 - (wall.getUTCDay() || 7)) * dayMs)
  const year = thursday.getUTCFullYear()
  return { year, week: Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / dayMs / 7) + 1 }
}
