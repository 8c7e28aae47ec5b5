import { which } from '../../facts/which.ts'
import type { Value, Vars } from '../../model/value.ts'
import { newDictionary } from '../../template/runtime-value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { choice, list, parameters } from '../params.ts'
import { defineQuery, gathered } from '../query.ts'

/** Ansible's `package_facts`, for Debian's packages. */
export const packageFacts = defineQuery({
  name: 'package_facts',
  doc: 'Lists the installed packages of Debian and Ubuntu in the fact packages.',
  params: parameters({
    manager: list()
      .refine((names) => names.some((name) => ['auto', 'apt'].includes(name.toLowerCase())), {
        error: 'must have auto or apt in it: hvlab knows no other',
      })
      .default(['auto'])
      .describe('auto or apt.'),
    strategy: choice(['first', 'all'])
      .default('first')
      .describe('There is one manager, so both are the same.'),
  }),
  returns: {
    ansible_facts:
      'packages: name to a list of version, arch, category and source. origin, which Ansible asks of the package lists, is empty',
  },
  async answer(context) {
    const { 'dpkg-query': tool } = await context.fact(which, ['dpkg-query'])
    if (!tool) {
      throw moduleFailure(
        'apt-missing',
        `${context.host} has no dpkg-query`,
        'package_facts works on Debian and Ubuntu only',
      )
    }
    const { stdout } = await context.run(
      sh`dpkg --print-architecture; LC_ALL=C.UTF-8 dpkg-query -W -f '\${db:Status-Abbrev}\\t\${Package}\\t\${Version}\\t\${Architecture}\\t\${Section}\\n'`,
    )
    const packages = installed(stdout)
    return gathered(newDictionary([['packages', packages]]))
  },
})

/** Packages of another architecture have it in their name, as apt calls them. */
function installed(stdout: string): Vars {
  const [native = '', ...rows] = stdout.split('\n')
  const found = new Map<string, Value[]>()
  for (const row of rows) {
    const [status = '', name, version, arch, category = ''] = row.split('\t')
    const isThere = !'nc'.includes(status.charAt(1))
    if (name === undefined || version === undefined || arch === undefined || !isThere) continue
    const key = arch === native || arch === 'all' ? name : `${name}:${arch}`
    const one = newDictionary(
      Object.entries({ name: key, version, arch, category, origin: '', source: 'apt' }),
    )
    found.set(key, [...(found.get(key) ?? []), one])
  }
  return newDictionary([...found])
}
