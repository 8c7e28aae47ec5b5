import type { HostTime } from '../../facts/host-time.ts'
import type { Vars } from '../../model/value.ts'

/** Ansible's `date_time`, by the host's clock and time zone. */
export function dateTimeVars(time: HostTime): Vars {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d\d)(\d\d)$/.exec(time.offset) ?? []
  const shiftSeconds = (sign === '-' ? -1 : 1) * (Number(hours) * 3600 + Number(minutes) * 60)
  const utc = new Date(time.epoch * 1000).toISOString()
  const local = new Date((time.epoch + shiftSeconds) * 1000)
  const [date = '', clock = ''] = local.toISOString().slice(0, 19).split('T')
  const [year = '', month = '', day = ''] = date.split('-')
  const [hour = '', minute = '', second = ''] = clock.split(':')
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    date,
    time: clock,
    epoch: String(time.epoch),
    epoch_int: String(time.epoch),
    weekday: new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' }).format(local),
    weekday_number: String(local.getUTCDay()),
    iso8601: `${utc.slice(0, 19)}Z`,
    iso8601_basic: `${date.replaceAll('-', '')}T${clock.replaceAll(':', '')}000000`,
    iso8601_basic_short: `${date.replaceAll('-', '')}T${clock.replaceAll(':', '')}`,
    iso8601_micro: `${utc.slice(0, 19)}.000000Z`,
    tz: time.zone,
    tz_dst: time.zone,
    tz_offset: time.offset,
  }
}
