// JSON Schemas for editors, made from the zod schemas that hvlab itself checks with: `npm run generate` writes
// schemas/*.json. A test compares them with the files.
import { z } from 'zod'
import { inventoryFile } from '../src/config/schema/inventory.ts'
import {
  actions,
  pipelineFile,
  playbookPlay,
  playStage,
  roleEntry,
  roleMeta,
  scriptStage,
} from '../src/config/schema/stage.ts'
import { blockKeywords, taskKeywords } from '../src/config/schema/step.ts'
import { autoinstallFile } from '../src/images/autoinstall/schema.ts'
import { actionSchemas } from '../src/images/autoinstall/storage.ts'
import { imageFileSchema } from '../src/images/image-file.ts'
import type { Module } from '../src/modules/module.ts'
import { aliasesOf, paramShape } from '../src/modules/read-params.ts'
import { modules } from '../src/modules/registry.ts'
import { metaActions } from '../src/plan/task-params.ts'

type Json = Record<string, unknown>

/** File name → schema. */
export function jsonSchemas(): Record<string, Json> {
  const defs = definitions()
  return {
    'pipeline.json': document('An hvlab pipeline or an Ansible playbook', {
      anyOf: [plain(pipelineFile), { type: 'array', items: { $ref: '#/$defs/play' } }],
      $defs: defs,
    }),
    'tasks.json': document('Tasks or handlers of a role', { $ref: './pipeline.json#/$defs/steps' }),
    'inventory.json': document('An Ansible inventory in YAML', plain(inventoryFile)),
    'image.json': document('images/<name>/image.yml', plain(imageFileSchema)),
    'user-data.json': document('images/<name>/user-data: autoinstall data', {
      ...plain(autoinstallFile),
      $defs: { storageAction: { anyOf: actionSchemas.map(plain) } },
    }),
    'role-meta.json': document('meta/main.yml of a role', {
      ...plain(roleMeta),
      $defs: { roles: defs['roles'] },
    }),
  }
}

/** Text of a schema file. */
export function schemaText(schema: Json): string {
  return `${JSON.stringify(schema, null, 1)}\n`
}

function document(title: string, schema: Json): Json {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', title, ...schema }
}

function definitions(): Record<string, Json> {
  return {
    template: { type: 'string', pattern: '\\{\\{|\\{%' },
    steps: {
      type: ['array', 'null'],
      items: { anyOf: [{ $ref: '#/$defs/block' }, { $ref: '#/$defs/task' }] },
    },
    block: plain(blockKeywords),
    task: taskSchema(),
    roles: { type: ['array', 'null'], items: { anyOf: [{ type: 'string' }, plain(roleEntry)] } },
    stages: { type: 'array', items: { anyOf: [plain(playStage), plain(scriptStage)] } },
    play: plain(playbookPlay),
  }
}

function taskSchema(): Json {
  const task = plain(taskKeywords)
  const names: Record<string, Json> = {}
  for (const module of modules.allModules()) {
    for (const name of [module.name, ...(module.aliases ?? [])]) names[name] = moduleSchema(module)
  }
  names['meta'] = { enum: metaActions }
  for (const [name, schema] of Object.entries(actions))
    names[name] = { anyOf: [{ type: 'string' }, plain(schema)] }
  names['action'] = names['local_action'] = { type: ['string', 'object'] }
  const patternProperties = { '^ansible\\.(builtin|legacy)\\.': {} }
  return { ...task, properties: { ...(task['properties'] as Json), ...names }, patternProperties }
}

/** Parameters as a map, `name=value` or free-form text, or none; any value may be a template. */
function moduleSchema(module: Module): Json {
  const properties: Record<string, Json> = {}
  for (const [name, schema] of Object.entries(paramShape(module)))
    properties[name] = orTemplate(withoutRecursion(plain(schema)))
  for (const [alias, name] of Object.entries(aliasesOf(module))) {
    properties[alias] = { ...properties[name], description: `Another name of ${name}.` }
  }
  const summary = module.doc.split('\n')[0] ?? ''
  return {
    description: summary,
    anyOf: [
      { type: 'object', properties, additionalProperties: isOpen(module) },
      { type: ['string', 'null'] },
    ],
  }
}

function orTemplate({ description, default: byDefault, ...schema }: Json): Json {
  const notes = {
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  }
  return { ...notes, anyOf: [schema, { $ref: '#/$defs/template' }] }
}

/** Parameters that take any JSON refer to themselves, and such references only work at a document's root. */
function withoutRecursion(schema: Json): Json {
  if (!JSON.stringify(schema).includes('#/$defs/__schema')) return schema
  return schema['description'] === undefined ? {} : { description: schema['description'] }
}

/** `set_fact` takes any name; every other module only its own parameters. */
function isOpen(module: Module): boolean {
  return Object.keys(paramShape(module)).length === 0 || module.params instanceof z.ZodRecord
}

/** What a person may write: the input side, transforms and checks in code left out. */
function plain(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  return rest
}
