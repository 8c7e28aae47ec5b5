import { z } from 'zod'
import { attributeParams } from '../files/attributes.ts'
import { anything, bool, choice, int, line, list, parameters, path, text } from '../params.ts'

/** Source: RFC 9110, 5.6.2. */
const headerName = /^[!#$%&'*+.^_`|~\w-]+$/

export const uriParams = parameters(
  {
    url: z
      .string({ error: 'must be an address' })
      .refine((url) => /^https?:\/\/\S+$/i.test(url) && URL.canParse(url), {
        error: 'must be an http or https address',
      })
      .describe('What to ask. Seen from the host.'),
    method: text()
      .transform((word) => word.toUpperCase())
      .refine((word) => /^[A-Z]+$/.test(word), { error: 'must be a single word such as GET or POST' })
      .default('GET')
      .describe('HTTP method.'),
    body: anything()
      .optional()
      .describe('What to send: text, or with json and form-urlencoded also a map or list.'),
    body_format: choice(['raw', 'json', 'form-urlencoded'])
      .default('raw')
      .describe('How body is written; sets Content-Type unless headers do.'),
    src: path().optional().describe('File to send, of the controller, or with remote_src of the host.'),
    remote_src: bool().default(false).describe('src is on the host.'),
    headers: z
      .record(z.string(), line())
      .refine((fields) => Object.keys(fields).every((name) => headerName.test(name)), {
        error: 'have a name that is none of a header',
      })
      .default({})
      .describe('Further headers.'),
    status_code: list()
      .refine((codes) => codes.every((code) => /^-?\d+$/.test(code)), { error: 'must be numbers' })
      .transform((codes) => codes.map(Number))
      .default([200])
      .describe('What counts as success.'),
    return_content: bool().default(false).describe('Give the body as text, up to 8 MiB.'),
    dest: path().optional().describe('File of the host to write the body to, or a folder.'),
    creates: path().optional().describe('When this path exists, nothing is asked.'),
    removes: path().optional().describe('When this path does not exist, nothing is asked.'),
    follow_redirects: choice(['all', 'safe', 'none', 'yes', 'no', 'urllib2'])
      .default('safe')
      .describe('safe: only with GET and HEAD; all, yes: with POST, too; none, no: never.'),
    timeout: int().default(30).describe('Seconds to connect, and to stand still.'),
    validate_certs: bool().default(true).describe('Refuse a server whose certificate is not valid.'),
    url_username: text().optional().describe('User name for the server.'),
    url_password: text().optional().describe('Password for the server.'),
    force_basic_auth: bool()
      .default(false)
      .describe('Send the password at once, not only when the server asks.'),
    use_proxy: bool().default(true).describe('Use the proxy that the host’s environment names.'),
    use_netrc: bool().default(true).describe('Take passwords from ~/.netrc of the host when none is given.'),
    http_agent: line().default('hvlab').describe('User-Agent.'),
    force: bool().default(false).describe('Ask caches on the way for a fresh answer.'),
    ca_path: path().optional().describe('File of the host with certificates to trust.'),
    client_cert: path().optional().describe('File of the host with a certificate to show.'),
    client_key: path().optional().describe('File of the host with its key.'),
    unix_socket: path().optional().describe('Socket of the host to connect to.'),
    ...attributeParams,
  },
  {
    aliases: { user: 'url_username', password: 'url_password' },
    exclusive: [['body', 'src']],
    together: [['url_password', 'url_username']],
  },
)
export type UriParams = z.output<typeof uriParams>
