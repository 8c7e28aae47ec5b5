import type { Command } from '../../model/command.ts'
import { sh } from '../../util/sh.ts'

export interface Download {
  readonly url: string
  /** Where to, on the host. */
  readonly path: string
  readonly timeoutSeconds: number
  readonly validateCerts: boolean
  readonly useProxy: boolean
  readonly agent: string
  readonly headers: Readonly<Record<string, string>>
  readonly user?: { readonly name: string; readonly password: string }
}

/**
 * curl, with everything that may be secret on its stdin instead of in its arguments, which every user of the host
 * can read. The file is private until it gets its mode. Source: curl(1) --config.
 */
export function curlCommand(curl: string, download: Download): Command {
  const settings = [
    ['url', download.url],
    ['output', download.path],
    ['user-agent', download.agent],
    ['connect-timeout', String(download.timeoutSeconds)],
    // A transfer that stands still as long is dead, too; a slow one may go on.
    ['speed-limit', '1'],
    ['speed-time', String(Math.max(download.timeoutSeconds, 30))],
    ...Object.entries(download.headers).map(([name, value]) => ['header', `${name}: ${value}`]),
    ...(download.user === undefined ? [] : [['user', `${download.user.name}:${download.user.password}`]]),
    ...(download.useProxy ? [] : [['noproxy', '*']]),
    // What is fetched to stdout stands there alone.
    ...(download.path === '-' ? [] : [['write-out', '%{http_code}']]),
  ]
  const config = settings.map(([name, value]) => `${name} = ${configQuoted(value ?? '')}\n`).join('')
  const secrets = [...Object.values(download.headers), ...(download.user ? [download.user.password] : [])]
  return {
    ...sh`umask 077; ${curl} --fail --silent --show-error --location --proto-redir =http,https,ftp,ftps ${download.validateCerts ? [] : ['--insecure']} --config -`,
    stdin: config,
    masks: secrets.filter((secret) => secret !== ''),
  }
}

/** Text in a file for curl's --config. */
export function configQuoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`
}

/** wget, for hosts without curl. Headers and passwords would be readable by others, so the caller has none. */
export function wgetCommand(wget: string, download: Download): Command {
  const flags = [
    ...(download.validateCerts ? [] : ['--no-check-certificate']),
    ...(download.useProxy ? [] : ['--no-proxy']),
  ]
  return sh`umask 077; ${wget} -nv -T ${download.timeoutSeconds} -t 1 -U ${download.agent} ${flags} -O ${download.path} -- ${download.url}`
}
