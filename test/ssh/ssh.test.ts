import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { CommandResult } from '../../src/model/command.ts'
import { FailureError } from '../../src/model/failure.ts'
import { script, sh } from '../../src/util/sh.ts'
import { isRoot, processesWith, startSshd, TestUser, whyNoSshd } from './sshd.ts'

const reason = whyNoSshd()
if (reason !== undefined) {
  t.plan(0, reason)
  process.exit()
}

const needsRoot = isRoot ? false : 'needs root: creates a user and a sudoers file'
const user = isRoot ? new TestUser() : undefined
const sshd = await startSshd(user === undefined ? {} : { user: user.name })
process.once('exit', () => user?.remove())
t.teardown(() => sshd.stop())

/** The failure that a promise rejects with. */
async function failureOf(promise: Promise<unknown>) {
  try {
    await promise
  } catch (error) {
    if (error instanceof FailureError) return error.failure
    throw error
  }
  throw new Error('did not fail')
}

const output = ({ exitCode, stdout, stderr }: CommandResult) => ({ exitCode, stdout, stderr })

t.test('commands: quoting, streams apart, exit codes, signals, input, environment', async (t) => {
  const connection = await sshd.open()
  t.equal(connection.description, `ssh ${sshd.user}@127.0.0.1:${sshd.port}`)
  const awkward = ['a b', "it's", '"', '$(id)', '`id`', 'two\nlines', '\\', '*', '', 'ü\u0001', '-n', '!x']
  for (const word of awkward) {
    t.strictSame(output(await connection.run(sh`printf %s ${word}`)), {
      exitCode: 0,
      stdout: word,
      stderr: '',
    })
  }
  t.strictSame(output(await connection.run(script('echo out; echo err >&2; exit 7'))), {
    exitCode: 7,
    stdout: 'out\n',
    stderr: 'err\n',
  })
  t.match(output(await connection.run(script('kill -9 $$'))), { exitCode: 137 })
  t.match(output(await connection.run(script('if ; then'))), {
    exitCode: 2,
    stdout: '',
    stderr: /yntax error/,
  })
  t.match(output(await connection.run(script('cat; echo "$A-$PWD"'))), { exitCode: 0, stdout: '-/' })
  const all = Buffer.from(Array.from({ length: 512 }, (_, index) => index % 256))
  const counted = {
    ...script('od -An -v -tx1 | tr -d " \\n"; printf "%s" "$A|$PWD"'),
    env: { A: "b 'c'\n" },
    cwd: '/tmp',
  }
  t.equal((await connection.run({ ...counted, stdin: all })).stdout, `${all.toString('hex')}b 'c'\n|/tmp`)
  const big = Buffer.alloc(300_000, all)
  t.equal(
    (await connection.run({ ...script('cksum; echo "$A"'), env: { A: 'x' }, stdin: big })).stdout,
    (await connection.run({ ...script('head -c 300000 | cksum; echo x'), stdin: Buffer.concat([big, big]) }))
      .stdout,
  )
  for (const stdin of [big, all]) {
    const sent: number[] = []
    await connection.run({ ...script('cat >/dev/null'), stdin }, { onSent: (bytes) => sent.push(bytes) })
    t.equal(sent.at(-1), stdin.length, 'how much was sent')
    t.strictSame(
      sent,
      [...sent].sort((a, b) => a - b),
    )
  }
  t.match(await connection.run({ ...script('pwd'), cwd: '/nonexistent' }), {
    exitCode: 1,
    stderr: /nonexistent/,
  })
  t.match(await failureOf(connection.run({ ...script('x'), env: { 'A B': '' } })), {
    code: 'environment-name-invalid',
    message: '"A B" cannot be the name of an environment variable',
  })
  t.match(await failureOf(connection.run(script(`: ${'x'.repeat(130_000)}`))), { code: 'command-too-long' })
  t.notMatch((await connection.run(script('env'))).stdout, /HVLAB/)
})

t.test('secrets in a command are in no argument list', async (t) => {
  const connection = await sshd.open()
  const { stdout } = await connection.run({
    ...script('X=hvt-secret-word; ps -eo args= | grep -v grep | grep -c "hvt-secre[t]-word"'),
  })
  t.equal(stdout, '0\n')
})

t.test('one connection, one session for a hundred commands; more only while busy', async (t) => {
  const connection = await sshd.open()
  const before = sessions()
  for (let index = 0; index < 100; index++) await connection.run(sh`true`)
  t.equal(sessions() - before, 1)
  const results = await Promise.all(
    Array.from({ length: 30 }, (_, index) => connection.run(sh`sleep 0.1; echo ${index}`)),
  )
  t.strictSame(
    results.map(({ stdout }) => Number(stdout)),
    Array.from({ length: 30 }, (_, index) => index),
  )
  t.ok(sessions() - before <= 8, `${sessions() - before} sessions`)
})

function sessions(): number {
  return sshd.log().split('Starting session').length - 1
}

t.test('output streams while the command runs and is whole afterwards', async (t) => {
  const connection = await sshd.open()
  let answered = ''
  const file = join('/tmp', `hvt-stream-${process.pid}`)
  const result = await connection.run(
    sh`echo first; printf '\\303'; while [ ! -e ${file} ]; do sleep 0.02; done; printf '\\274\\n'; rm ${file}`,
    {
      onOutput: (stream, text) => {
        answered += `${stream}:${text}`
        if (text.includes('first')) void sshd.open().then((other) => other.run(sh`touch ${file}`))
      },
    },
  )
  t.equal(result.stdout, 'first\nü\n')
  t.equal(answered, 'stdout:first\nstdout:ü\n')
  const long = await connection.run(script('head -c 40000000 /dev/zero | tr "\\0" x; echo end'))
  t.equal(long.truncated, true)
  t.ok(long.stdout.length < 17 * 1024 * 1024)
  t.match(long.stdout.slice(-30), /xend\n$/)
  t.match(long.stdout, /x\n\[\.\.\. \d+ bytes dropped \.\.\.\]\nx/)
})

t.test('a timeout and a signal end the whole process group', async (t) => {
  const connection = await sshd.open()
  const tree = (mark: string) => script(`sh -c 'sleep ${mark} & sleep ${mark}' & sleep ${mark}`)
  t.match(await failureOf(connection.run({ ...tree('7101'), timeoutMs: 300 })), {
    reason: 'timeout',
    code: 'command-timeout',
    message: `Not finished after 0.3 s on ${connection.description}: sh -c 'sleep 7101 & sleep 7101' & sleep 7101`,
    hint: 'Its processes were ended. Give the task a longer timeout if it needs one.',
  })
  t.strictSame(processesWith('sleep 7101'), [])
  const stop = new AbortController()
  const running = connection.run(tree('7102'), { signal: stop.signal })
  await seen('sleep 7102')
  stop.abort()
  t.match(await failureOf(running), { reason: 'cancelled', code: 'command-cancelled' })
  t.strictSame(processesWith('sleep 7102'), [])
  const stubborn = script(`trap '' TERM; sh -c "trap '' TERM; while :; do sleep 7103; done"`)
  t.match(await failureOf(connection.run({ ...stubborn, timeoutMs: 300 })), {
    code: 'command-timeout',
    hint: /were ended/,
  })
  t.strictSame(processesWith('sleep 7103'), [])
  t.equal((await connection.run(sh`echo still here`)).stdout, 'still here\n')
  t.match(await failureOf(connection.run(sh`true`, { signal: AbortSignal.abort() })), { reason: 'cancelled' })
})

async function seen(text: string): Promise<void> {
  while (processesWith(text).length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
}

t.test('a background process neither holds a command up nor reaches later output', async (t) => {
  const connection = await sshd.open()
  const started = await connection.run(script('(while :; do echo noise; sleep 0.01; done) & echo $!'))
  t.equal((await connection.run(sh`echo clean`)).stdout.replaceAll('noise\n', ''), 'clean\n')
  await connection.run(
    sh`kill ${started.stdout
      .trim()
      .split('\n')
      .filter((line) => line !== 'noise')
      .join('')}`,
  )
})

t.test('files: atomic, mode, size, every kind of bytes', async (t) => {
  const connection = await sshd.open()
  const folder = t.testdir()
  const target = join('/tmp', `hvt-put-${process.pid} 'ü\n'`)
  t.teardown(async () => {
    await connection.run(sh`rm -rf ${target} ${`${target}.d`} ${`${target}.link`}`)
  })
  await connection.put(Buffer.from('one'), target)
  t.equal(statSync(target).mode & 0o7777, 0o600)
  await connection.put(Buffer.alloc(0), target, { mode: 0o644 })
  t.equal(statSync(target).size, 0)
  t.equal(statSync(target).mode & 0o7777, 0o644)
  const bytes = Buffer.alloc(5_000_000, Buffer.from(Array.from({ length: 256 }, (_, index) => index)))
  const file = join(folder, 'big')
  writeFileSync(file, bytes)
  const progress: number[] = []
  await connection.put({ file }, target, { mode: 0o4750, onProgress: (done) => progress.push(done) })
  t.ok(readFileSync(target).equals(bytes), 'a file of 5 MB')
  t.equal(statSync(target).mode & 0o7777, 0o4750)
  t.equal(progress.at(-1), bytes.length)
  t.ok(Buffer.from(await connection.get(target)).equals(bytes), 'read back')
  await connection.put(bytes.subarray(0, 200_000), target)
  t.equal(statSync(target).size, 200_000)
  await connection.run(sh`mkdir ${`${target}.d`}; ln -s ${target} ${`${target}.link`}`)
  await connection.put(Buffer.from('linked'), `${target}.link`)
  t.equal(statSync(target).size, 200_000, 'a link is replaced, not followed')
  const failures: [string, string][] = [
    [`${target}.d`, 'it is a directory'],
    ['/dev/null', 'it is not a regular file'],
    ['/nonexistent/x', 'cannot create'],
  ]
  for (const [path, why] of failures) {
    const failure = await failureOf(connection.put(Buffer.from('x'), path))
    t.equal(failure.code, 'file-not-writable')
    t.ok(
      failure.message.startsWith(`Cannot write ${path} on ${connection.description}: ${why}`),
      failure.message,
    )
  }
  t.match(await failureOf(connection.put({ file: '/nonexistent' }, target)), {
    code: 'file-not-readable',
    message:
      "Cannot read /nonexistent on the controller: ENOENT: no such file or directory, stat '/nonexistent'",
  })
  t.match(await failureOf(connection.get('/nonexistent')), { code: 'file-not-readable' })
  t.match(await failureOf(connection.get('/')), {
    message: `Cannot read / on ${connection.description}: it is a directory`,
  })
  t.match(await failureOf(connection.put({ file: '/dev/zero' }, target)), {
    message: 'Cannot read /dev/zero on the controller: it is not a regular file',
  })
  const stop = new AbortController()
  const cut = connection.put({ file }, target, { signal: stop.signal, onProgress: () => stop.abort() })
  t.match(await failureOf(cut), { reason: 'cancelled' })
  t.equal(statSync(target).size, 200_000, 'the old file is whole after an upload that was cut')
  t.strictSame(
    (await connection.run(script('ls -A /tmp | grep hvlab-.*tmp'))).stdout,
    '',
    'no temporary file is left',
  )
})

t.test('a reader never sees a part of a file', async (t) => {
  const connection = await sshd.open()
  const target = join('/tmp', `hvt-atomic-${process.pid}`)
  t.teardown(async () => {
    await connection.run(sh`rm -f ${target}`)
  })
  const versions = ['a', 'b'].map((letter) => Buffer.alloc(300_000, letter))
  let writing = true
  await connection.put(versions[0] ?? Buffer.alloc(0), target, { mode: 0o644 })
  const writer = (async () => {
    for (let round = 0; round < 10; round++)
      await connection.put(versions[round % 2] ?? Buffer.alloc(0), target, { mode: 0o644 })
    writing = false
  })()
  const partial: string[] = []
  while (writing) {
    const text = readFileSync(target)
    if (text.length !== 300_000 || text.some((byte) => byte !== text[0])) partial.push(`${text.length} bytes`)
    await new Promise(setImmediate)
  }
  await writer
  t.strictSame(partial, [])
})

t.test('forward reaches an address as the host sees it', async (t) => {
  const connection = await sshd.open()
  const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const stream = await connection.forward('127.0.0.1', port)
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  t.equal(Buffer.concat(chunks).toString(), 'hello')
  t.match(await failureOf(connection.forward('127.0.0.1', 1)), {
    code: 'forward-failed',
    message: `No connection from ${connection.description} to 127.0.0.1 port 1: Connection refused`,
  })
})

t.test('jump host and a guest behind its hypervisor', async (t) => {
  const jumped = await sshd.open({
    ansible_ssh_common_args: `${sshd.vars['ansible_ssh_common_args']} -J ${sshd.user}@127.0.0.1:${sshd.port}`,
  })
  t.equal(jumped.description, `ssh ${sshd.user}@127.0.0.1:${sshd.port} via 127.0.0.1`)
  t.equal((await jumped.run(sh`echo hi`)).stdout, 'hi\n')
  const hypervisor = await sshd.open()
  const guest = await sshd.open({ hvlab_via: 'hv1', hvlab_host_key: sshd.hostKey }, { via: hypervisor })
  t.equal((await guest.run(sh`echo hi`)).stdout, 'hi\n')
  t.match(await failureOf(sshd.open({ hvlab_via: 'hv1' })), { code: 'connection-via-missing' })
})

t.test('a lost connection is said, and the next command connects again', async (t) => {
  const connection = await sshd.open()
  const { stdout } = await connection.run(script('cut -d" " -f4 /proc/$PPID/stat'))
  const running = connection.run(sh`sleep 7104`)
  await seen('sleep 7104')
  process.kill(Number(stdout), 'SIGKILL')
  t.match(await failureOf(running), {
    reason: 'unreachable',
    code: 'connection-lost',
    message: `${connection.description} was lost while this ran: sleep 7104`,
  })
  t.equal((await connection.run(script('pkill -x -f "sleep 7104"; echo back'))).stdout, 'back\n')
})

t.test('a frozen host is noticed by keepalive', async (t) => {
  const connection = await sshd.open({
    ansible_ssh_common_args: `${sshd.vars['ansible_ssh_common_args']} -o ServerAliveInterval=1 -o ServerAliveCountMax=2`,
  })
  const { stdout } = await connection.run(script('cut -d" " -f4 /proc/$PPID/stat'))
  process.kill(Number(stdout), 'SIGSTOP')
  t.teardown(() => process.kill(Number(stdout), 'SIGKILL'))
  t.match(await failureOf(connection.run(sh`true`)), {
    reason: 'unreachable',
    code: 'connection-lost',
    details: `The connection ${connection.description} was lost: the host stopped answering`,
  })
})

t.test('login shells and their noise', { skip: needsRoot }, async (t) => {
  if (user === undefined) return
  const noise = 'echo noise; echo noise >&2; printf "password: "; stty erase x\n'
  for (const name of ['.bashrc', '.profile', '.bash_profile', '.cshrc', '.zshrc'])
    writeFileSync(join(user.home, name), noise)
  mkdirSync(join(user.home, '.config/fish'), { recursive: true })
  writeFileSync(join(user.home, '.config/fish/config.fish'), noise)
  t.teardown(() => user.shell('/bin/sh'))
  for (const shell of ['/bin/bash', '/bin/dash', '/usr/bin/fish', '/bin/csh', '/bin/tcsh', '/usr/bin/zsh']) {
    t.test(shell, { skip: existsSync(shell) ? false : `${shell} is not installed` }, async (t) => {
      user.shell(shell)
      const connection = await sshd.open()
      t.strictSame(output(await connection.run(sh`printf %s ${"it's"}; echo e >&2`)), {
        exitCode: 0,
        stdout: "it's",
        stderr: 'e\n',
      })
      t.match(await connection.run({ ...sh`cat`, stdin: Buffer.alloc(70_000, 'x') }), {
        stdout: 'x'.repeat(70_000),
      })
    })
  }
  t.test('/usr/sbin/nologin', async (t) => {
    user.shell('/usr/sbin/nologin')
    const connection = await sshd.open()
    t.match(await failureOf(connection.run(sh`true`)), {
      reason: 'unreachable',
      code: 'shell-not-usable',
      message: `The shell on ${connection.description} ended at once`,
      details: 'This account is currently not available.',
    })
  })
})

t.test('become', { skip: needsRoot }, async (t) => {
  if (user === undefined) return
  const connection = await sshd.open()
  const root = { method: 'sudo', user: 'root' } as const
  const asRoot = (command: string, become: object = {}) =>
    connection.run({ ...script(command), become: { ...root, ...become } })
  const password = { password: user.password }
  const who = `Cannot become root with sudo on ${connection.description}`

  t.match(await failureOf(asRoot('id')), {
    reason: 'module',
    code: 'become-password-missing',
    message: `${who}: a password is needed`,
  })
  t.match(await failureOf(asRoot('id', password)), {
    code: 'become-not-allowed',
    message: `${who}: the login user is not allowed to`,
  })
  user.sudo('% ALL=(ALL) ALL')
  t.match(await failureOf(asRoot('id')), { code: 'become-password-missing' })
  t.match(await failureOf(asRoot('id', { password: 'wrong' })), {
    code: 'become-wrong-password',
    message: `${who}: the password is wrong`,
  })
  t.match(await asRoot('id -un; echo "$HOME"; cat', password), { stdout: 'root\n/root\n' })
  t.match(await failureOf(asRoot('id', { ...password, user: 'nosuchuser' })), { code: 'become-unknown-user' })
  t.match(await failureOf(asRoot('id', { exe: 'nosudo' })), { code: 'become-not-installed' })
  user.sudo('Defaults:% requiretty\n% ALL=(ALL) NOPASSWD: ALL')
  const other = await sshd.open()
  t.match(await failureOf(other.run({ ...script('id'), become: root })), { code: 'become-requires-tty' })
  for (const rule of [
    '% ALL=(ALL) NOPASSWD: ALL',
    'Defaults:% use_pty\n% ALL=(ALL) NOPASSWD: ALL',
    'Defaults:% lecture=always\n% ALL=(ALL) ALL',
  ]) {
    user.sudo(rule)
    await t.test(rule, async (t) => {
      const fresh = await sshd.open()
      const become = rule.includes('NOPASSWD') ? root : { ...root, ...password }
      t.equal((await fresh.run({ ...script('id -un; cat'), stdin: 'in', become })).stdout, 'root\nin')
      t.equal(
        (await fresh.run({ ...script('wc -c'), stdin: Buffer.alloc(100_000), become })).stdout,
        '100000\n',
      )
      t.equal(
        (await fresh.run({ ...script('id -un'), become: { ...become, user: user.name } })).stdout,
        `${user.name}\n`,
      )
      t.match(await failureOf(fresh.run({ ...script('sleep 7105 & sleep 7105'), become, timeoutMs: 400 })), {
        code: 'command-timeout',
        hint: /were ended/,
      })
      t.strictSame(processesWith('sleep 7105'), [])
      const target = `/root/hvt-${process.pid}`
      await fresh.put(Buffer.from('secret'), target, {
        become,
        owner: 'nobody',
        group: 'nogroup',
        mode: 0o640,
      })
      t.equal(
        (await fresh.run({ ...sh`stat -c '%U %G %a' ${target}`, become })).stdout,
        'nobody nogroup 640\n',
      )
      t.equal(Buffer.from(await fresh.get(target, { become })).toString(), 'secret')
      t.match(await failureOf(fresh.get(target)), {
        message: `Cannot read ${target} on ${fresh.description}: cannot open ${target}: Permission denied`,
      })
      await fresh.run({ ...sh`rm ${target}`, become })
    })
  }
  user.sudo('% ALL=(ALL) NOPASSWD: ALL')
  t.match(
    await connection.run({ ...script('id -un'), become: { method: 'su', user: user.name, password: 'x' } }),
    { stdout: `${user.name}\n` },
  )
  t.match(
    await failureOf(
      connection.run({ ...script('id -un'), become: { method: 'su', user: 'nobody', password: 'wrong' } }),
    ),
    { code: 'become-wrong-password' },
  )
  await t.test('a line of the login that ends like a prompt gets no password', async (t) => {
    const other = new TestUser()
    t.teardown(() => other.remove())
    writeFileSync(join(user.home, '.bashrc'), 'printf "permission denied? Password: "; sleep 0.2\n')
    user.shell('/bin/bash')
    t.teardown(() => user.shell('/bin/sh'))
    const noisy = await sshd.open()
    const become = { method: 'su', user: other.name, password: other.password } as const
    t.match(await noisy.run({ ...script('id -un'), become }), { stdout: `${other.name}\n` })
    t.match(await failureOf(noisy.run({ ...script('id'), become: { ...root, exe: 'nosudo' } })), {
      code: 'become-not-installed',
    })
    await noisy.close()
  })
})

t.test('logging in: keys, passwords, agent-less failures', { skip: needsRoot }, async (t) => {
  if (user === undefined) return
  const where = `${user.name}@127.0.0.1:${sshd.port}`
  const noKey = { ansible_ssh_private_key_file: null }
  t.match(await failureOf(sshd.open({ ansible_user: 'hvtnobody' })), {
    reason: 'unreachable',
    code: 'ssh-authentication',
    message: `hvtnobody@127.0.0.1:${sshd.port}: the login was refused; tried key ${sshd.vars['ansible_ssh_private_key_file']}`,
  })
  const withPassword = await sshd.open({ ...noKey, ansible_password: user.password })
  t.equal((await withPassword.run(sh`id -un`)).stdout, `${user.name}\n`)
  const failed = () => sshd.log().split('Failed password').length - 1
  const before = failed()
  t.match(await failureOf(sshd.open({ ...noKey, ansible_password: 'wrong', ansible_ssh_retries: 3 })), {
    code: 'ssh-authentication',
    message: new RegExp(`^${where}: the login was refused; tried .*password$`),
    hint: 'Check ansible_user and ansible_password. A refused password is not tried again.',
  })
  t.equal(failed() - before, 1, 'a wrong password is tried once')
  const { execFileSync } = await import('node:child_process')
  const locked = join(sshd.folder, 'locked')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', 'open sesame', '-f', locked])
  const lockedKey = { ansible_ssh_private_key_file: locked }
  t.match(await failureOf(sshd.open(lockedKey)), {
    code: 'ssh-key-encrypted',
    message: `The key ${locked} is protected by a passphrase`,
    hint: `Load it into an agent (ssh-add ${locked}) or set ansible_ssh_private_key_passphrase.`,
  })
  t.match(await failureOf(sshd.open({ ...lockedKey, ansible_ssh_private_key_passphrase: 'wrong' })), {
    code: 'ssh-key-encrypted',
    message: `The key ${locked} is protected by a passphrase, and the one that is set does not open it`,
  })
  // An agent may have the key; one that does not, or does not answer, is no reason to say nothing of the key.
  process.env['SSH_AUTH_SOCK'] = join(sshd.folder, 'no-agent')
  t.teardown(() => delete process.env['SSH_AUTH_SOCK'])
  t.match(await failureOf(sshd.open(lockedKey)), {
    code: 'ssh-authentication',
    message: `${where}: the login was refused; tried SSH agent; not ${locked}, which is protected by a passphrase`,
    hint: `Load the key into the agent (ssh-add ${locked}) or set ansible_ssh_private_key_passphrase.`,
  })
  delete process.env['SSH_AUTH_SOCK']
  writeFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${locked}.pub`), { flag: 'a' })
  const unlocked = await sshd.open({ ...lockedKey, ansible_ssh_private_key_passphrase: 'open sesame' })
  t.equal((await unlocked.run(sh`echo in`)).stdout, 'in\n')
  t.match(await failureOf(sshd.open({ ansible_ssh_private_key_file: '/nonexistent' })), {
    code: 'ssh-key-unreadable',
    message: "The key /nonexistent cannot be used: ENOENT: no such file or directory, open '/nonexistent'",
  })
  symlinkSync('/dev/null', join(sshd.folder, 'empty'))
  t.match(await failureOf(sshd.open({ ansible_ssh_private_key_file: join(sshd.folder, 'empty') })), {
    code: 'ssh-key-unreadable',
  })
})

t.test('an overloaded sshd is asked again; one that allows a single session works', async (t) => {
  const busy = await startSshd({ user: sshd.user, config: 'MaxStartups 2:100:3\nMaxSessions 1' })
  t.teardown(() => busy.stop())
  const connections = await Promise.all(Array.from({ length: 12 }, () => busy.open()))
  t.equal(connections.length, 12)
  const [connection] = connections
  if (connection === undefined) return
  const results = await Promise.all([1, 2, 3].map((index) => connection.run(sh`echo ${index}`)))
  t.strictSame(
    results.map(({ stdout }) => stdout),
    ['1\n', '2\n', '3\n'],
  )
  const stop = new AbortController()
  const cancellable = await busy.open({}, { signal: stop.signal })
  const running = cancellable.run(script('sleep 7107 & sleep 7107'), { signal: stop.signal })
  await seen('sleep 7107')
  stop.abort()
  t.match(await failureOf(running), { code: 'command-cancelled' })
  t.strictSame(processesWith('sleep 7107'), [], 'ended over a connection of its own')
  const target = join('/tmp', `hvt-single-${process.pid}`)
  await connection.put(Buffer.alloc(200_000), target)
  t.equal((await connection.run(sh`stat -c %s ${target}; rm ${target}`)).stdout, '200000\n')
  t.match(await failureOf(connection.run({ ...script('sleep 7106 & sleep 7106'), timeoutMs: 300 })), {
    code: 'command-timeout',
    hint: /were ended/,
  })
  t.strictSame(processesWith('sleep 7106'), [])
})
