import { randomBytes } from 'node:crypto'
import { fileStat } from '../../facts/file-stat.ts'
import { which } from '../../facts/which.ts'
import type { ModuleResult } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { printable } from '../../util/printable.ts'
import { sh } from '../../util/sh.ts'
import { lastLines, moduleFailure } from '../failure.ts'
import { defineFileModule, unsupportedAttributes } from '../files/attributes.ts'
import { hostPath } from '../files/host-path.ts'
import { answerVars, contentText, isJson, jsonOf, parseAnswer, type WebAnswer } from './answer.ts'
import { curlRequest, largestBody, wgetRequest } from './request.ts'
import { type UriParams, uriParams } from './uri-params.ts'
import { isPlain, requestOf, withoutPassword } from './uri-request.ts'
import { writeAnswer } from './written-answer.ts'

/** Ansible's `uri`. */
export const uri = defineFileModule({
  name: 'uri',
  doc: 'Asks a web server from the host, with curl, or with wget when a GET without headers and password will do. No change, unless dest gets other content. A check run asks only with GET and HEAD, where Ansible skips all.',
  params: uriParams,
  unsupported: [...unsupportedAttributes, 'ciphers', 'decompress', 'unredirected_headers', 'use_gssapi'],
  returns: {
    status: 'the code; -1 when no server answered',
    url: 'where it was found in the end',
    redirected: 'whether that is elsewhere',
    msg: 'OK with the number of bytes, or what was wrong',
    content: 'the body, with return_content',
    json: 'the body as data, when the server says that it is JSON',
    cookies: 'name → value',
    cookies_string: 'the same as a header would have it',
    elapsed: 'seconds',
    path: 'the file, with dest',
    location: 'where a redirect leads that was not followed; every other header, too, with _ for -',
  },
  async *run(context, params) {
    const unneeded = await skipReason(context, params)
    if (unneeded !== null)
      return { data: { stdout: `skipped, since ${unneeded}` }, changed: false, why: unneeded }
    if (context.check && !['GET', 'HEAD'].includes(params.method))
      return { skipped: `a check run sends no ${params.method}` }
    // The answer stays on the host until it is in its place.
    const folder = `/tmp/hvlab-${randomBytes(12).toString('hex')}`
    try {
      const { answer, elapsed } = await ask(context, params, folder)
      const asked = withoutPassword(params.url)
      const data: Vars = { ...answerVars(answer, asked), ...contentOf(context, params, answer), elapsed }
      if (!params.status_code.includes(answer.status)) return refused(params, answer, data)
      const why = `${asked} answers with ${answer.status}`
      if (params.dest === undefined || answer.status === -1) return { data, changed: false, why }
      return yield* writeAnswer(context, params, `${folder}/answer`, data)
    } finally {
      if (params.dest !== undefined) await context.run(sh`rm -rf -- ${folder}`, { cleanUp: true })
    }
  },
})

async function skipReason(context: ModuleContext, { creates, removes }: UriParams): Promise<string | null> {
  const exists = async (path: string): Promise<boolean> => {
    const found = await context.freshFact(fileStat, await hostPath(context, path), { follow: true })
    return found !== null && found.kind !== 'link'
  }
  if (creates !== undefined && (await exists(creates))) return `'${creates}' exists`
  if (removes !== undefined && !(await exists(removes))) return `'${removes}' does not exist`
  return null
}

async function ask(context: ModuleContext, params: UriParams, folder: string) {
  const request = await requestOf(context, params)
  const { curl, wget } = await context.fact(which, ['curl', 'wget'])
  const keeps = params.dest !== undefined
  if (!curl && !(wget && isPlain(params)))
    throw moduleFailure(
      'download-tools-missing',
      wget
        ? `${context.host} has no curl, which more than a plain GET needs`
        : `${context.host} has neither curl nor wget`,
      'install one with the apt module',
    )
  const result = await context.run(
    curl ? curlRequest(curl, folder, request, keeps) : wgetRequest(wget ?? 'wget', folder, request, keeps),
  )
  if (result.exitCode !== 0)
    throw moduleFailure(
      'uri-failed',
      `${context.host} could not send the request: ${printable(lastLines(result.stderr, 1))}`,
    )
  const answer = parseAnswer(result, withoutPassword(params.url), !curl)
  return { answer, elapsed: Math.floor(result.durationMs / 1000) }
}

function contentOf(context: ModuleContext, params: UriParams, answer: WebAnswer): Vars {
  if (answer.status === -1 || !(params.return_content || isJson(answer))) return {}
  if (answer.body === null) {
    const message = `what ${withoutPassword(params.url)} sends is larger than ${largestBody / 2 ** 20} MiB`
    if (params.return_content) throw moduleFailure('uri-failed', message, 'write it to a file with dest')
    context.note('warning', `uri: ${message}: it is not read as JSON`)
    return {}
  }
  const content = contentText(answer)
  return { ...(params.return_content ? { content } : {}), ...(isJson(answer) ? jsonOf(content) : {}) }
}

function refused(params: UriParams, answer: WebAnswer, data: Vars): ModuleResult {
  const msg = `Status code was ${answer.status} and not [${params.status_code.join(', ')}]: ${data['msg']}`
  const { failure } = moduleFailure('uri-failed', `${withoutPassword(params.url)}: ${msg}`)
  return { data: { ...data, msg }, changed: false, failed: failure }
}
