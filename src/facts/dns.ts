import { defineFact } from './fact.ts'
import { shortFile } from './sections.ts'
import { lines } from './text.ts'

export interface Dns {
  readonly nameservers: readonly string[]
  readonly search: readonly string[]
}

/** Source: resolv.conf(5). */
export const dns = defineFact<[], Dns>({
  name: 'dns',
  command: () => shortFile('/etc/resolv.conf'),
  parse({ stdout }) {
    const words = lines(stdout).map((line) => line.trim().split(/\s+/))
    return {
      nameservers: words.flatMap(([key, value]) =>
        key === 'nameserver' && value !== undefined ? [value] : [],
      ),
      search: words.flatMap(([key, ...values]) => (key === 'search' || key === 'domain' ? values : [])),
    }
  },
})
