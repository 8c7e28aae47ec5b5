import type { Duplex } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import { fileStat } from '../facts/file-stat.ts'
import { FailureError } from '../model/failure.ts'
import type { ModuleContext } from '../model/module-context.ts'
import type { Vars } from '../model/value.ts'
import { pythonRegex } from '../template/python-regex.ts'
import { sleep } from '../util/sleep.ts'

export interface WaitCondition {
  /** What is waited for, as a clause: `port 22 of 127.0.0.1 answers`. */
  readonly what: string
  /** The opposite, for the failure: `port 22 of 127.0.0.1 does not answer`. */
  readonly notYet: string
  /** Keys for the result when it is so; null when not yet. */
  check(): Promise<Vars | null>
}

interface PortWait {
  readonly host: string
  readonly port: number
  readonly state: string
  readonly search_regex?: string | undefined
  readonly connect_timeout: number
}

/** A connection through the host's own: nothing has to be installed there. */
export function portCondition(context: ModuleContext, wait: PortWait): WaitCondition {
  const closed = wait.state === 'stopped' || wait.state === 'absent'
  const regexp = wait.search_regex === undefined ? null : pythonRegex(wait.search_regex, { multiline: true })
  const where = `port ${wait.port} of ${wait.host}`
  return {
    what: closed
      ? `${where} is closed`
      : regexp === null
        ? `${where} answers`
        : `${where} sends ${wait.search_regex}`,
    notYet: closed
      ? `${where} still answers`
      : regexp === null
        ? `${where} does not answer`
        : `${where} does not send ${wait.search_regex}`,
    async check() {
      const stream = await connect(context, wait)
      if (stream === null) return closed ? {} : null
      try {
        if (closed) return null
        return regexp === null ? {} : await received(stream, regexp, wait.connect_timeout * 1000)
      } finally {
        stream.destroy()
      }
    },
  }
}

/** Null when nobody answers in time. Losing the host itself is passed on. */
async function connect(context: ModuleContext, wait: PortWait): Promise<Duplex | null> {
  const connection = await context.connection()
  const attempt = connection.forward(wait.host, wait.port)
  const settled = new AbortController()
  const late = sleep(wait.connect_timeout * 1000, settled.signal).then(
    () => null,
    () => null,
  )
  try {
    const stream = await Promise.race([attempt, late])
    // A stream that opens after the deadline is nobody's: close it.
    if (stream === null) attempt.then((opened) => opened.destroy(), ignoreRefusal)
    // A peer that resets the connection is no error here.
    stream?.on('error', ignoreRefusal)
    return stream
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'forward-failed') return null
    throw error
  } finally {
    settled.abort()
  }
}

const ignoreRefusal = (): void => undefined

/** Of what a port sends, characters: what has not come by then is not waited for. */
const longestGreeting = 1024 * 1024

async function received(stream: Duplex, regexp: RegExp, forMs: number): Promise<Vars | null> {
  const decoder = new StringDecoder('utf8')
  let seen = ''
  const timer = setTimeout(() => stream.destroy(), forMs)
  try {
    for await (const chunk of stream) {
      seen += decoder.write(chunk)
      const match = regexp.exec(seen)
      if (match !== null) return groups(match)
      if (seen.length > longestGreeting) return null
    }
    return null
  } catch {
    return null // Time is up, or the peer hung up, before the text came.
  } finally {
    clearTimeout(timer)
  }
}

function groups(match: RegExpExecArray): Vars {
  return { match_groups: match.slice(1).map((group) => group ?? null), match_groupdict: { ...match.groups } }
}

interface PathWait {
  readonly path: string
  readonly state: string
  readonly search_regex?: string | undefined
}

export function pathCondition(context: ModuleContext, wait: PathWait): WaitCondition {
  const gone = wait.state === 'stopped' || wait.state === 'absent'
  const regexp = wait.search_regex === undefined ? null : pythonRegex(wait.search_regex, { multiline: true })
  return {
    what: gone
      ? `${wait.path} is gone`
      : regexp === null
        ? `${wait.path} exists`
        : `${wait.path} has ${wait.search_regex}`,
    notYet: gone
      ? `${wait.path} is still there`
      : regexp === null
        ? `${wait.path} does not exist`
        : `${wait.path} does not have ${wait.search_regex}`,
    async check() {
      const stat = await context.freshFact(fileStat, wait.path, { follow: true })
      if (stat === null) return gone ? {} : null
      if (regexp === null) return gone ? null : {}
      const match = regexp.exec(Buffer.from(await context.get(wait.path)).toString('utf8'))
      if (gone) return match === null ? {} : null
      return match === null ? null : groups(match)
    },
  }
}
