import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { epochSeconds } from './text.ts'

export interface HostTime {
  /** Seconds since the epoch by the host's clock. */
  readonly epoch: number
  /** `+0200`. */
  readonly offset: string
  /** `CEST`. */
  readonly zone: string
}

export const hostTime = defineFact<[], HostTime>({
  name: 'host-time',
  command: () => sh`date '+%s %z %Z'`,
  parse({ stdout }) {
    const [epoch, offset = '+0000', zone = 'UTC'] = stdout.trim().split(' ')
    return { epoch: epochSeconds(epoch), offset, zone }
  },
})
