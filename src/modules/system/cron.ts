import { isAbsolute, join } from 'node:path'
import type { z } from 'zod'
import { fileStat } from '../../facts/file-stat.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import { sh } from '../../util/sh.ts'
import { moduleFailure } from '../failure.ts'
import { contentDiff } from '../files/content-diff.ts'
import { writeFile } from '../files/written-file.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters, path, text } from '../params.ts'
import { Crontab } from './crontab.ts'

const specialTimes = ['reboot', 'yearly', 'annually', 'monthly', 'weekly', 'daily', 'hourly'] as const
const field = (what: string) => line().default('*').describe(what)

const params = parameters(
  {
    name: line().describe('What the job is called: the line above it says it. With env the variable.'),
    job: text()
      .refine((job) => !/[^\r\n][\r\n]+[^\r\n]/.test(job), { error: 'must be one line' })
      .optional()
      .describe('The command, or with env the value. Needed for state present.'),
    state: choice(['present', 'absent']).default('present').describe('Whether the job is there.'),
    minute: field('0-59, */5, 1,31 …'),
    hour: field('0-23'),
    day: field('Of the month, 1-31.'),
    month: field('1-12'),
    weekday: field('0-6 for Sunday to Saturday, or names.'),
    special_time: choice(specialTimes).optional().describe('Instead of the five times.'),
    disabled: bool().default(false).describe('Keep the job as a comment.'),
    user: line()
      .optional()
      .describe('Whose table; default: the user of the task. In cron_file: who runs it.'),
    cron_file: path().optional().describe('A file of its own, in /etc/cron.d unless the path is absolute.'),
    env: bool().default(false).describe('A variable of the table, not a job.'),
    insertafter: text().optional().describe('With env: after this variable.'),
    insertbefore: text().optional().describe('With env: before this variable.'),
  },
  {
    aliases: { value: 'job', dom: 'day', dow: 'weekday' },
    exclusive: [['insertafter', 'insertbefore']],
    together: [['cron_file', 'user']],
  },
)
type Params = z.output<typeof params>

/** Ansible's `cron`. */
export const cron = defineModule({
  name: 'cron',
  doc: 'Makes a job of cron, or a variable of its table, or removes it. Jobs are known by the line "#Ansible: NAME" above them.',
  params,
  unsupported: ['backup', 'reboot'],
  returns: { jobs: 'names of the jobs', envs: 'names of the variables' },
  async *run(context, params) {
    const file =
      params.cron_file === undefined || isAbsolute(params.cron_file)
        ? params.cron_file
        : join('/etc/cron.d', params.cron_file)
    const before = await tableOf(context, file, params.user)
    const table = new Crontab(before, file === undefined ? undefined : params.user)
    change(table, params)
    const data = { jobs: table.jobs, envs: table.variables }
    if (table.text === new Crontab(before, undefined).text)
      return { data, why: `${said(params)} is as it should be` }
    if (file === undefined) yield* writeTable(context, before, table.text, params)
    else yield* writeCronFile(context, file, table.text)
    return { data }
  },
})

function change(table: Crontab, params: Params): void {
  const { name, state, job, env } = params
  if (state === 'absent') {
    if (env) table.removeVariable(name)
    else table.removeJob(name)
    return
  }
  if (job === undefined) throw moduleFailure('invalid-parameter', 'job is missing: state present needs it')
  if (!env) {
    table.setJob({ ...params, job, specialTime: params.special_time })
    return
  }
  if (/\s/.test(name))
    throw moduleFailure('invalid-variable-name', `"${name}" cannot be the name of a variable`)
  const neighbour = params.insertafter ?? params.insertbefore
  if (neighbour !== undefined && !table.has(neighbour) && !table.has(name)) {
    throw moduleFailure('invalid-parameter', `the table has no variable ${neighbour}`)
  }
  table.setVariable({ name, value: job, after: params.insertafter, before: params.insertbefore })
}

function said({ name, env }: Params): string {
  return env ? `the variable ${name}` : `the job "${name}"`
}

const ofUser = (user: string | undefined) => (user === undefined ? sh`` : sh`-u ${user}`)

async function tableOf(
  context: ModuleContext,
  file: string | undefined,
  user: string | undefined,
): Promise<string> {
  if (file !== undefined) {
    const there = await context.freshFact(fileStat, file, { follow: true })
    return there === null ? '' : Buffer.from(await context.get(file)).toString('utf8')
  }
  const listed = await context.run(sh`crontab ${ofUser(user)} -l`)
  if (listed.exitCode === 0) return listed.stdout
  if (/no crontab for/i.test(listed.stderr)) return ''
  const why = listed.exitCode === 127 ? 'the host has no crontab' : listed.stderr.trim()
  throw moduleFailure('cron-failed', `the crontab cannot be read: ${why}`, 'install the package cron')
}

async function* writeTable(
  context: ModuleContext,
  before: string,
  after: string,
  params: Params,
): Steps<void> {
  const diff = context.diff ? contentDiff('crontab', Buffer.from(before), Buffer.from(after)) : undefined
  const { command } = yield {
    summary: `${params.state === 'absent' ? 'remove' : 'set'} ${said(params)} of the crontab`,
    ...(diff === undefined ? {} : { diff }),
    action: { ...sh`crontab ${ofUser(params.user)} -`, stdin: after },
    allowFailure: true,
  }
  if (command !== undefined && command.exitCode !== 0) {
    throw moduleFailure('cron-failed', `crontab refused the table: ${command.stderr.trim()}`)
  }
}

/** A file without a job goes, as in Ansible. */
async function* writeCronFile(context: ModuleContext, file: string, content: string): Steps<void> {
  if (content === '') {
    yield { summary: `remove ${file}`, action: sh`rm -f -- ${file}` }
    return
  }
  const current = await context.freshFact(fileStat, file, { checksum: 'sha1' })
  yield* writeFile(context, { path: file, content: Buffer.from(content), attributes: {} }, current)
}
