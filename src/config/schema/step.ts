import { z } from 'zod'
import {
  amount,
  anyValue,
  conditions,
  environment,
  flag,
  names,
  plainFlag,
  text,
  vars,
  words,
} from './common.ts'

/** Keywords that tasks, blocks, roles and includes share. */
export const stepKeywords = {
  name: text.optional().describe('What people read while it runs.'),
  when: conditions.optional().describe('Runs only when all of these are true. Expressions without braces.'),
  tags: words.optional().describe('Words for --tags and --skip-tags.'),
  vars: vars.optional(),
  become: flag.optional().describe('Run as another user, root unless become_user says otherwise.'),
  become_user: text.optional(),
  become_method: text.optional().describe('sudo or su.'),
  ignore_errors: flag.optional().describe('Go on after a failure.'),
  ignore_unreachable: flag.optional().describe('Go on although the host cannot be reached.'),
  no_log: flag.optional().describe('Keep parameters and results out of output and journal.'),
  environment: environment.optional(),
  delegate_to: text.optional().describe('Run it on this host instead.'),
  run_once: plainFlag.optional().describe('Run it on the first host only.'),
  check_mode: flag.optional(),
  diff: flag.optional(),
  any_errors_fatal: plainFlag.optional(),
} as const

/** Look-ups that a task may loop over: `with_items` and its kin. */
export const loopLookups = [
  'dict',
  'file',
  'fileglob',
  'first_found',
  'flattened',
  'indexed_items',
  'items',
  'list',
  'nested',
  'random_choice',
  'sequence',
  'subelements',
  'together',
] as const

export const loopControl = z.strictObject({
  loop_var: z.string().optional().describe('Name of the item; default `item`.'),
  index_var: z.string().optional(),
  label: anyValue.optional().describe('What people read instead of the item.'),
  pause: z.number().optional().describe('Seconds between items.'),
  extended: plainFlag.optional().describe('Adds ansible_loop: where in the loop the item is.'),
  extended_allitems: plainFlag.optional().describe('no leaves ansible_loop.allitems out.'),
})

const lookedUp = anyValue.optional()
const withLookups = Object.fromEntries(loopLookups.map((name) => [`with_${name}`, lookedUp])) as Record<
  `with_${(typeof loopLookups)[number]}`,
  typeof lookedUp
>

/** Keywords of a task, its module apart. */
export const taskKeywords = z.strictObject({
  ...stepKeywords,
  args: vars.optional().describe('More parameters of the module.'),
  loop: anyValue.optional().describe('A list; the task runs once for each item.'),
  ...withLookups,
  loop_control: loopControl.optional(),
  register: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a name of letters, digits and _')
    .optional()
    .describe('Keeps the result in this variable.'),
  notify: names.optional().describe('Handlers to run when the task changed something.'),
  listen: names.optional().describe('Topics that notify this handler.'),
  until: conditions.optional().describe('Repeat until these are true.'),
  retries: amount.optional().describe('How often to try again; default 3 with until.'),
  delay: amount.optional().describe('Seconds between tries; default 5.'),
  changed_when: conditions.optional(),
  failed_when: conditions.optional(),
  timeout: amount.optional().describe('Seconds.'),
  throttle: z.number().int().min(0).optional().describe('At most so many hosts at once.'),
})

const steps = z.array(z.unknown(), 'must be a list of tasks').meta({ $ref: '#/$defs/steps' })

export const blockKeywords = z.strictObject({
  ...stepKeywords,
  notify: names.optional().describe('Handlers of its tasks that name none themselves.'),
  block: steps,
  rescue: steps.optional().describe('Runs when the block failed.'),
  always: steps.optional().describe('Runs after the block, failed or not.'),
})

/** Keywords of Ansible that are not supported, and what to do instead. */
export const unsupportedStepKeywords: Readonly<Record<string, string>> = {
  async: 'tasks always stream their output; use timeout to bound a long one',
  poll: 'tasks always stream their output; use timeout to bound a long one',
  become_flags: 'set the variable ansible_become_flags',
  become_exe: 'set the variable ansible_become_exe',
  connection: 'set the variable ansible_connection',
  remote_user: 'set the variable ansible_user',
  port: 'set the variable ansible_port',
  collections: 'only built-in modules exist; write their short name',
  module_defaults: 'give the parameters in each task, or loop over them',
  debugger: 'use --check, --diff and -v',
  delegate_facts: 'gather the facts in a stage of that host',
}
