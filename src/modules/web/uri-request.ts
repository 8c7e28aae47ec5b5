import { readFile } from 'node:fs/promises'
import type { ModuleContext } from '../../model/module-context.ts'
import { moduleFailure } from '../failure.ts'
import { hostPath } from '../files/host-path.ts'
import { bodyOf } from './body.ts'
import type { WebRequest } from './request.ts'
import type { UriParams } from './uri-params.ts'

/** What wget can ask without telling other users of the host a secret. */
export function isPlain(params: UriParams): boolean {
  const { method, headers, body, src, force, url_username, ca_path, client_cert, client_key, unix_socket } =
    params
  const others = [body, src, url_username, ca_path, client_cert, client_key, unix_socket]
  const isBare = others.every((value) => value === undefined) && Object.keys(headers).length === 0 && !force
  return method === 'GET' && isBare && params.url === withoutPassword(params.url)
}

/** The request that a task describes. */
export async function requestOf(context: ModuleContext, params: UriParams): Promise<WebRequest> {
  const { method, url, follow_redirects: follows } = params
  const followsAll = follows === 'all' || follows === 'yes'
  if (followsAll && !['GET', 'HEAD', 'POST'].includes(method))
    throw moduleFailure(
      'invalid-parameter',
      `uri: redirects of ${method} are not followed`,
      'set follow_redirects: none',
    )
  const given = params.body === undefined ? null : bodyOf(params.body, params.body_format)
  const headers = { ...(params.force ? { 'cache-control': 'no-cache' } : {}), ...params.headers }
  const named = new Set(Object.keys(headers).map((name) => name.toLowerCase()))
  const type = given?.contentType ?? null
  const files = [
    ['cacert', params.ca_path],
    ['cert', params.client_cert],
    ['key', params.client_key],
    ['unix-socket', params.unix_socket],
  ] as const
  return {
    url,
    method,
    headers: { ...(type === null || named.has('content-type') ? {} : { 'Content-Type': type }), ...headers },
    body:
      params.src === undefined
        ? (given?.bytes ?? null)
        : await sourceOf(context, params.src, params.remote_src),
    timeoutSeconds: params.timeout,
    followsRedirects:
      followsAll || ((follows === 'safe' || follows === 'urllib2') && ['GET', 'HEAD'].includes(method)),
    user:
      params.url_username === undefined
        ? null
        : {
            name: params.url_username,
            password: params.url_password ?? '',
            isSentAtOnce: params.force_basic_auth,
          },
    agent: params.http_agent,
    validatesCerts: params.validate_certs,
    usesProxy: params.use_proxy,
    usesNetrc: params.use_netrc,
    files: await Promise.all(
      files.flatMap(([name, path]) =>
        path === undefined ? [] : [absolute(context, path).then((file) => [name, file] as const)],
      ),
    ),
    masks: secretsOf(params),
  }
}

async function sourceOf(context: ModuleContext, src: string, isRemote: boolean): Promise<WebRequest['body']> {
  return isRemote ? { hostFile: await absolute(context, src) } : await readFile(context.locate('files', src))
}

/** The request runs in a folder of its own. */
async function absolute(context: ModuleContext, path: string): Promise<string> {
  const found = await hostPath(context, path)
  if (found.startsWith('/')) return found
  throw moduleFailure('invalid-parameter', `uri: ${path} is no absolute path`)
}

function secretsOf({ url, url_password, headers }: UriParams): string[] {
  const secret = /auth|token|key|secret|cookie|session|password/i
  const values = Object.entries(headers).flatMap(([name, value]) =>
    secret.test(name) ? [value, value.split(' ').at(-1) ?? ''] : [],
  )
  const inUrl = /^\w+:\/\/[^/?#]*?:([^/?#]*)@/.exec(url)?.[1]
  return [...values, url_password ?? '', inUrl ?? ''].filter((value) => value !== '')
}

/** What people may see of an address. */
export const withoutPassword = (url: string): string => url.replace(/^(\w+:\/\/)[^/?#]*@/, '$1')
