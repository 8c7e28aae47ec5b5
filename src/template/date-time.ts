import type { Value } from '../model/value.ts'
import type { Runtime } from './runtime-value.ts'
import { Callable, PythonObject, plain } from './runtime-value.ts'
import type { ClockTime } from './strftime.ts'
import { clockTime, offsetText, strftime } from './strftime.ts'
import type { BinaryOperator } from './syntax-tree.ts'
import { TemplateError } from './template.ts'

const secondMicros = 1_000_000
const dayMicros = 86_400 * secondMicros

/** Python's `datetime`: what `now()` and `to_datetime` give. Without an offset it is a wall clock's, as in Python. */
export class DateTime extends PythonObject {
  readonly type = 'datetime'
  /** Microseconds that the clock shows since 1970-01-01 00:00. */
  readonly micros: number
  readonly offsetMinutes: number | null

  constructor(micros: number, offsetMinutes: number | null = null) {
    super()
    this.micros = micros
    this.offsetMinutes = offsetMinutes
  }

  static now(utc: boolean): DateTime {
    return new DateTime(clockTime(new Date(), utc).wall.getTime() * 1000)
  }

  get rank(): number {
    return this.micros - (this.offsetMinutes ?? 0) * 60 * secondMicros
  }

  text(): string {
    return this.#iso(' ')
  }

  attribute(name: string): Value | Callable | undefined {
    const { wall, microsecond } = this.#clock()
    const parts: Readonly<Record<string, number>> = {
      year: wall.getUTCFullYear(),
      month: wall.getUTCMonth() + 1,
      day: wall.getUTCDate(),
      hour: wall.getUTCHours(),
      minute: wall.getUTCMinutes(),
      second: wall.getUTCSeconds(),
      microsecond,
    }
    if (Object.hasOwn(parts, name)) return parts[name]
    switch (name) {
      case 'strftime':
        return new Callable(name, (args) => strftime(String(plain(args[0] ?? '')), this.#clock()))
      case 'isoformat':
        return new Callable(name, () => this.#iso('T'))
      case 'timestamp':
        return new Callable(name, () => this.#timestamp())
      case 'weekday':
        return new Callable(name, () => (wall.getUTCDay() + 6) % 7)
      case 'isoweekday':
        return new Callable(name, () => wall.getUTCDay() || 7)
      default:
        return undefined
    }
  }

  binary(operator: BinaryOperator, other: Runtime): Runtime | undefined {
    if (operator === '-' && other instanceof DateTime) {
      if ((this.offsetMinutes === null) !== (other.offsetMinutes === null)) {
        throw new TemplateError('one of the two times has an offset from UTC, the other has none')
      }
      return new TimeDelta(this.rank - other.rank)
    }
    if (!(other instanceof TimeDelta) || (operator !== '+' && operator !== '-')) return undefined
    return new DateTime(this.micros + (operator === '+' ? 1 : -1) * other.micros, this.offsetMinutes)
  }

  #clock(): ClockTime {
    const offset = this.offsetMinutes
    return {
      wall: new Date(Math.floor(this.micros / 1000)),
      microsecond: remainder(this.micros, secondMicros),
      offsetMinutes: offset,
      zone: offset === null ? '' : offset === 0 ? 'UTC' : `UTC${offsetText(offset, ':')}`,
    }
  }

  #iso(separator: string): string {
    const fraction = remainder(this.micros, secondMicros) === 0 ? '' : '.%f'
    const zone = this.offsetMinutes === null ? '' : offsetText(this.offsetMinutes, ':')
    return strftime(`%Y-%m-%d${separator}%H:%M:%S${fraction}`, this.#clock()) + zone
  }

  /** Seconds since the epoch; a wall clock's time is this machine's. */
  #timestamp(): number {
    if (this.offsetMinutes !== null) return this.rank / secondMicros
    const wall = new Date(Math.floor(this.micros / 1000))
    const local = new Date(
      wall.getUTCFullYear(),
      wall.getUTCMonth(),
      wall.getUTCDate(),
      wall.getUTCHours(),
      wall.getUTCMinutes(),
      wall.getUTCSeconds(),
    )
    return local.getTime() / 1000 + remainder(this.micros, secondMicros) / secondMicros
  }
}

/** Python's `timedelta`: the difference of two times. */
class TimeDelta extends PythonObject {
  readonly type = 'timedelta'
  readonly micros: number

  constructor(micros: number) {
    super()
    this.micros = micros
  }

  get rank(): number {
    return this.micros
  }

  text(): string {
    const days = Math.floor(this.micros / dayMicros)
    const rest = remainder(this.micros, dayMicros)
    const seconds = Math.floor(rest / secondMicros)
    const two = (value: number): string => String(value).padStart(2, '0')
    const clock = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
    const fraction = rest % secondMicros === 0 ? '' : `.${String(rest % secondMicros).padStart(6, '0')}`
    return (days === 0 ? '' : `${days} day${Math.abs(days) === 1 ? '' : 's'}, `) + clock + fraction
  }

  /** Days may be negative; seconds and microseconds are not, as in Python. */
  attribute(name: string): Value | Callable | undefined {
    const rest = remainder(this.micros, dayMicros)
    switch (name) {
      case 'days':
        return Math.floor(this.micros / dayMicros)
      case 'seconds':
        return Math.floor(rest / secondMicros)
      case 'microseconds':
        return rest % secondMicros
      case 'total_seconds':
        return new Callable(name, () => this.micros / secondMicros)
      default:
        return undefined
    }
  }

  binary(operator: BinaryOperator, other: Runtime): Runtime | undefined {
    if (other instanceof TimeDelta && operator === '+') return new TimeDelta(this.micros + other.micros)
    if (other instanceof TimeDelta && operator === '-') return new TimeDelta(this.micros - other.micros)
    if (other instanceof DateTime && operator === '+') return other.binary('+', this)
    return undefined
  }
}

/** Python's sign: never negative for a positive divisor. */
function remainder(value: number, by: number): number {
  return value - by * Math.floor(value / by)
}
