import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'
import { configQuoted } from '../files/download.ts'

export interface WebRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  /** Bytes to send, or a file of the host; null for none. */
  readonly body: Uint8Array | { readonly hostFile: string } | null
  readonly timeoutSeconds: number
  readonly followsRedirects: boolean
  /** `isSentAtOnce`: not only when the server asks for it. */
  readonly user: { readonly name: string; readonly password: string; readonly isSentAtOnce: boolean } | null
  readonly agent: string
  readonly validatesCerts: boolean
  readonly usesProxy: boolean
  readonly usesNetrc: boolean
  /** Files of the host: certificates, a key, a socket. */
  readonly files: readonly (readonly ['cacert' | 'cert' | 'key' | 'unix-socket', string])[]
  readonly masks: readonly string[]
}

/** What is carried back of a body: in base64 it fits into what is kept of a command's output. */
export const largestBody = 8 * 1024 * 1024

/**
 * One request with curl, in a folder that nobody else can enter. Everything that may be secret travels on stdin, since arguments can be
 * read by every user of the host: first curl's settings, then the body.
 */
export function curlRequest(curl: string, folder: string, request: WebRequest, keeps: boolean): Command {
  const settings = Buffer.from(settingsOf(request))
  const body = request.body instanceof Uint8Array ? request.body : Buffer.alloc(0)
  const run = sh`dd bs=1 count=${settings.length} of=settings 2>/dev/null && cat >body || exit
${curl} -q --config settings --dump-header headers --output answer 2>errors; code=$?; rm -f settings body`
  return { ...within(folder, run, keeps), stdin: Buffer.concat([settings, body]), masks: request.masks }
}

/** For hosts without curl: only what holds no secret, and needs no more than GET. */
export function wgetRequest(wget: string, folder: string, request: WebRequest, keeps: boolean): Command {
  const flags = [
    ...(request.validatesCerts ? [] : ['--no-check-certificate']),
    ...(request.usesProxy ? [] : ['--no-proxy']),
    ...(request.followsRedirects ? [] : ['--max-redirect=0']),
  ]
  const run = sh`if ${wget} --help 2>&1 | grep -q -- --content-on-error; then more=--content-on-error; fi
${wget} -S -T ${request.timeoutSeconds} -t 1 -U ${request.agent} ${flags} $more -O answer -- ${request.url} >/dev/null 2>errors; code=$?
sed -n 's/^  \\([A-Za-z]\\)/\\1/p' errors >headers`
  return within(folder, run, keeps)
}

/**
 * Prints the program's exit code, the headers and the body, each on a line, the latter two in base64; a body that is too large becomes
 * `-`. With `keeps` the folder stays, with the body in `answer`.
 */
function within(folder: string, run: Command, keeps: boolean): Command {
  return sh`umask 077; mkdir -- ${folder} || exit
trap 'rm -rf -- '${folder} EXIT
trap 'exit 143' HUP INT TERM
cd -- ${folder} && : >headers && : >answer || exit
${run}
echo "$code"
base64 <headers | tr -d '\\n'; echo
if [ "$(wc -c <answer)" -le ${largestBody} ]; then base64 <answer | tr -d '\\n'; else printf -; fi; echo
grep . errors | tail -n 1 >&2
cd /
${keeps ? sh`trap - EXIT` : sh`:`}`
}

/** Source: curl(1), --config. */
function settingsOf(request: WebRequest): string {
  const { body, user, method, headers } = request
  let text = ''
  const set = (name: string, value?: string): void => {
    text += value === undefined ? `${name}\n` : `${name} = ${configQuoted(value)}\n`
  }
  set('url', request.url)
  set('silent')
  set('show-error')
  set('user-agent', request.agent)
  set('connect-timeout', String(request.timeoutSeconds))
  set('speed-limit', '1')
  set('speed-time', String(request.timeoutSeconds))
  // A server may name anything: these are what a web server speaks.
  set('proto-redir', '=http,https')
  set('max-redirs', '10')
  // Cookies of one answer go along to where it leads.
  set('cookie', '')
  if (request.followsRedirects) set('location')
  // POST is not said in words: curl then makes a GET of it where a redirect means that.
  const isSent = body !== null || ['POST', 'PUT', 'PATCH'].includes(method)
  if (method === 'HEAD') set('head')
  else if (method !== (isSent ? 'POST' : 'GET')) set('request', method)
  if (body !== null) set('data-binary', `@${'hostFile' in body ? body.hostFile : 'body'}`)
  else if (isSent) set('data-binary', '')
  if (isSent && body === null && !Object.keys(headers).some((name) => name.toLowerCase() === 'content-type'))
    set('header', 'Content-Type:')
  for (const [name, value] of Object.entries(headers))
    set('header', value === '' ? `${name};` : `${name}: ${value}`)
  // Else curl waits a second for servers that do not know it.
  set('header', 'Expect:')
  if (user !== null) set('user', `${user.name}:${user.password}`)
  else if (request.usesNetrc) set('netrc-optional')
  if (user !== null && !user.isSentAtOnce) set('anyauth')
  if (!request.validatesCerts) set('insecure')
  if (!request.usesProxy) set('noproxy', '*')
  for (const [name, value] of request.files) set(name, value)
  return text
}
