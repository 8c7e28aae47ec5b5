// The reference of modules, made from what the modules say of themselves; `generate.ts` writes it.
import { type ZodType, z } from 'zod'
import { coreModules } from '../src/modules/core.ts'
import type { Module } from '../src/modules/module.ts'
import { typeLabels } from '../src/modules/params.ts'
import { aliasesOf, paramShape } from '../src/modules/read-params.ts'
import { allModules } from '../src/modules/registry.ts'

const introduction = `# Modules

Names, parameters, defaults and results are Ansible's where the module is. \`ansible.builtin.\` in front of a name is fine.
A parameter that is not listed is an error; so are parameters of Ansible's that hvlab does not have.

Every module reads the host first and changes only what is not as asked: a second run changes nothing, and \`--check\` shows
exactly what a run would change. Files are replaced whole or not at all, with their mode and owner.

Where a parameter is *yes or no*, yes, on, true, y, t, 1 and their opposites are understood in any case. A *list* may be one text
with commas. A *mode* is \`'0644'\` (in quotes) or symbolic, as chmod takes it. A *path* may start with \`~\`.

This page is generated: \`npm run generate\`.
`

/** The whole page. */
export function moduleDocs(modules: readonly Module[] = allModules()): string {
  const own = modules.filter((module) => !coreModules.includes(module))
  const ansible = modules.filter((module) => coreModules.includes(module))
  return [
    introduction,
    index('The lab’s own', own),
    index('Ansible’s', ansible),
    ...[...own, ...ansible].map((module) => section(module, modules)),
  ].join('\n')
}

function index(title: string, modules: readonly Module[]): string {
  const rows = modules.map(
    (module) => `| [${module.name}](#${module.name}) | ${cell(firstSentence(module.doc))} |`,
  )
  return `## ${title}\n\n| module | what it does |\n| --- | --- |\n${rows.join('\n')}\n`
}

function section(module: Module, modules: readonly Module[]): string {
  const returned = Object.entries(module.returns ?? {})
  return [
    `## ${module.name}\n`,
    ...(module.aliases?.length ? [`Also called ${module.aliases.map(code).join(', ')}.\n`] : []),
    `${module.doc}\n`,
    ...parameters(module, modules),
    ...(returned.length > 0
      ? [
          `| result | meaning |\n| --- | --- |\n${returned.map(([key, text]) => `| ${code(key)} | ${cell(text)} |`).join('\n')}\n`,
        ]
      : []),
    ...(module.unsupported?.length
      ? [`Not supported, and an error when given: ${[...module.unsupported].sort().map(code).join(', ')}.\n`]
      : []),
  ].join('\n')
}

/** The table, or where it stands: two modules can take the same. */
function parameters(module: Module, modules: readonly Module[]): string[] {
  const [first] = modules.filter(({ params }) => params === module.params)
  if (first !== undefined && first !== module)
    return [`Its parameters are those of [${first.name}](#${first.name}).\n`]
  const shape = paramShape(module)
  const names = new Set(Object.keys(shape))
  const rows = Object.entries(shape).flatMap(([name, schema]) => {
    const aliases = Object.entries(aliasesOf(module)).flatMap(([alias, of]) =>
      of === name ? [code(alias)] : [],
    )
    return [row(name, schema, aliases), ...keyRows(name, schema, names)]
  })
  return rows.length === 0
    ? []
    : [`| parameter | type | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n`]
}

/** The keys of a map, or of the maps of a list, unless they are the module's own parameters: `disk.cache`, `disks[].name`. */
function keyRows(path: string, schema: ZodType, known: ReadonlySet<string>): string[] {
  const inner = layers(schema).at(-1)
  if (inner instanceof z.ZodArray) return keyRows(`${path}[]`, inner.element as ZodType, known)
  if (!(inner instanceof z.ZodObject) || !(inner.def.catchall instanceof z.ZodNever)) return []
  const keys = Object.entries(inner.shape as Record<string, ZodType>)
  if (keys.every(([key]) => known.has(key))) return []
  return keys.flatMap(([key, value]) => [
    row(`${path}.${key}`, value),
    ...keyRows(`${path}.${key}`, value, known),
  ])
}

function row(name: string, schema: ZodType, aliases: readonly string[] = []): string {
  const also = aliases.length > 0 ? [`Also: ${aliases.join(', ')}.`] : []
  const meaning = [describe(schema), ...also].join(' ')
  return `| ${code(name)} | ${cell(typeOf(schema))} | ${defaultOf(schema)} | ${cell(meaning)} |`
}

/** The schema and the ones that it wraps, outside first. */
function layers(schema: ZodType): ZodType[] {
  const { innerType, in: input } = schema.def as { innerType?: ZodType; in?: ZodType }
  const inner = innerType ?? (schema.def.type === 'pipe' ? input : undefined)
  return inner === undefined ? [schema] : [schema, ...layers(inner)]
}

function describe(schema: ZodType): string {
  return layers(schema).flatMap((layer) => layer.description ?? [])[0] ?? ''
}

function typeOf(schema: ZodType): string {
  const label = layers(schema).flatMap((layer) => typeLabels.get(layer)?.label ?? [])[0]
  if (label !== undefined) return label
  return jsonType(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }))
}

function jsonType(json: {
  type?: unknown
  enum?: readonly unknown[]
  anyOf?: readonly object[]
  items?: unknown
}): string {
  if (json.enum !== undefined)
    return [
      ...new Set(json.enum.map((word) => code(String(word).replaceAll('\n', '\\n').replaceAll('\r', '\\r')))),
    ].join(', ')
  if (json.anyOf !== undefined) return [...new Set(json.anyOf.map(jsonType))].join(' or ')
  if (json.type === 'array')
    return typeof json.items === 'object' && json.items !== null ? `list of ${jsonType(json.items)}` : 'list'
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    number: 'number',
    integer: 'whole number',
    boolean: 'yes or no',
    object: 'map',
  }
  return (Array.isArray(json.type) ? json.type : [json.type])
    .map((type) => words[String(type)] ?? 'anything')
    .join(' or ')
}

function defaultOf(schema: ZodType): string {
  for (const layer of layers(schema)) {
    if (layer.def.type === 'default') {
      const { defaultValue } = layer.def as unknown as { defaultValue: unknown }
      return shown(defaultValue)
    }
  }
  return schema.safeParse(undefined).success ? '' : 'required'
}

function shown(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : code(value.join(', '))
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return 'none'
  return code(typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value))
}

function firstSentence(text: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(text)?.[0].replace(/:$/, '.') ?? text
}

const code = (text: string): string => (text === '' ? 'empty' : `\`${text}\``)

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
