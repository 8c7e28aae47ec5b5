import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A web server for the module `uri`: says what it was asked, redirects, asks for passwords. */
export async function webServer(): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.closeAllConnections() ?? server.close(),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method, headers, url = '/' } = request
  const path = new URL(url, 'http://x').pathname
  const end = (
    status: number,
    type: string,
    body: string | Buffer,
    more: Record<string, string | string[]> = {},
  ) =>
    response
      .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...more })
      .end(body)
  const echo = {
    method,
    url,
    body: Buffer.concat(chunks).toString('utf8'),
    type: headers['content-type'] ?? null,
    extra: headers['x-extra'] ?? null,
    user: headers.authorization ?? null,
    cookie: headers.cookie ?? null,
  }
  if (path === '/text') end(200, 'text/plain; charset=iso-8859-1', Buffer.from('gr\xfc\xdfe\n', 'latin1'))
  else if (path === '/broken-json') end(200, 'application/json', '{"a": ')
  else if (path === '/problem') end(422, 'application/problem+json', '{"why": "no"}')
  else if (path === '/missing') end(404, 'text/html', '<p>nothing</p>')
  else if (path === '/moved')
    end(302, 'text/plain', '', { location: '/echo?moved', 'set-cookie': ['a=1; Path=/', 'gone=; Max-Age=0'] })
  else if (path === '/away') end(301, 'text/plain', '', { location: 'echo' })
  else if (path === '/keep') end(307, 'text/plain', '', { location: '/echo' })
  else if (path === '/round') end(302, 'text/plain', '', { location: '/round' })
  else if (path === '/headers')
    end(200, 'text/plain', 'x', {
      'X-Two': ['1', '2'],
      Changed: 'true',
      Failed: 'yes',
      'x-odd-name': 'a; b',
    })
  else if (path === '/secret' && headers.authorization === undefined)
    end(401, 'text/plain', 'who?', { 'www-authenticate': 'Basic realm="x"' })
  else if (path === '/large') end(200, 'application/json', `"${'x'.repeat(9 * 1024 * 1024)}"`)
  else if (path === '/silent') return
  else if (path === '/none') response.writeHead(204).end()
  else end(200, 'application/json', JSON.stringify(echo))
}
