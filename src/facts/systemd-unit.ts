import { sh } from '../util/sh.ts'
import { defineFact } from './fact.ts'
import { readSections, sections } from './sections.ts'
import { pairs } from './text.ts'

export interface SystemdUnit {
  /** `loaded`, `not-found`, `masked`, `error`, `bad-setting`. */
  readonly loadState: string
  /** `active`, `inactive`, `failed`, `activating`, `deactivating`, `reloading`. */
  readonly activeState: string
  readonly subState: string
  /** `enabled`, `disabled`, `static`, `indirect`, `alias`, `generated`, `masked` …; empty when there is no unit file. */
  readonly enabledState: string
  /** Everything that `systemctl show` said of it that was asked for, for results. */
  readonly properties: Readonly<Record<string, string>>
}

export type Scope = 'system' | 'user' | 'global'

/** `systemctl` of a scope. The user's bus is found through its runtime folder, which a session without login lacks. */
export function systemctl(scope: Scope) {
  if (scope === 'system') return sh`systemctl --no-ask-password`
  if (scope === 'global') return sh`systemctl --no-ask-password --global`
  return sh`XDG_RUNTIME_DIR="\${XDG_RUNTIME_DIR:-/run/user/$(id -u)}" systemctl --no-ask-password --user`
}

/** Source: systemctl(1) show, is-enabled. */
export const systemdUnit = defineFact<[name: string, scope: Scope], SystemdUnit>({
  name: 'systemd-unit',
  command: (name, scope) =>
    sections({
      show: sh`LC_ALL=C ${systemctl(scope)} show --no-pager -p Id,Names,LoadState,ActiveState,SubState,UnitFileState,Description,MainPID,Result,FragmentPath,Type -- ${name}`,
      enabled: sh`LC_ALL=C ${systemctl(scope)} is-enabled -- ${name}`,
    }),
  parse({ stdout }) {
    const section = readSections(stdout)
    const shown = pairs(section('show'), '=')
    const isEnabled = section('enabled').split('\n').at(-1)?.trim() ?? ''
    return {
      loadState: shown.get('LoadState') ?? 'not-found',
      activeState: shown.get('ActiveState') ?? 'inactive',
      subState: shown.get('SubState') ?? 'dead',
      enabledState:
        isEnabled === '' || isEnabled === 'not-found' ? (shown.get('UnitFileState') ?? '') : isEnabled,
      properties: Object.fromEntries(shown),
    }
  },
})
