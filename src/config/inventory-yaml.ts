import type { Value } from '../model/value.ts'
import { suggestion } from '../util/did-you-mean.ts'
import { describe } from './describe.ts'
import { type InventoryBuilder, mergeVars } from './inventory-builder.ts'
import { isMap } from './schema/common.ts'
import type { YamlDocument } from './yaml.ts'

const groupKeys = ['hosts', 'vars', 'children']

/** Reads Ansible's YAML inventory: groups at the top, each with `hosts`, `vars` and `children`. */
export function readYamlInventory(document: YamlDocument, builder: InventoryBuilder): void {
  const { value } = document
  if (value === null) return
  if (!isMap(value)) {
    const hint = 'write a group as a key, and "hosts:" below it'
    builder.complain(
      'inventory-form',
      `an inventory must be a map of groups, not ${describe(value)}`,
      document.locate([]),
      hint,
    )
    return
  }
  for (const name of Object.keys(value)) {
    readGroup(document, builder, name, value[name] as Value, [name])
  }
}

function readGroup(
  document: YamlDocument,
  builder: InventoryBuilder,
  name: string,
  value: Value,
  path: readonly string[],
): void {
  const wrong = (at: readonly string[], message: string, hint?: string): void =>
    builder.complain('inventory-form', message, document.locate(at), hint)
  const group = builder.addGroup(name, document.locate(path, 'key'))
  if (value === null) return
  if (!isMap(value)) {
    const hint = groupKeys.includes(name) ? `"${name}" belongs below a group, e.g. all:` : undefined
    wrong(
      path,
      `the group "${name}" must be a map with ${groupKeys.join(', ')}, not ${describe(value)}`,
      hint,
    )
    return
  }
  for (const key of Object.keys(value)) {
    if (groupKeys.includes(key)) continue
    const hint =
      suggestion(key, groupKeys) ?? `known: ${groupKeys.join(', ')}; a group of its own goes below "children"`
    builder.complain(
      'unknown-key',
      `unknown key "${key}" in the group "${name}"`,
      document.locate([...path, key], 'key'),
      hint,
    )
  }
  const { vars = null, hosts = null, children = null } = value
  if (isMap(vars)) mergeVars(group.vars, vars)
  else if (vars !== null)
    wrong([...path, 'vars'], `"vars" of the group "${name}" must be a map, not ${describe(vars)}`)
  if (isMap(hosts)) readHosts(document, builder, name, hosts, [...path, 'hosts'])
  else if (hosts !== null) {
    wrong(
      [...path, 'hosts'],
      `"hosts" of the group "${name}" must be a map, not ${describe(hosts)}`,
      'write every host as `name:`',
    )
  }
  if (isMap(children)) {
    for (const child of Object.keys(children)) {
      const at = [...path, 'children', child]
      readGroup(document, builder, child, children[child] as Value, at)
      builder.addChild(name, child, document.locate(at, 'key'))
    }
  } else if (children !== null) {
    wrong(
      [...path, 'children'],
      `"children" of the group "${name}" must be a map, not ${describe(children)}`,
      'write every group as `name:`',
    )
  }
}

function readHosts(
  document: YamlDocument,
  builder: InventoryBuilder,
  group: string,
  hosts: { [name: string]: Value },
  path: readonly string[],
): void {
  for (const name of Object.keys(hosts)) {
    const vars = hosts[name] as Value
    const drafts = builder.addHosts(name, group, document.locate([...path, name], 'key'))
    if (isMap(vars)) for (const draft of drafts) mergeVars(draft.vars, vars)
    else if (vars !== null) {
      const message = `the variables of the host "${name}" must be a map, not ${describe(vars)}`
      builder.complain('inventory-form', message, document.locate([...path, name]))
    }
  }
}
