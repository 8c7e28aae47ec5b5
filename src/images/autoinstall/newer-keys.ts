import type { Value } from '../../model/value.ts'
import { compareDottedVersions } from '../../util/dotted-version.ts'

/**
 * What an installer reads only from a version of Subiquity on; older ones ignore it without a word. Source: its schema
 * and code at every release. `*` is any item of a list.
 */
interface NewerKey {
  readonly path: string
  /** Only this value is newer, not the key. */
  readonly value?: string
  /** Only a list is newer, not the key. */
  readonly list?: true
  /** Only beside this other key of the same map. */
  readonly beside?: string
  readonly since: string
}

const newerKeys: readonly NewerKey[] = [
  { path: 'apt.geoip', since: '20.05.1' },
  { path: 'storage.layout.match.size', value: 'smallest', since: '20.06.1' },
  { path: 'kernel', since: '21.06.1' },
  { path: 'timezone', since: '21.08.1' },
  { path: 'shutdown', value: 'poweroff', since: '21.10.1' },
  { path: 'apt.disable_components', since: '21.12.1' },
  { path: 'apt.preferences', since: '22.02.1' },
  { path: 'ubuntu-advantage', since: '22.02.1' },
  { path: 'drivers', since: '22.04.1' },
  { path: 'source', since: '22.10.1' },
  { path: 'storage.layout.mode', since: '22.10.1' },
  { path: 'ubuntu-pro', since: '22.10.1' },
  { path: 'active-directory', since: '23.04.1' },
  { path: 'apt.fallback', since: '23.04.1' },
  { path: 'apt.mirror-selection', since: '23.04.1' },
  { path: 'codecs', since: '23.04.1' },
  { path: 'storage.layout.encrypted', since: '23.04.1' },
  { path: 'storage.layout.name', value: 'hybrid', since: '23.04.1' },
  { path: 'storage.layout.password', since: '23.04.1' },
  { path: 'storage.layout.sizing-policy', since: '23.04.1' },
  { path: 'oem', since: '23.10.1' },
  { path: 'storage.config.*.match.id_path', since: '23.10.1' },
  { path: 'storage.config.*.match.install-media', since: '23.10.1' },
  { path: 'storage.layout.match.id_path', since: '23.10.1' },
  { path: 'storage.layout.match.install-media', since: '23.10.1' },
  { path: 'storage.layout.name', value: 'zfs', since: '23.10.1' },
  { path: 'storage.layout.recovery-key', since: '23.10.1' },
  { path: 'storage.layout.reset-partition', since: '23.10.1' },
  { path: 'storage.layout.reset-partition-only', since: '23.10.1' },
  { path: 'storage.swap', beside: 'layout', since: '23.10.1' },
  { path: 'storage.config.*.match', list: true, since: '24.08.1' },
  { path: 'storage.layout.match', list: true, since: '24.08.1' },
  { path: 'kernel-crash-dumps', since: '24.10.1' },
  { path: 'storage.layout.ptable', since: '25.04' },
  { path: 'zdevs', since: '25.04' },
  { path: 'identity.groups', since: '26.04' },
]

export interface FoundNewerKey {
  readonly path: (string | number)[]
  readonly key: NewerKey
}

/** Keys of the data that an installer of this version does not know. */
export function newerThan(version: string, data: Value): FoundNewerKey[] {
  return newerKeys
    .filter((key) => compareDottedVersions(key.since, version) > 0)
    .flatMap((key) =>
      find(data, key.path.split('.')).flatMap(({ path, value, parent }) => {
        if (key.value !== undefined && value !== key.value) return []
        if (key.list === true && !Array.isArray(value)) return []
        if (key.beside !== undefined && !(isMap(parent) && key.beside in parent)) return []
        return [{ path, key }]
      }),
    )
}

interface Found {
  readonly path: (string | number)[]
  readonly value: Value
  readonly parent: Value
}

function find(data: Value, [head, ...rest]: readonly string[], path: (string | number)[] = []): Found[] {
  if (head === undefined) return []
  const entries: [string | number, Value][] =
    head === '*' && Array.isArray(data)
      ? data.map((item, index) => [index, item])
      : isMap(data) && Object.hasOwn(data, head)
        ? [[head, data[head] as Value]]
        : []
  return entries.flatMap(([key, value]) => {
    const here = [...path, key]
    return rest.length === 0 ? [{ path: here, value, parent: data }] : find(value, rest, here)
  })
}

function isMap(value: Value): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
