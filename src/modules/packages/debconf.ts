import type { z } from 'zod'
import { which } from '../../facts/which.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { bool, choice, line, parameters } from '../params.ts'

const kinds = [
  'boolean',
  'error',
  'multiselect',
  'note',
  'password',
  'seen',
  'select',
  'string',
  'text',
  'title',
] as const
const word = (what: string) =>
  line()
    .refine((text) => /^\S+$/.test(text), { error: 'must be one word' })
    .describe(what)

const params = parameters(
  {
    name: word('The package.'),
    question: word('The question, as debconf-show names it.').optional(),
    vtype: choice(kinds).optional().describe('Type of the answer.'),
    value: line().optional().describe('The answer.'),
    unseen: bool().default(false).describe('The package still asks.'),
  },
  {
    aliases: { pkg: 'name', selection: 'question', setting: 'question', answer: 'value' },
    together: [
      ['question', 'vtype'],
      ['question', 'value'],
      ['value', 'question'],
      ['vtype', 'question'],
    ],
  },
)
type Params = z.output<typeof params>

/** Ansible's `debconf`. */
export const debconf = defineModule({
  name: 'debconf',
  doc: 'Answers a question of a package of Debian and Ubuntu before it is asked, or says what was answered. A password that is the same is no change.',
  params,
  returns: {
    current: 'question → answer; without question all of the package',
    previous: 'the answer before, when it changed',
  },
  async *run(context, params) {
    const { name, question, vtype, value } = params
    const known = await answers(context, name)
    if (question === undefined || vtype === undefined || value === undefined)
      return { data: { current: texts(known) }, changed: false, why: 'no question was given' }
    const isSecret = vtype === 'password'
    const wanted = vtype === 'boolean' || vtype === 'seen' ? value.toLowerCase() : value
    const had =
      isSecret && known.has(question) ? await secretAnswer(context, name, question) : answerOf(known, params)
    const shown = (answer: string): string => (isSecret ? '********' : answer)
    if (had === wanted)
      return { data: { current: isSecret ? {} : texts(known) }, why: `${question} is answered so` }
    const row = (answer: string): string => `${question}: ${shown(answer)}\n`
    const result = yield {
      summary: `answer ${question} of ${name}`,
      diff: { before: had === null ? '' : row(printable(had)), after: row(wanted) },
      action: {
        ...sh`debconf-set-selections${params.unseen ? sh` -u` : sh``}`,
        stdin: `${name} ${question} ${vtype} ${wanted}\n`,
        masks: isSecret ? [value] : [],
      },
      allowFailure: true,
    }
    if (result.command !== undefined && result.command.exitCode !== 0)
      throw moduleFailure(
        'debconf-failed',
        `debconf did not take the answer to ${question}: ${printable(lastLines(result.command.stderr, 1))}`,
        /locked/.test(result.command.stderr) ? 'apt or dpkg is at work there: wait for it' : undefined,
      )
    return { data: { current: { [question]: shown(wanted) }, previous: { [question]: shown(had ?? '') } } }
  },
})

interface Answer {
  readonly text: string
  readonly isSeen: boolean
}

/** What debconf-show prints: a star for what was asked, the question, the answer. */
async function answers(context: ModuleContext, name: string): Promise<ReadonlyMap<string, Answer>> {
  const { exitCode, stdout, stderr } = await context.run(sh`debconf-show ${name}`)
  if (exitCode === 0)
    return new Map(
      stdout.split('\n').flatMap((line): [string, Answer][] => {
        const match = /^([ *]) (\S+?):(?: (.*))?$/.exec(line)
        return match ? [[match[2] ?? '', { text: (match[3] ?? '').trim(), isSeen: match[1] === '*' }]] : []
      }),
    )
  const { 'debconf-show': program } = await context.fact(which, ['debconf-show'])
  throw moduleFailure(
    'debconf-failed',
    program
      ? `debconf does not answer: ${printable(lastLines(stderr, 1))}`
      : `${context.host} has no debconf`,
    program ? undefined : 'it is of Debian and Ubuntu',
  )
}

const texts = (known: ReadonlyMap<string, Answer>): Vars =>
  Object.fromEntries([...known].map(([question, { text }]) => [question, text]))

function answerOf(known: ReadonlyMap<string, Answer>, { question, vtype }: Params): string | null {
  const found = known.get(question ?? '')
  if (found === undefined) return null
  if (vtype === 'seen') return String(found.isSeen)
  return vtype === 'boolean' ? found.text.toLowerCase() : found.text
}

/** debconf-show leaves passwords out. */
async function secretAnswer(context: ModuleContext, name: string, question: string): Promise<string | null> {
  const { stdout } = await context.run({ ...sh`debconf-communicate ${name}`, stdin: `GET ${question}\n` })
  return /^0 ?(.*)$/m.exec(stdout)?.[1] ?? null
}
