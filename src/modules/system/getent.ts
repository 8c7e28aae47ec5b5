import type { Value, Vars } from '../../model/value.ts'
import { newDictionary } from '../../template/runtime-value.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { bool, parameters, text } from '../params.ts'
import { defineQuery, gathered } from '../query.ts'

/** Databases of account files: their fields are between colons. */
const withColons = new Set(['passwd', 'shadow', 'group', 'gshadow'])
const notAnOption = { error: 'must not start with -' }

/** Ansible's `getent`. */
export const getent = defineQuery({
  name: 'getent',
  doc: 'Reads entries of a database of the host: passwd, group, hosts, services … into the fact getent_DATABASE.',
  params: parameters({
    database: text()
      .refine((name) => /^[a-z0-9_]+$/i.test(name), { error: 'must be a word' })
      .describe('As getent(1) calls it.'),
    key: text()
      .refine((key) => !key.startsWith('-'), notAnOption)
      .optional()
      .describe('The entry. Default: all of them.'),
    service: text()
      .refine((name) => !name.startsWith('-'), notAnOption)
      .optional()
      .describe('Only this source of entries, e.g. files.'),
    split: text()
      .optional()
      .describe('What stands between fields. Default: : in passwd, shadow, group and gshadow, else blanks.'),
    fail_key: bool().default(true).describe('Fail when there is no such entry; else its value is none.'),
  }),
  returns: { ansible_facts: 'getent_DATABASE: name of the entry to the list of its other fields' },
  async answer(context, { database, key, service, split, fail_key }) {
    const of = service === undefined ? [] : ['-s', service]
    const { exitCode, stdout } = await context.run(
      sh`getent ${of} ${database} ${key === undefined ? [] : [key]}`,
    )
    const isMissing = exitCode === 2 && key !== undefined && !fail_key
    if (exitCode !== 0 && !isMissing) throw failure(exitCode, database, key)
    const between = split ?? (withColons.has(database) ? ':' : undefined)
    const found = isMissing ? newDictionary([[key, null]]) : entries(stdout, between)
    return gathered(newDictionary([[`getent_${database}`, found]]))
  },
})

/** An entry that comes twice has a list of its records. */
function entries(stdout: string, between: string | undefined): Vars {
  const records = new Map<string, Value[]>()
  for (const line of stdout.split('\n')) {
    if (line === '') continue
    const [name = '', ...fields] =
      between === undefined ? line.split(/\s+/).filter((field) => field !== '') : line.split(between)
    records.set(name, [...(records.get(name) ?? []), fields])
  }
  return newDictionary(
    [...records].map(([name, all]): [string, Value] => [name, all.length === 1 ? (all[0] ?? null) : all]),
  )
}

/** Exit codes: getent(1). */
function failure(exitCode: number, database: string, key: string | undefined) {
  const why: Readonly<Record<number, string>> = {
    1: `the host knows no database ${database}`,
    2: `there is no ${key ?? 'entry'} in ${database}`,
    3: `${database} cannot be listed: ask for a key`,
    127: 'the host has no getent',
  }
  const hint = exitCode === 2 ? 'with fail_key: no the value is none' : undefined
  return moduleFailure('getent-failed', why[exitCode] ?? `getent ended with exit code ${exitCode}`, hint)
}
