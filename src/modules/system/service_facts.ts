import { serviceManager } from '../../facts/service-manager.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Value } from '../../model/value.ts'
import { newDictionary } from '../../template/runtime-value.ts'
import { sh } from '../../util/sh.ts'
import { parameters } from '../params.ts'
import { defineQuery, gathered } from '../query.ts'

interface Service {
  readonly name: string
  readonly state: string
  readonly status?: string
  readonly source: 'sysv' | 'systemd'
}

/** Ansible's `service_facts`: units of systemd, and scripts of /etc/init.d under their bare names. */
export const serviceFacts = defineQuery({
  name: 'service_facts',
  doc: 'Lists the services of the host in the fact services.',
  params: parameters({}),
  returns: { ansible_facts: 'services: name, for systemd with .service, to name, state, status and source' },
  async answer(context) {
    const { systemd, service } = await context.fact(serviceManager)
    const scripts = service
      ? await context.run(sh`PATH="$PATH:/usr/sbin:/sbin" LC_ALL=C service --status-all 2>/dev/null`)
      : undefined
    const units = systemd
      ? await context.run(
          sh`LC_ALL=C; export LC_ALL; systemctl list-units --no-pager --no-legend --plain --type service --all; echo; systemctl list-unit-files --no-pager --no-legend --type service --all`,
        )
      : undefined
    const found = [
      ...initScripts(scripts?.stdout ?? ''),
      ...(await systemdUnits(context, units?.stdout ?? '')),
    ]
    const services = newDictionary(
      found.map((one): [string, Value] => [one.name, newDictionary(Object.entries({ ...one }))]),
    )
    if (found.length === 0) return { skipped: 'the host names no services', changed: false }
    return gathered(newDictionary([['services', services]]))
  },
})

const badStates = new Set(['not-found', 'masked', 'failed'])

/** Files of units that are not loaded are asked for their state at once. */
async function systemdUnits(context: ModuleContext, stdout: string): Promise<Service[]> {
  const [loaded = '', files = ''] = stdout.split('\n\n')
  const byName = new Map(loadedUnits(loaded).map((one) => [one.name, one]))
  const others: [string, string][] = []
  for (const line of files.split('\n')) {
    const [name = '', status = ''] = line.trim().split(/\s+/)
    if (!name.includes('.service')) continue
    const known = byName.get(name)
    if (known === undefined) others.push([name, status])
    else if (!badStates.has(known.status ?? '')) byName.set(name, { ...known, status })
  }
  const states =
    others.length === 0
      ? []
      : await activeStates(
          context,
          others.map(([name]) => name),
        )
  for (const [index, [name, status]] of others.entries())
    byName.set(name, { name, state: states[index] ?? 'unknown', status, source: 'systemd' })
  return [...byName.values()]
}

async function activeStates(context: ModuleContext, names: readonly string[]): Promise<string[]> {
  const { stdout } = await context.run(
    sh`for unit in ${names}; do state=$(systemctl show -p ActiveState -- "$unit") || state=; echo "\${state#ActiveState=}"; done`,
  )
  return stdout.split('\n').map((state) => (state === '' ? 'unknown' : state))
}

function loadedUnits(stdout: string): Service[] {
  return stdout.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [name = '', , active = 'unknown', sub = ''] = fields
    if (!name.includes('.service')) return []
    const bad = [...badStates].find((state) => fields.includes(state))
    return {
      name,
      state: sub === 'running' ? 'running' : 'stopped',
      status: bad ?? active,
      source: 'systemd',
    }
  })
}

/** `service --status-all`: ` [ + ]  ssh`. */
function initScripts(stdout: string): Service[] {
  return [...stdout.matchAll(/^\s*\[ (\+|-) \]\s+(.+)$/gm)].map(([, mark, name = '']) => ({
    name,
    state: mark === '+' ? 'running' : 'stopped',
    source: 'sysv',
  }))
}
