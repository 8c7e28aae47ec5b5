/** C's strftime for what templates use; an unknown directive stays as it is. */
export function strftime(format: string, moment: Date, utc: boolean): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const year = utc ? moment.getUTCFullYear() : moment.getFullYear()
  const month = (utc ? moment.getUTCMonth() : moment.getMonth()) + 1
  const day = utc ? moment.getUTCDate() : moment.getDate()
  const hours = utc ? moment.getUTCHours() : moment.getHours()
  const minutes = utc ? moment.getUTCMinutes() : moment.getMinutes()
  const seconds = utc ? moment.getUTCSeconds() : moment.getSeconds()
  const offset = utc ? 0 : -moment.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`
  const parts: Readonly<Record<string, string>> = {
    Y: String(year),
    m: two(month),
    d: two(day),
    H: two(hours),
    M: two(minutes),
    S: two(seconds),
    y: two(year % 100),
    z: zone,
    s: String(Math.floor(moment.getTime() / 1000)),
    F: `${year}-${two(month)}-${two(day)}`,
    T: `${two(hours)}:${two(minutes)}:${two(seconds)}`,
    f: String(moment.getMilliseconds() * 1000).padStart(6, '0'),
    '%': '%',
  }
  return format.replace(/%(.)/g, (whole: string, key: string) =>
    Object.hasOwn(parts, key) ? (parts[key] ?? whole) : whole,
  )
}
