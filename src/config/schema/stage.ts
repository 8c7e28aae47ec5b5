import { z } from 'zod'
import { environment, flag, names, plainFlag, text, vars, words } from './common.ts'
import { stepKeywords } from './step.ts'

const steps = z.array(z.unknown(), 'must be a list of tasks').meta({ $ref: '#/$defs/steps' }).nullable()
const handlers = z.array(z.unknown(), 'must be a list of handlers').meta({ $ref: '#/$defs/steps' }).nullable()

const batchWords = 'must be a number of hosts or a percentage'
const batch = z.union([z.number().int().min(1), z.string().regex(/^\d+%?$|\{\{/, batchWords)], batchWords)

export const stageName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be a word of letters, digits, ., _ and -')

const stageBase = {
  hosts: names.describe('Pattern: groups, hosts, `a,b`, `!c`, `&d`.'),
  needs: names.optional().describe('Stages that must have ended well before; default: the one before.'),
  vars: vars.nullable().optional(),
  become: flag.optional(),
}

/** An Ansible play; in a pipeline with a name and `needs`. */
const play = {
  ...stageBase,
  become_user: text.optional(),
  become_method: text.optional(),
  vars_files: z
    .union(
      [z.string(), z.array(z.union([z.string(), z.array(z.string())]))],
      'must be a file or a list of files',
    )
    .nullable()
    .optional(),
  gather_facts: plainFlag
    .optional()
    .describe('Collect facts of the hosts first; default true, as in Ansible.'),
  roles: z
    .array(z.unknown(), 'must be a list of roles')
    .meta({ $ref: '#/$defs/roles' })
    .nullable()
    .optional(),
  pre_tasks: steps.optional(),
  tasks: steps.optional(),
  post_tasks: steps.optional(),
  handlers: handlers.optional(),
  serial: z
    .union([batch, z.array(batch)], 'must be a number of hosts, a percentage or a list of them')
    .optional(),
  strategy: z.enum(['linear', 'free']).optional(),
  max_fail_percentage: z.number().min(0).max(100).optional(),
  any_errors_fatal: plainFlag.optional(),
  environment: environment.optional(),
  tags: words.optional(),
  ignore_errors: flag.optional(),
  ignore_unreachable: flag.optional(),
  no_log: flag.optional(),
  check_mode: flag.optional(),
  diff: flag.optional(),
  run_once: plainFlag.optional(),
  force_handlers: plainFlag.optional(),
}

export const playStage = z.strictObject({ name: stageName, ...play })
export const playbookPlay = z.strictObject({ name: text.optional(), ...play })

export const scriptStage = z.strictObject({
  name: stageName,
  ...stageBase,
  script: z.string().describe('A zx script (.mts or .mjs), relative to the lab.'),
  tags: words.optional(),
})

/** What a pipeline file is, its stages apart. */
export const pipelineFile = z.strictObject({
  name: text.optional().describe('What the pipeline is for.'),
  vars: vars.nullable().optional(),
  stages: z
    .array(z.unknown(), 'must be a list of stages')
    .min(1, 'needs at least one stage')
    .meta({ $ref: '#/$defs/stages' }),
})

/** Keywords of plays that Ansible has and hvlab does not, and what to do instead. */
export const unsupportedStageKeywords: Readonly<Record<string, string>> = {
  vars_prompt: 'give the values with -e',
  connection: 'set the variable ansible_connection',
  remote_user: 'set the variable ansible_user',
  port: 'set the variable ansible_port',
  order: 'hosts run in the order of the inventory',
  collections: 'only built-in modules exist; write their short name',
  module_defaults: 'give the parameters in each task',
  debugger: 'use --check, --diff and -v',
  gather_subset: 'write a task: setup with gather_subset',
  gather_timeout: 'write a task: setup with timeout',
  fact_path: 'facts of files are not read',
  throttle: 'set throttle on the tasks that need it',
  timeout: 'set timeout on the tasks that need it',
  become_flags: 'set the variable ansible_become_flags',
  become_exe: 'set the variable ansible_become_exe',
  import_playbook: 'put the stages into one pipeline',
  import_playbooks: 'put the stages into one pipeline',
}

/** One entry of `roles:`; keys that are no keyword are parameters of the role. */
export const roleEntry = z.looseObject({
  role: z.string().optional(),
  ...stepKeywords,
  name: z.string().optional(),
})

export const roleMeta = z.looseObject({
  dependencies: z.array(z.unknown(), 'must be a list of roles').nullable().optional(),
  allow_duplicates: plainFlag.optional(),
})

/** Parameters of the keywords that the engine itself runs. */
export const actions = {
  include_tasks: z.strictObject({ file: z.string(), apply: vars.optional() }),
  import_tasks: z.strictObject({ file: z.string() }),
  include_role: roleReference().extend({ apply: vars.optional() }),
  import_role: roleReference(),
} as const

function roleReference() {
  return z.strictObject({
    name: z.string(),
    tasks_from: z.string().optional(),
    vars_from: z.string().optional(),
    defaults_from: z.string().optional(),
    handlers_from: z.string().optional(),
    allow_duplicates: plainFlag.optional(),
    public: plainFlag.optional(),
  })
}
