import type { TemplateError } from './template.ts'

/** Filters and tests of collections that roles use by their short names. */
const names = new Set(
  (
    'cidr_merge dict_kv from_csv from_ini hashids_encode ipaddr ipmath ipsubnet ipv4 ipv6 ipwrap json_query ' +
    'macaddr network_in_network network_in_usable next_nth_usable nthhost parse_cli parse_xml previous_nth_usable ' +
    'reduce_on_network slaac version_sort win_basename win_dirname win_splitdrive vault unvault'
  ).split(' '),
)

/** What a template lacks when its mistake is a filter or test that Ansible or a collection of it has. */
export function lackedIn({ unknown }: TemplateError): { message: string; instead: string } | undefined {
  if (unknown === undefined) return undefined
  const { what, name } = unknown
  const isOfCollection = /^\w+\.\w+\.\w+$/.test(name) && !name.startsWith('ansible.builtin.')
  if (!names.has(name) && !isOfCollection) return undefined
  return {
    message: `hvlab has no ${what} "${name}"`,
    instead: 'docs/pipelines.md lists the filters and tests; compute the value on a host and register it',
  }
}
