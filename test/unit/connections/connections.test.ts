import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { explainBecomeFailure, launch } from '../../../src/connections/become.ts'
import { gatherWrites } from '../../../src/connections/gathered-writes.ts'
import { hostKeyCheck } from '../../../src/connections/host-key-check.ts'
import { fingerprint, pinKey } from '../../../src/connections/known-hosts.ts'
import { controllerShell } from '../../../src/connections/local.ts'
import { openConnection } from '../../../src/connections/open.ts'
import { putFile } from '../../../src/connections/put-file.ts'
import { readWholeFile } from '../../../src/connections/read-file.ts'
import { becomeSettings, connectionSettings } from '../../../src/connections/settings.ts'
import { ShellConnection } from '../../../src/connections/shell-connection.ts'
import { FrameScanner } from '../../../src/connections/shell-protocol.ts'
import { resolveTarget, type SshTarget } from '../../../src/connections/ssh-target.ts'
import { runInTerminal } from '../../../src/connections/terminal.ts'
import { type Failure, FailureError } from '../../../src/model/failure.ts'
import type { Value } from '../../../src/model/value.ts'
import { CappedOutput } from '../../../src/util/capped-output.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { script, sh } from '../../../src/util/sh.ts'
import { sleep } from '../../../src/util/sleep.ts'

async function failureOf(work: () => unknown): Promise<Failure> {
  try {
    await work()
  } catch (error) {
    if (error instanceof FailureError) return error.failure
    throw error
  }
  throw new Error('did not fail')
}

t.test('frames are found whatever the chunk borders are', async (t) => {
  const stream = Buffer.from('motd\n\x1eab\x1eab+42\nout\x1eput\x1eab-\x1e\x1eab-7\nlate')
  // The inner `\x1eab-` without a number is output of a command, not its end.
  const seen = new Set<string>()
  for (let first = 0; first <= stream.length; first++) {
    for (let second = first; second <= stream.length; second += 3) {
      const events: string[] = []
      let body = ''
      const scanner = new FrameScanner('ab', {
        started: (group) => events.push(`started ${group}`),
        output: (chunk) => {
          body += chunk.toString('latin1')
        },
        ended: (code) => events.push(`ended ${code}`),
      })
      for (const chunk of [
        stream.subarray(0, first),
        stream.subarray(first, second),
        stream.subarray(second),
      ]) {
        scanner.feed(chunk)
      }
      seen.add(JSON.stringify([...events, body]))
    }
  }
  t.equal(seen.size, 1, [...seen].join(' '))
  t.equal([...seen][0], JSON.stringify(['started 42', 'ended 7', 'out\x1eput\x1eab-\x1e']))
})

t.test('what is written to a stream in one turn leaves it together', async (t) => {
  for (const hasWritev of [true, false]) {
    const left: string[] = []
    const leave = (text: string, done: () => void) => {
      left.push(text)
      done()
    }
    const stream = new Duplex({
      read: () => {},
      write: (chunk, _encoding, done) => leave(String(chunk), done),
      ...(hasWritev
        ? { writev: (parts, done) => leave(parts.map(({ chunk }) => chunk).join(''), done) }
        : {}),
    })
    gatherWrites(stream)
    for (const part of ['length,', 'content,', 'tag']) stream.write(part)
    t.strictSame(left, [])
    await new Promise(setImmediate)
    stream.write('the next ')
    stream.write('packet')
    stream.end()
    await finished(stream, { readable: false })
    t.strictSame(left, ['length,content,tag', 'the next packet'])
  }
})

t.test('capped output keeps the head and the tail', async (t) => {
  const output = new CappedOutput(20)
  for (const chunk of ['0123456789', 'abc', 'defghij', 'klmnopqrst', 'uvwxyz'])
    output.push(Buffer.from(chunk))
  t.equal(output.truncated, true)
  t.equal(output.text(), '0123456789\n[... 16 bytes dropped ...]\nqrstuvwxyz')
  const small = new CappedOutput(20)
  small.push(Buffer.from('ü'.repeat(10)))
  t.strictSame([small.truncated, small.text()], [false, 'ü'.repeat(10)])
})

t.test('connection variables', async (t) => {
  const settings = (vars: Record<string, Value>, host = 'web1') =>
    connectionSettings(host, (name) => vars[name])
  const ssh = { kind: 'ssh', host: 'web1', shellPath: '/bin/sh', address: 'web1', jumps: [], retries: 0 }
  const cases: [string, Record<string, Value>, object][] = [
    ['nothing', {}, ssh],
    [
      'local by variable',
      { ansible_connection: 'local' },
      { kind: 'local', host: 'web1', shellPath: '/bin/sh' },
    ],
    [
      'all names, the newer win',
      {
        ansible_ssh_host: 'old',
        ansible_host: '10.0.0.1',
        ansible_ssh_port: 1,
        ansible_port: '2222',
        ansible_ssh_user: 'old',
        ansible_user: 'deploy',
        ansible_ssh_pass: 'old',
        ansible_password: 'secret',
        ansible_private_key_file: '/k',
        ansible_ssh_timeout: 5,
        ansible_ssh_retries: '3',
        ansible_shell_executable: '/bin/bash',
        ansible_host_key_checking: 'no',
        ansible_python_interpreter: '/usr/bin/python3',
        hvlab_via: 'hv1',
        hvlab_host_key: 'ssh-ed25519 AAAA',
      },
      {
        ...ssh,
        shellPath: '/bin/bash',
        address: '10.0.0.1',
        port: 2222,
        user: 'deploy',
        password: 'secret',
        privateKeyFile: '/k',
        timeoutMs: 5000,
        retries: 3,
        hostKeyPolicy: 'no',
        via: 'hv1',
        pinnedHostKey: 'ssh-ed25519 AAAA',
      },
    ],
    [
      'ssh arguments',
      {
        ansible_host: '[2001:db8::1]',
        ansible_ssh_common_args: "-o 'StrictHostKeyChecking=accept-new' -C -J a@b:22,[::1]:23 -oPort=26",
        ansible_ssh_extra_args:
          '-i "/my keys/id" -l root -o ConnectTimeout=7 -o ServerAliveInterval=5 -o ControlMaster=auto -F none',
      },
      {
        ...ssh,
        address: '2001:db8::1',
        jumps: [
          { address: 'b', user: 'a', port: 22 },
          { address: '::1', port: 23 },
        ],
        port: 26,
        user: 'root',
        privateKeyFile: '/my keys/id',
        timeoutMs: 7000,
        keepaliveMs: 5000,
        configFile: 'none',
        hostKeyPolicy: 'accept-new',
      },
    ],
  ]
  for (const [name, vars, expected] of cases) t.strictSame(settings(vars), expected, name)
  t.strictSame(settings({}, 'localhost'), { kind: 'local', host: 'localhost', shellPath: '/bin/sh' })
  t.match(settings({ ansible_connection: 'ssh' }, 'localhost'), { kind: 'ssh', address: 'localhost' })

  const mistakes: [Record<string, Value>, string][] = [
    [
      { ansible_host: '-oProxyCommand=x' },
      'web1: ansible_host "-oProxyCommand=x" is not a host name or address',
    ],
    [{ ansible_host: 'a b' }, 'web1: ansible_host "a b" is not a host name or address'],
    [{ ansible_host: 'a;id' }, 'web1: ansible_host "a;id" is not a host name or address'],
    [{ ansible_host: ['a'] }, 'web1: ansible_host ["a"] is a list or map, not one value'],
    [{ ansible_password: ['hunter2'] }, 'web1: ansible_password *** is a list or map, not one value'],
    [{ ansible_user: '-l' }, 'web1: ansible_user "-l" is not a user name'],
    [{ ansible_user: 'a\nb' }, 'web1: ansible_user "a\\nb" is not a user name'],
    [{ ansible_port: 70_000 }, 'web1: ansible_port 70000 is not a port number (1 to 65535)'],
    [{ ansible_port: 'ssh' }, 'web1: ansible_port "ssh" is not a whole number'],
    [{ ansible_timeout: -1 }, 'web1: ansible_timeout -1 is not a number of seconds'],
    [{ ansible_connection: 'winrm' }, 'web1: ansible_connection "winrm" is not a connection that hvlab has'],
    [{ ansible_shell_executable: 'sh -c' }, 'web1: ansible_shell_executable "sh -c" is not an absolute path'],
    [
      { ansible_host_key_checking: 'maybe' },
      'web1: ansible_host_key_checking "maybe" is neither true nor false',
    ],
    [
      { ansible_ssh_common_args: '-o ProxyCommand="nc %h %p"' },
      "web1: ansible_ssh_common_args has -o ProxyCommand=nc %h %p, which hvlab's own SSH client does not have",
    ],
    [
      { ansible_ssh_extra_args: '-D 1080' },
      "web1: ansible_ssh_extra_args has -D, which hvlab's own SSH client does not have",
    ],
    [
      { ansible_ssh_extra_args: '-p' },
      'web1: ansible_ssh_extra_args "-p" ends after -p, which needs a value',
    ],
    [{ ansible_ssh_extra_args: "-i 'x" }, `web1: ansible_ssh_extra_args "-i 'x" has an unclosed quote`],
    [
      { ansible_ssh_extra_args: '-p 22a' },
      'web1: ansible_ssh_extra_args "22a" is not a whole number that is allowed there',
    ],
    [
      { ansible_ssh_extra_args: '-J a@-b' },
      'web1: ansible_ssh_extra_args "-b" is not a host name or address',
    ],
  ]
  for (const [vars, message] of mistakes) {
    const failure = await failureOf(() => settings(vars))
    t.strictSame([failure.reason, failure.message], ['config', message])
  }
  process.env['ANSIBLE_HOST_KEY_CHECKING'] = 'False'
  t.match(settings({}), { hostKeyPolicy: 'no' })
  t.match(settings({ ansible_host_key_checking: true }), { hostKeyPolicy: 'yes' })
  delete process.env['ANSIBLE_HOST_KEY_CHECKING']
})

t.test('a host without the locale C.UTF-8', async (t) => {
  const folder = t.testdir({ 'C.utf8': {}, glibc: '' })
  const localeOf = (locales: string, glibc: string) =>
    execFileSync('/bin/sh', [
      '-c',
      launch(undefined, '/bin/sh', 'echo; printenv LC_ALL')
        .line.replaceAll('/usr/lib/locale', locales)
        .replaceAll('/etc/ld.so.cache', glibc),
    ])
      .toString()
      .split('\n')[1]
  t.equal(localeOf(folder, `${folder}/glibc`), 'C.UTF-8')
  t.equal(localeOf('/none', `${folder}/glibc`), 'C', 'programs would complain')
  t.equal(localeOf('/none', '/none'), 'C.UTF-8', 'musl has no files for it')
})

t.test('become settings and launch lines', async (t) => {
  const become = (vars: Record<string, Value>, keywords = {}) =>
    becomeSettings('web1', (name) => vars[name], keywords)
  t.equal(become({}), undefined)
  t.equal(become({ ansible_become: 'no' }, { become: true }), undefined)
  t.strictSame(become({}, { become: true, user: 'postgres' }), { method: 'sudo', user: 'postgres' })
  t.strictSame(
    become({
      ansible_become: true,
      ansible_become_method: 'su',
      ansible_become_pass: 'x',
      ansible_become_flags: '-l  -m',
    }),
    { method: 'su', user: 'root', password: 'x', flags: ['-l', '-m'] },
  )
  t.match(await failureOf(() => become({ ansible_become: 1, ansible_become_method: 'doas' })), {
    message: 'web1: ansible_become_method "doas" is not a method that hvlab has',
    hint: 'Use `sudo` or `su`.',
  })
  const line = (settings: Parameters<typeof launch>[0]) =>
    launch(settings, '/bin/sh', 'exec /bin/sh')
      .line.replace(/'[^']*'/g, 'BODY')
      .replace(/-[0-9a-f]{16}/g, '')
  t.equal(line(undefined), 'exec /bin/sh -c BODY')
  t.equal(
    line({ method: 'sudo', user: 'root' }),
    'exec /bin/sh -c BODY hvlab sudo -H -n -u root /bin/sh -c BODY',
  )
  t.equal(
    line({ method: 'sudo', user: 'root', password: 'secret', flags: ['-E', '-n'] }),
    'exec /bin/sh -c BODY hvlab sudo -E -S -p hvlab-password: -u root /bin/sh -c BODY',
  )
  t.equal(
    line({ method: 'su', user: 'root', password: 'secret' }),
    'exec /bin/sh -c BODY hvlab su -s /bin/sh -c BODY root',
  )
  t.match(await failureOf(() => line({ method: 'sudo', user: 'root; id' })), {
    message: 'the user to become: "root; id" has characters that are not allowed there',
  })
  t.strictSame(
    explainBecomeFailure({ method: 'sudo', user: 'root' }, 'sudo: something new\n', 'ssh a@b:22', 0),
    {
      reason: 'module',
      code: 'become-failed',
      message: 'Cannot become root with sudo on ssh a@b:22: sudo: something new',
      details: 'sudo: something new',
    },
  )
})

t.test('the user’s ssh configuration fills in what variables leave out', async (t) => {
  const folder = t.testdir({
    config: [
      'Host alias',
      '  HostName 10.1.2.3',
      '  Port 2200',
      '  User fromconfig',
      '  IdentityFile /keys/one',
      '  ProxyJump jumper@bastion:2222',
      '  StrictHostKeyChecking yes',
      'Host proxied',
      '  ProxyCommand nc %h %p',
    ].join('\n'),
    broken: 'Nonsense yes\n',
  })
  const target = (vars: Record<string, Value>) =>
    resolveTarget(connectionSettings('alias', (name) => vars[name]) as Parameters<typeof resolveTarget>[0])
  const common = (file: string) => ({ ansible_ssh_common_args: `-F ${join(folder, file)}` })
  const { address, port, user, identityFiles, jumps, hostKeyPolicy } = await target(common('config'))
  t.strictSame(
    { address, port, user, identityFiles, jumps, hostKeyPolicy },
    {
      address: '10.1.2.3',
      port: 2200,
      user: 'fromconfig',
      identityFiles: ['/keys/one'],
      jumps: [{ address: 'bastion', user: 'jumper', port: 2222 }],
      hostKeyPolicy: 'yes',
    },
  )
  t.match(
    await target({
      ...common('config'),
      ansible_user: 'me',
      ansible_port: 7,
      ansible_ssh_private_key_file: '/k',
    }),
    {
      user: 'me',
      port: 7,
      identityFiles: ['/k'],
    },
  )
  t.match(await failureOf(() => target({ ...common('config'), ansible_host: 'proxied' })), {
    code: 'ssh-option-unsupported',
    message:
      "alias: the ssh configuration has ProxyCommand nc %h %p, which hvlab's own SSH client does not have",
  })
  t.match(await failureOf(() => target(common('broken'))), {
    code: 'ssh-config-unreadable',
    message:
      /^alias: ssh -G could not read the ssh configuration: .*broken: terminating, 1 bad configuration options$/,
  })
})

t.test(
  'host keys',
  { skip: existsSync('/usr/bin/ssh-keygen') ? false : 'openssh-client is not installed' },
  async (t) => {
    const folder = t.testdir()
    const key = (name: string, type = 'ed25519') => {
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', '', '-f', join(folder, name)])
      const [algorithm = '', base64 = ''] = readFileSync(join(folder, `${name}.pub`), 'utf8')
        .trim()
        .split(' ')
      return { line: `${algorithm} ${base64}`, base64, blob: Buffer.from(base64, 'base64') }
    }
    const [good, bad, ecdsa] = [key('good'), key('bad'), key('ecdsa', 'ecdsa')]
    const file = join(folder, 'known_hosts')
    const own = join(folder, 'state', 'known_hosts')
    const notes: string[] = []
    const check = async (known: string, shown: Buffer, target: Partial<SshTarget> = {}, pinned?: string) => {
      writeFileSync(file, known)
      const full = {
        hostKeyName: 'web1',
        port: 22,
        hostKeyPolicy: 'accept-new',
        knownHostsFiles: [file],
        ownKnownHostsFile: own,
        ...target,
      } as SshTarget
      const found = await hostKeyCheck(full, pinned, (text) => notes.push(text))
      return await found.verify(shown).then(
        () => 'good',
        (error) => (error as FailureError).failure.code,
      )
    }
    const hashed = (text: string) => {
      writeFileSync(file, text)
      execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' })
      rmSync(`${file}.old`)
      return readFileSync(file, 'utf8')
    }
    const strict: Partial<SshTarget> = { hostKeyPolicy: 'yes' }
    const off: Partial<SshTarget> = { hostKeyPolicy: 'no' }
    const port: Partial<SshTarget> = { port: 2222 }
    const cases: [string, string, Buffer, Partial<SshTarget>, string][] = [
      ['known', `web1 ${good.line}\n`, good.blob, strict, 'good'],
      ['known with other names', `web0,web1,10.0.0.1 ${good.line}\n`, good.blob, strict, 'good'],
      ['pattern', `*.example,web? ${good.line}\n`, good.blob, strict, 'good'],
      ['hashed', hashed(`web1 ${good.line}\n`), good.blob, strict, 'good'],
      ['hashed and changed', hashed(`web1 ${good.line}\n`), bad.blob, {}, 'host-key-changed'],
      ['hashed with port', hashed(`[web1]:2222 ${good.line}\n`), good.blob, { ...strict, ...port }, 'good'],
      ['changed', `web1 ${good.line}\n`, bad.blob, {}, 'host-key-changed'],
      ['changed, checking off', `web1 ${good.line}\n`, bad.blob, off, 'host-key-changed'],
      ['another type than the known one', `web1 ${good.line}\n`, ecdsa.blob, {}, 'host-key-changed'],
      ['two known types', `web1 ${good.line}\nweb1 ${ecdsa.line}\n`, ecdsa.blob, strict, 'good'],
      ['port', `[web1]:2222 ${good.line}\n`, good.blob, { ...strict, ...port }, 'good'],
      ['port, changed', `[web1]:2222 ${good.line}\n`, bad.blob, port, 'host-key-changed'],
      ['plain name counts for a port', `web1 ${good.line}\n`, good.blob, { ...strict, ...port }, 'good'],
      [
        'plain name with another key is another server',
        `web1 ${good.line}\n`,
        bad.blob,
        { ...strict, ...port },
        'host-key-unknown',
      ],
      ['revoked', `@revoked * ${good.line}\nweb1 ${good.line}\n`, good.blob, off, 'host-key-revoked'],
      ['another key is revoked', `@revoked * ${bad.line}\nweb1 ${good.line}\n`, good.blob, strict, 'good'],
      ['authority is no key', `@cert-authority web1 ${good.line}\n`, good.blob, strict, 'host-key-unknown'],
      ['unknown, strict', `web10 ${good.line}\n`, good.blob, strict, 'host-key-unknown'],
      ['unknown, off', '', good.blob, off, 'good'],
    ]
    for (const [name, known, shown, target, expected] of cases)
      t.equal(await check(known, shown, target), expected, name)
    t.notOk(existsSync(own), 'nothing was stored so far')

    t.equal(
      await check(`web1 ${bad.line}\n`, good.blob, {}, good.line),
      'good',
      'a pinned key overrides the files',
    )
    t.equal(await check('', bad.blob, {}, good.line), 'host-key-changed', 'a pinned key is the only one')

    const checks = await Promise.all(Array.from({ length: 50 }, () => check('', good.blob)))
    t.strictSame(new Set(checks), new Set(['good']))
    t.equal(readFileSync(own, 'utf8'), `web1 ${good.line}\n`, 'fifty first contacts store one line')
    t.equal(statSync(own).mode & 0o777, 0o600)
    t.match(notes[0], `web1: new host key ssh-ed25519 ${fingerprint(good.base64)} stored in ${own}`)
    t.equal(await check('', bad.blob), 'host-key-changed', 'the stored key counts from then on')

    const other = spawn('flock', [own, 'sh', '-c', `echo held; read _; printf %s '# its editor' >>${own}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(other.stdout, 'data')
    const waiting = check('', good.blob, { hostKeyName: 'web2' })
    const { ino } = statSync(own)
    while (!new RegExp(`-> FLOCK .*:${ino} `).test(readFileSync('/proc/locks', 'utf8'))) await sleep(20)
    t.notMatch(readFileSync(own, 'utf8'), 'web2', 'another process writes')
    other.stdin.end('\n')
    t.equal(await waiting, 'good')
    t.equal(readFileSync(own, 'utf8'), `web1 ${good.line}\n# its editor\nweb2 ${good.line}\n`)
    t.match(await pinKey(own, 'web2', 'ssh-ed25519', bad.base64), { key: good.base64, line: 3 })
    t.match(await failureOf(() => pinKey('/proc/nowhere/known_hosts', 'web2', 'x', 'y')), {
      code: 'known-hosts-unwritable',
      message: /^The key of a new host cannot be stored in \/proc\/nowhere\/known_hosts: mkdir: /,
    })

    writeFileSync(file, `# comment\nweb1 ${good.line}\n`)
    const found = await hostKeyCheck(
      {
        hostKeyName: 'web1',
        port: 22,
        hostKeyPolicy: 'yes',
        knownHostsFiles: [file],
        ownKnownHostsFile: '/nonexistent',
      } as unknown as SshTarget,
      undefined,
      () => {},
    )
    t.strictSame(found.knownTypes, ['ssh-ed25519'])
    t.match(await failureOf(() => found.verify(bad.blob)), {
      reason: 'host-key',
      message: `The host key of web1 has changed: it shows ${fingerprint(bad.base64)}, but ${file}:2 has ${fingerprint(good.base64)}`,
      hint: `Another machine may be answering. If the host was installed anew: ssh-keygen -R 'web1' -f ${file}`,
    })
  },
)

t.test('local', async (t) => {
  const local = await openConnection(connectionSettings('localhost', () => undefined))
  t.teardown(() => local.close())
  t.equal(local.description, 'this machine')
  const me = userInfo().username
  t.match(
    await local.run({
      ...sh`printf %s ${"it's"}; id -un >&2; exit 9`,
      become: { method: 'sudo', user: me, exe: '/nonexistent' },
    }),
    {
      exitCode: 9,
      stdout: "it's",
      stderr: `${me}\n`,
      truncated: false,
    },
  )
  t.match(await failureOf(() => local.run({ ...script('sleep 7201 & sleep 7201'), timeoutMs: 100 })), {
    message: 'Not finished after 0.1 s on this machine: sleep 7201 & sleep 7201',
  })
  t.equal((await local.run(script('pgrep -x -f "sleep 720[1]"'))).stdout, '')
  const folder = t.testdir()
  const file = join(folder, 'x')
  await local.put(Buffer.from('text'), file, { mode: 0o751 })
  t.strictSame([Buffer.from(await local.get(file)).toString(), statSync(file).mode & 0o777], ['text', 0o751])
  if (!(local instanceof ShellConnection)) throw new Error('another kind of connection')
  t.match(await failureOf(() => readWholeFile(local, '/dev/zero', {}, 1024 * 1024)), {
    code: 'file-not-readable',
    message: 'Cannot read /dev/zero on this machine: it has more than 1 MiB',
  })
  t.equal((await readWholeFile(local, file, {}, 4)).length, 4)
  await t.test('who may write in the folder cannot lead an upload elsewhere', async (t) => {
    const big = Buffer.alloc(100_000, 'x')
    const source = join(folder, 'source')
    const victim = join(folder, 'victim')
    writeFileSync(source, big)
    writeFileSync(victim, big, { mode: 0o600 })
    let commands = 0
    const swapping = {
      description: 'this machine',
      execute: (request: Parameters<ShellConnection['execute']>[0]) => {
        commands += 1
        const [temporary] = readdirSync(folder).filter((name) => name.endsWith('.tmp'))
        if (commands === 2 && temporary !== undefined) {
          rmSync(join(folder, temporary))
          symlinkSync(victim, join(folder, temporary))
        }
        return local.execute(request)
      },
    }
    const put = () => putFile(swapping, { file: source }, join(folder, 'target'), { mode: 0o666 })
    t.match(await failureOf(put), { message: /: somebody put something else in its place$/ })
    t.equal(commands, 2)
    t.equal(statSync(victim).mode & 0o777, 0o600)
  })
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const stream = await local.forward(
    '127.0.0.1',
    address !== null && typeof address === 'object' ? address.port : 0,
  )
  let said = ''
  for await (const chunk of stream) said += String(chunk)
  t.equal(said, 'hello')
  t.match(await failureOf(() => local.forward('127.0.0.1', 1)), {
    message: 'No connection from here to 127.0.0.1 port 1: connect ECONNREFUSED 127.0.0.1:1',
  })
  await local.close()
  t.match(await failureOf(() => local.run(sh`true`)), {
    code: 'connection-closed',
    message: 'this machine was used after it was closed',
  })
})

t.test('zx on the controller quotes for sh and ends what it started', async (t) => {
  const stop = new AbortController()
  const $ = controllerShell({ cwd: '/', signal: stop.signal })
  t.equal((await $`printf '%s|' ${['a b', "it's", '', '$x']} $PWD`).stdout, "a b|it's||$x|/|")
  await t.rejects($`exit 3`, /exit code: 3/)
  const running = $`sh -c 'sleep 7202 & echo up; sleep 7202'`
  await new Promise((resolve) => running.stdout.once('data', resolve))
  stop.abort()
  await t.rejects(running)
  t.throws(() => execFileSync('pgrep', ['-x', '-f', 'sleep 720[2]']), 'nothing is left')
})

t.test('a person’s program that is not here', async (t) => {
  t.match(await failureOf(() => runInTerminal(['hvlab-no-such-program'])), {
    code: 'program-missing',
    message: 'There is no hvlab-no-such-program in PATH on this machine.',
  })
})

t.test('a person’s terminal: keys, window size, Ctrl-C, exit code', async (t) => {
  const { spawn } = await import('node-pty')
  // The module under test needs a terminal of its own, so it runs in a process of its own.
  const fromSource = import.meta.url.endsWith('.ts')
  const module = new URL(`../../../src/connections/terminal.${fromSource ? 'ts' : 'js'}`, import.meta.url)
  const inTerminal = (command: string) => {
    const words = JSON.stringify(['sh', '-c', command])
    const code = `import { runInTerminal } from ${JSON.stringify(module.href)}
      const code = await runInTerminal(${words})
      console.log('ended ' + code + ' ' + process.stdin.isRaw)
      // What is printed right before the end is what a pseudo-terminal loses.
      process.stdin.once('data', () => process.exit())`
    const loader = fromSource ? ['--import', 'tsx'] : []
    const outer = spawn(process.execPath, [...loader, '--input-type=module', '-e', code], {
      cols: 100,
      rows: 30,
      cwd: packageRoot,
    })
    let shown = ''
    outer.onData((data) => {
      shown += data
    })
    outer.onExit(({ exitCode }) => {
      if (!shown.includes('ended')) t.fail(`ended early with ${exitCode}: ${shown}`)
    })
    const until = async (text: string) => {
      while (!shown.includes(text)) {
        await new Promise<void>((resolve) => {
          const { dispose } = outer.onData(() => {
            dispose()
            resolve()
          })
        })
      }
    }
    return { outer, until, shown: () => shown }
  }
  // The new size and the keys travel apart, so either may come first.
  const first = inTerminal(
    'stty size; read line; echo "got $line"; while [ "$(stty size)" = "30 100" ]; do sleep 0.05; done; stty size; sleep 0.2; exit 7',
  )
  await first.until('30 100')
  first.outer.resize(60, 20)
  first.outer.write('héllo\r')
  await first.until('got héllo')
  await first.until('20 60')
  await first.until('ended 7 false')
  first.outer.write('x\r')
  const second = inTerminal(
    'trap "echo interrupted; sleep 0.2; exit 9" INT; echo ready; while :; do sleep 0.1; done',
  )
  await second.until('ready')
  second.outer.write('\x03')
  await second.until('ended 9 false')
  second.outer.write('x\r')
  t.match(second.shown(), /interrupted/, 'Ctrl-C goes to the program, not to hvlab')
})
