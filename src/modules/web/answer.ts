import type { CommandResult } from '../../model/command.ts'
import type { Value, Vars } from '../../model/value.ts'
import { parseJson } from '../../template/filters-of-data.ts'
import { printable } from '../../util/printable.ts'

export interface WebAnswer {
  /** -1 when there was none. */
  readonly status: number
  readonly reason: string
  /** Where the last redirect led. */
  readonly url: string
  /** In small letters; the values of one that comes twice are joined. */
  readonly headers: ReadonlyMap<string, string>
  readonly cookies: ReadonlyMap<string, string>
  /** Null when it was too large to be carried. */
  readonly body: Buffer | null
  /** What the program said, when there is no answer. */
  readonly problem: string
}

interface Block {
  readonly status: number
  readonly reason: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

/** Reads what `curlRequest` or `wgetRequest` printed; all of it comes from the host or from the server. */
export function parseAnswer({ stdout, stderr }: CommandResult, asked: string, isWget: boolean): WebAnswer {
  const [code = '', head = '', body = ''] = stdout.split('\n')
  const blocks = blocksOf(Buffer.from(head, 'base64').toString('latin1'))
  const last = blocks.at(-1)
  // wget's 8 is a status of 400 or more.
  const isWhole = code === '0' || (isWget && code === '8')
  const problem = printable(stderr.trim()) || `exit code ${code || 'unknown'}`
  const none = {
    status: -1,
    reason: '',
    url: asked,
    headers: new Map(),
    cookies: new Map(),
    body: null,
    problem,
  }
  if (last === undefined || !isWhole) return none
  const headers = new Map<string, string>()
  for (const [name, value] of last.fields)
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  return {
    status: last.status,
    reason: last.reason,
    url: followed(blocks, asked),
    headers,
    cookies: cookiesOf(blocks),
    body: body === '-' ? null : Buffer.from(body, 'base64'),
    problem: '',
  }
}

/** One block an answer: a redirect, a question for a password, and at last the one that counts. */
function blocksOf(text: string): Block[] {
  const blocks: (Block & { fields: [string, string][] })[] = []
  for (const line of text.split(/\r?\n/)) {
    const status = /^HTTP\/[\d.]+ (\d{3})(?: (.*))?$/.exec(line)
    if (status) blocks.push({ status: Number(status[1]), reason: (status[2] ?? '').trim(), fields: [] })
    const field = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line)
    if (field && !status) blocks.at(-1)?.fields.push([(field[1] ?? '').toLowerCase(), field[2] ?? ''])
  }
  return blocks.filter(({ status }) => status >= 200)
}

function followed(blocks: readonly Block[], asked: string): string {
  return blocks.slice(0, -1).reduce((url, { status, fields }) => {
    const to = fields.find(([name]) => name === 'location')?.[1]
    return status >= 300 && status < 400 && to !== undefined && URL.canParse(to, url)
      ? new URL(to, url).href
      : url
  }, asked)
}

function cookiesOf(blocks: readonly Block[]): Map<string, string> {
  const cookies = new Map<string, string>()
  for (const [name, value] of blocks.flatMap(({ fields }) => fields)) {
    const cookie = name === 'set-cookie' ? /^([^=;\s]+)=([^;]*)/.exec(value) : null
    if (!cookie) continue
    if (/;\s*max-age=0*(?:;|$)/i.test(value)) cookies.delete(cookie[1] ?? '')
    else cookies.set(cookie[1] ?? '', (cookie[2] ?? '').trim())
  }
  return cookies
}

/** Keys of results that mean something to tasks: no server sets them. */
const reserved = new Set(
  'changed failed skipped unreachable results attempts rc ansible_facts warnings deprecations exception invocation diff'.split(
    ' ',
  ),
)

/** The result's keys, as Ansible names them: headers with _ for -, and what is known besides. */
export function answerVars(answer: WebAnswer, asked: string): Vars {
  const fields = [...answer.headers].map(([name, value]): [string, Value] => [
    name.replaceAll('-', '_'),
    value,
  ])
  const location = answer.headers.get('location')
  const size = answer.headers.get('content-length') ?? 'unknown'
  return Object.fromEntries([
    ...fields.filter(([name]) => /^\w+$/.test(name) && !reserved.has(name)),
    ...(location !== undefined && URL.canParse(location, asked)
      ? [['location', new URL(location, asked).href]]
      : []),
    ...(answer.status === -1 || answer.status >= 300
      ? []
      : [
          ['cookies', Object.fromEntries(answer.cookies)],
          ['cookies_string', [...answer.cookies].map(([name, value]) => `${name}=${value}`).join('; ')],
        ]),
    ['status', answer.status],
    ['url', answer.url],
    ['redirected', answer.url !== asked],
    ['msg', messageOf(answer, size)],
  ]) as Vars
}

function messageOf({ status, reason, problem }: WebAnswer, size: string): string {
  if (status === -1) return `Request failed: ${problem}`
  return status >= 300 ? `HTTP Error ${status}: ${printable(reason)}` : `OK (${size} bytes)`
}

/** The content as text, in the encoding that the server names. */
export function contentText(answer: WebAnswer): string {
  const charset = /;\s*charset="?([\w-]+)/i.exec(answer.headers.get('content-type') ?? '')?.[1] ?? 'utf-8'
  try {
    return new TextDecoder(charset, { ignoreBOM: true }).decode(answer.body ?? Buffer.alloc(0))
  } catch {
    return (answer.body ?? Buffer.alloc(0)).toString('utf8') // An encoding that nobody knows.
  }
}

/** Whether the server says that it sends JSON. */
export function isJson(answer: WebAnswer): boolean {
  const subtype =
    /^[^;/]*\/\s*([^;\s]+)/.exec(answer.headers.get('content-type') ?? '')?.[1]?.toLowerCase() ?? ''
  return ['json', 'javascript'].includes(subtype.split('+').at(-1) ?? '')
}

/** Nothing when it is none after all. */
export function jsonOf(text: string): { json?: Value } {
  try {
    return { json: parseJson(text) }
  } catch {
    return {}
  }
}
