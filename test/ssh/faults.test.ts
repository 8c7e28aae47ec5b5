import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, type Socket, type Server as TcpServer } from 'node:net'
import { join } from 'node:path'
import ssh2, { type ServerChannel, type Connection as ServerConnection } from 'ssh2'
import t from 'tap'
import { openConnection } from '../../src/connections/open.ts'
import { connectionSettings } from '../../src/connections/settings.ts'
import { type Failure, FailureError } from '../../src/model/failure.ts'
import type { Value } from '../../src/model/value.ts'
import { sh } from '../../src/util/sh.ts'

// An SSH server in this process misbehaves in ways that a real one cannot be made to.
const folder = t.testdir()
process.env['XDG_STATE_HOME'] = folder
delete process.env['SSH_AUTH_SOCK']
for (const name of ['id', 'host']) {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise
  } catch (error) {
    if (error instanceof FailureError) return error.failure
    throw error
  }
  throw new Error('did not fail')
}

const open = (port: number, vars: Record<string, Value> = {}, signal?: AbortSignal) => {
  const all: Record<string, Value> = {
    ansible_host: '127.0.0.1',
    ansible_port: port,
    ansible_user: 'u',
    ansible_ssh_private_key_file: join(folder, 'id'),
    ansible_ssh_common_args: '-F none',
    ansible_host_key_checking: false,
    ansible_timeout: 0.5,
    ...vars,
  }
  return openConnection(
    connectionSettings('web1', (name) => all[name]),
    signal === undefined ? {} : { signal },
  )
}

async function listening(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

/** A TCP server whose connections do what is asked and end with the test. */
async function tcp(test: Pick<typeof t, 'teardown'>, onSocket: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  test.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return await listening(server)
}

/** An SSH server; any login is good unless `authentication` says otherwise. */
async function sshServer(
  test: Pick<typeof t, 'teardown'>,
  behave: {
    readonly onExec?: (channel: ServerChannel, command: string, client: ServerConnection) => void
    readonly authentication?: (client: ServerConnection) => void
  },
): Promise<number> {
  const clients: ServerConnection[] = []
  const server = new ssh2.Server({ hostKeys: [readFileSync(join(folder, 'host'))] }, (client) => {
    clients.push(client)
    client.on('error', () => {})
    if (behave.authentication) behave.authentication(client)
    else client.on('authentication', (context) => context.accept())
    client.on('session', (accept) => {
      const session = accept()
      session.on('exec', (acceptExec, _reject, { command }) => behave.onExec?.(acceptExec(), command, client))
    })
  })
  test.teardown(() => {
    for (const client of clients) client.end()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : 0
}

t.test('each way not to get through has its own name, in time', async (t) => {
  const mute = await tcp(t, () => {})
  const hangsUp = await tcp(t, (socket) => socket.end())
  const busy = await tcp(t, (socket) => socket.end('Exceeded MaxStartups\r\n'))
  const afterBanner = await tcp(t, (socket) => socket.write('SSH-2.0-Frozen\r\n'))
  const web = await tcp(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  })
  const unused = await (async () => {
    const server = createServer()
    const port = await listening(server)
    await new Promise((resolve) => server.close(resolve))
    return port
  })()
  const where = (port: number) => `u@127.0.0.1:${port}`
  const cases: [string, number, string, string][] = [
    ['closed port', unused, 'ssh-refused', `${where(unused)}: the port is closed`],
    [
      'mute',
      mute,
      'ssh-timeout',
      `${where(mute)}: no connection within 0.5 s while waiting for the SSH banner`,
    ],
    [
      'mute after the banner',
      afterBanner,
      'ssh-timeout',
      `${where(afterBanner)}: no connection within 0.5 s while exchanging keys`,
    ],
    [
      'hangs up',
      hangsUp,
      'ssh-banner-lost',
      `${where(hangsUp)}: the connection was closed before sshd answered`,
    ],
    ['too busy', busy, 'ssh-banner-lost', `${where(busy)}: the connection was closed before sshd answered`],
    ['no SSH', web, 'ssh-banner-lost', `${where(web)}: the connection was closed before sshd answered`],
  ]
  await Promise.all(
    cases.map(async ([name, port, code, message]) => {
      const startedAt = performance.now()
      const failure = await failureOf(open(port))
      t.strictSame([failure.reason, failure.code, failure.message], ['unreachable', code, message], name)
      t.ok(performance.now() - startedAt < (code === 'ssh-banner-lost' ? 6000 : 1500), `${name}: in time`)
    }),
  )
  const unknown = await failureOf(open(22, { ansible_host: 'no-such-host.invalid' }))
  t.equal(unknown.code, 'ssh-name-unknown')
  t.match(unknown.message, /^u@no-such-host\.invalid:22: the name cannot be resolved \(E[A-Z_]+\)$/)
  const stop = new AbortController()
  const waiting = failureOf(open(mute, { ansible_timeout: 60 }, stop.signal))
  stop.abort()
  t.match(await waiting, { reason: 'cancelled', message: `Interrupted while connecting to ${where(mute)}` })
})

t.test('authentication', async (t) => {
  const tried: string[] = []
  const port = await sshServer(t, {
    authentication: (client) =>
      client.on('authentication', (context) => {
        tried.push(context.method)
        if (context.method !== 'keyboard-interactive')
          return context.reject(['publickey', 'keyboard-interactive'])
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => {
          if (answers[0] === 'secret') context.accept()
          else context.reject(['publickey', 'keyboard-interactive'])
        })
      }),
  })
  const password = { ansible_ssh_private_key_file: '', ansible_password: 'secret', ansible_timeout: 5 }
  const connection = await open(port, password)
  t.strictSame(
    tried.filter((method) => method !== 'publickey'),
    ['none', 'keyboard-interactive'],
  )
  await connection.close()
  tried.length = 0
  t.match(await failureOf(open(port, { ...password, ansible_password: 'wrong' })), {
    code: 'ssh-authentication',
    message: `u@127.0.0.1:${port}: the login was refused; tried password`,
  })
  t.equal(tried.filter((method) => method === 'keyboard-interactive').length, 1)
  t.match(await failureOf(open(port)), {
    message: `u@127.0.0.1:${port}: the login was refused; tried key ${join(folder, 'id')}`,
  })

  const dropping = await sshServer(t, {
    authentication: (client) => client.on('authentication', () => client.end()),
  })
  t.match(await failureOf(open(dropping, { ansible_timeout: 5 })), {
    code: 'ssh-authentication',
    message: `u@127.0.0.1:${dropping}: sshd closed the connection during the login`,
  })
  const frozen = await sshServer(t, { authentication: (client) => client.on('authentication', () => {}) })
  t.match(await failureOf(open(frozen)), {
    code: 'ssh-timeout',
    message: `u@127.0.0.1:${frozen}: no connection within 0.5 s while logging in`,
  })
})

t.test('a changed host key stops before anything is sent', async (t) => {
  let asked = 0
  const port = await sshServer(t, {
    authentication: (client) =>
      client.on('authentication', (context) => {
        asked++
        context.accept()
      }),
  })
  const other = readFileSync(join(folder, 'id.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
  t.match(await failureOf(open(port, { hvlab_host_key: other, ansible_timeout: 5 })), {
    reason: 'host-key',
    code: 'host-key-changed',
    message:
      /^\[127\.0\.0\.1\]:\d+ shows the host key SHA256:\S+, but SHA256:\S+ is set for it \(hvlab_host_key\)$/,
  })
  t.equal(asked, 0)
})

/** Answers the start of a shell and the frame of each command, without any shell. */
function pretendShell(channel: ServerChannel, command: string, onCommand: (id: string) => void): void {
  const token = /printf %s (hvlab-ready-[0-9a-f]+)/.exec(command)?.[1] ?? ''
  channel.write(`noise${token}`)
  channel.stderr.write(token)
  channel.on('data', (data: Buffer) => {
    const id = /HVLAB_ID=([0-9a-f]+)/.exec(String(data))?.[1]
    if (id !== undefined) onCommand(id)
  })
}

t.test('a connection that drops in the middle of a command is lost, not hung', async (t) => {
  const port = await sshServer(t, {
    onExec: (channel, command, client) =>
      pretendShell(channel, command, (id) => {
        channel.write(`\x1e${id}+99\npart of the out`)
        channel.stderr.write(`\x1e${id}+99\n`)
        setImmediate(() => client.end())
      }),
  })
  const connection = await open(port, { ansible_timeout: 5 })
  t.teardown(() => connection.close())
  let seen = ''
  const lost = await failureOf(
    connection.run(sh`make world`, {
      onOutput: (_stream, text) => {
        seen += text
      },
    }),
  )
  t.match(lost, {
    reason: 'unreachable',
    code: 'connection-lost',
    message: `ssh u@127.0.0.1:${port} was lost while this ran: make world`,
    details: `The connection ssh u@127.0.0.1:${port} was lost: the host closed it`,
  })
  t.equal(seen, 'part of the out')
})

t.test('a shell that never starts, and one that ends in the middle', async (t) => {
  const refusing = await sshServer(t, {
    onExec: (channel) => {
      channel.stderr.write('go away\n')
      channel.exit(1)
      channel.end()
    },
  })
  const refused = await open(refusing, { ansible_timeout: 5 })
  t.teardown(() => refused.close())
  t.match(await failureOf(refused.run(sh`true`)), {
    code: 'shell-not-usable',
    message: `The shell on ssh u@127.0.0.1:${refusing} ended at once`,
    details: 'go away',
  })
  let round = 0
  const ending = await sshServer(t, {
    onExec: (channel, command) =>
      pretendShell(channel, command, (id) => {
        if (round++ === 0) channel.end()
        else for (const stream of [channel, channel.stderr]) stream.write(`\x1e${id}+99\n\x1e${id}-4\n`)
      }),
  })
  const connection = await open(ending, { ansible_timeout: 5 })
  t.teardown(() => connection.close())
  t.match(await failureOf(connection.run(sh`true`)), { code: 'connection-lost' })
  t.match(
    await connection.run(sh`true`),
    { exitCode: 4, stdout: '', stderr: '' },
    'the next one gets a new shell',
  )
})

t.test('never more than eight channels', async (t) => {
  let channels = 0
  let most = 0
  const port = await sshServer(t, {
    onExec: (channel, command) => {
      most = Math.max(most, ++channels)
      channel.on('close', () => channels--)
      pretendShell(channel, command, (id) => {
        setTimeout(() => {
          for (const stream of [channel, channel.stderr]) stream.write(`\x1e${id}+99\n\x1e${id}-0\n`)
        }, 20)
      })
    },
  })
  const connection = await open(port, { ansible_timeout: 5 })
  t.teardown(() => connection.close())
  await Promise.all(Array.from({ length: 40 }, () => connection.run(sh`true`)))
  t.ok(most <= 8 && most > 1, `${most} channels`)
})
