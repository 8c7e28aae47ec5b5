import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  type BuildMachine,
  buildMachine,
  mirrorLines,
  requireBuildMachine,
} from '../../../src/images/build-machine.ts'
import { paced } from '../../../src/images/build-report.ts'
import { imageKey, readImage, resolveImage } from '../../../src/images/image.ts'
import { parseImageFile } from '../../../src/images/image-file.ts'
import { mmdebstrapCommand } from '../../../src/images/mmdebstrap.ts'
import { convertProgress, isWorthShowing, packageProgress } from '../../../src/images/progress.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand } from '../../../src/util/sh.ts'
import { failureOf } from '../../support/failure-of.ts'

/** What a function refuses, as data. */
const good = `description: a small one
builder: packages
suite: bookworm
sources:
  bookworm: http://deb.debian.org/debian
  bookworm-security: http://deb.debian.org/debian-security
keyring: /usr/share/keyrings/debian-archive-keyring.gpg
packages: [linux-image-cloud-amd64, sysbench]
exclude: [/usr/share/doc/*]
keep: [/usr/share/doc/*/copyright]
files: files
units: {enable: [ssh.service], mask: [apt-daily.timer]}
customize: customize.sh
disk: {size_gb: 10}
boot: {cmdline: root=/dev/vda rw}
login: {user: hvlab}
`

t.test('mistakes in image.yml, each at its place', async (t) => {
  const cases: [change: [string, string], message: string, at: string][] = [
    [['packages: [', 'packges: ['], 'unknown key "packges" in the image', '8:1'],
    [['suite: bookworm\n', 'suite: trixie\n'], 'suite trixie has no entry in sources', '3:8'],
    [['size_gb: 10', 'size_gb: 0'], '"size_gb" must be at least 1, not the number 0', '14:17'],
    [
      ['sysbench]', 'Sys Bench]'],
      'item 2 of "packages" must be the name of a package, not the text "Sys Bench"',
      '8:37',
    ],
    [
      ['files: files', 'files: ../files'],
      '"files" must be a path below the image’s folder, not the text "../files"',
      '11:8',
    ],
    [
      ['disk:', 'snapshot: 2026-07-01\ndisk:'],
      '"snapshot" must be a moment such as 20260701T000000Z, not the text "2026-07-01"',
      '14:11',
    ],
    [
      ['builder: packages', 'builder: packager'],
      '"builder" must be packages, packer or cloud, not the text "packager"',
      '2:10',
    ],
    [
      ['http://deb.debian.org/debian\n', 'deb.debian.org\n'],
      '"bookworm" must be an http or https address, not the text "deb.debian.org"',
      '5:13',
    ],
  ]
  for (const [[from, to], message, at] of cases) {
    t.ok(good.includes(from), from)
    const result = parseImageFile(good.replace(from, to), 'image.yml')
    const found = result.ok ? [] : result.error
    const diagnostic = found.find((one) => one.message === message)
    t.equal(`${diagnostic?.location?.line}:${diagnostic?.location?.column}`, at, message)
    if (diagnostic === undefined)
      t.same(
        found.map((one) => one.message),
        [message],
      )
  }
  t.ok(parseImageFile(good, 'image.yml').ok)
})

t.test('a package that the clean-up removes is a mistake', async (t) => {
  for (const name of ['ubuntu-20.04', 'ubuntu-20.04-cloud']) {
    const path = join(packageRoot, 'images', name, 'image.yml')
    const text = readFileSync(path, 'utf8').replace('- sysbench\n', '- fio\n  - snapd=2.58\n')
    const line = text.split('\n').indexOf('  - snapd=2.58') + 1
    t.match(parseImageFile(text, 'image.yml'), {
      ok: false,
      error: [
        {
          code: 'invalid-image-file',
          message: 'packages has snapd, which is removed from the image without "keep_snapd: true"',
          hint: 'set keep_snapd: true, or take snapd out of packages',
          location: { line, column: 5 },
        },
      ],
    })
    t.ok(parseImageFile(text.replace('keep_snapd: false', 'keep_snapd: true'), 'image.yml').ok)
    t.ok(parseImageFile(text.replace('snapd=2.58', 'snapd-glib-doc'), 'image.yml').ok)
  }
})

t.test('the key covers what decides the content and nothing else', async (t) => {
  const folder = t.testdir({
    'image.yml': good,
    'customize.sh': '#!/bin/sh\n',
    files: { etc: { hostname: 'hvlab\n' } },
  })
  const read = (): string => {
    const result = readImage('small', join(folder, 'image.yml'))
    if (!result.ok) throw new Error(result.error.map((one) => one.message).join())
    return result.value.key
  }
  const write = (text: string): void => writeFileSync(join(folder, 'image.yml'), text)
  const key = read()
  t.match(key, /^[0-9a-f]{64}$/)
  write(good.replace('a small one', 'the same').replace('deb.debian.org/debian\n', 'mirror.example/debian\n'))
  t.equal(read(), key, 'description and mirrors do not count')
  write(`login: {user: hvlab}\n${good.replace('login: {user: hvlab}\n', '')}`)
  t.equal(read(), key, 'the order of keys does not count')
  write(good.replace('sysbench', 'fio'))
  t.not(read(), key, 'packages count')
  write(`${good}snapshot: 20260701T000000Z\n`)
  const past = read()
  t.not(past, key, 'a snapshot counts')
  write(`${good}snapshot: 20260701T000000Z\nsnapshot_mirror: http://mirror.example/archive\n`)
  t.equal(read(), past, 'where it comes from does not')
  write(good)
  t.equal(read(), key)
  writeFileSync(join(folder, 'files/etc/hostname'), 'other\n')
  t.not(read(), key, 'the content of files counts')
  writeFileSync(join(folder, 'files/etc/hostname'), 'hvlab\n')
  chmodSync(join(folder, 'files/etc/hostname'), 0o755)
  t.not(read(), key, 'whether a file is executable counts')
  chmodSync(join(folder, 'files/etc/hostname'), 0o600)
  t.equal(read(), key, 'the rest of its mode does not')
  writeFileSync(join(folder, 'customize.sh'), '#!/bin/sh\ntrue\n')
  t.not(read(), key, 'the script counts')
})

t.test('images are found by name', async (t) => {
  const lab = t.testdir({
    images: { bad: { 'image.yml': good.replace('suite: bookworm\n', 'suite: 12\n') } },
  })
  const searchPath = [lab, packageRoot]
  const image = resolveImage('debian-12', searchPath)
  t.equal(image.key, imageKey(image.file, image.folder))
  t.equal(image.file.login.user, 'hvlab')
  t.throws(() => resolveImage('../etc', searchPath), { message: '../etc is not the name of an image' })
  t.match(await failureOf(() => resolveImage('debain-12', searchPath)), {
    code: 'image-unknown',
    message: 'there is no image debain-12: no folder of images/ has that name',
    hint: 'did you mean "debian-12"?',
  })
  t.match(await failureOf(() => resolveImage('other', searchPath)), {
    hint: 'There are: bad, debian-12, ubuntu-20.04, ubuntu-20.04-cloud, ubuntu-22.04, ubuntu-24.04.',
  })
  t.match(await failureOf(() => resolveImage('bad', searchPath)), {
    reason: 'config',
    message: '"suite" must be text, not the number 12',
    location: { line: 3 },
  })
})

const machine: BuildMachine = {
  root: true,
  architecture: 'amd64',
  missing: [],
  versions: { mmdebstrap: '1.3.5', mke2fs: '1.47.0', 'qemu-img': '7.2.22' },
  sources: [
    { url: 'https://apt.vendor.example/', suite: 'bookworm', component: 'main' },
    { url: 'http://ftp.example/mirrors/debian/', suite: 'bookworm', component: 'main' },
    { url: 'http://ftp.example/debian', suite: 'bookworm-security', component: 'contrib' },
  ],
  aptOptions: ['Acquire::http::Proxy "http://proxy:3142";'],
  mergedUsrHooks: true,
  keyringPresent: true,
}
const file = (() => {
  const result = parseImageFile(good, 'image.yml')
  if (!result.ok || result.value.builder !== 'packages') throw new Error('the test’s image file is wrong')
  return result.value
})()

t.test('mirrors are this machine’s own where it has the suite', async (t) => {
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  t.same(mirrorLines(file, machine), [
    `deb ${signed} http://ftp.example/mirrors/debian bookworm main`,
    `deb ${signed} http://deb.debian.org/debian-security bookworm-security main`,
  ])
})

t.test('mirrors of a moment are that moment’s, whatever this machine has', async (t) => {
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]'
  const past = { ...file, snapshot: '20260701T000000Z' }
  t.same(mirrorLines(past, machine), [
    `deb ${signed} http://snapshot.debian.org/archive/debian/20260701T000000Z bookworm main`,
    `deb ${signed} http://snapshot.debian.org/archive/debian-security/20260701T000000Z bookworm-security main`,
  ])
  t.same(
    mirrorLines({ ...past, snapshot_mirror: 'http://past.example/' }, machine)[0]?.split(' ')[2],
    'http://past.example/debian/20260701T000000Z',
  )
  const command = renderCommand(
    mmdebstrapCommand(
      { name: 'small', folder: '/', file: { ...past, customize: undefined }, key: 'k' },
      machine,
      '/w',
    ),
  )
  t.ok(command.includes(`'--aptopt=Acquire::Check-Valid-Until "false";'`), 'its lists have expired')
})

t.test('a machine that cannot build says what to do', async (t) => {
  const cases: [Partial<BuildMachine>, string, string][] = [
    [
      { missing: ['mmdebstrap', 'qemu-img', 'newuidmap'] },
      'this machine cannot build images: mmdebstrap, qemu-img, newuidmap not found',
      'On Debian and Ubuntu: `apt-get install mmdebstrap qemu-utils uidmap`, or put the role image_builder before the image task.',
    ],
    [
      { architecture: 'arm64' },
      'an image for amd64 cannot be built on a machine of architecture arm64',
      'Build it on a machine of the same architecture.',
    ],
    [
      { keyringPresent: false },
      'the keys that sign the packages are not on this machine: /usr/share/keyrings/debian-archive-keyring.gpg does not exist',
      'On Debian and Ubuntu: `apt-get install debian-archive-keyring ubuntu-keyring`, whichever the image needs.',
    ],
  ]
  for (const [change, message, hint] of cases) {
    t.match(
      await failureOf(() => requireBuildMachine({ ...machine, ...change }, file)),
      { message, hint },
      message,
    )
  }
  t.doesNotThrow(() => requireBuildMachine(machine, file))
})

t.test('what a machine says about itself', async (t) => {
  const parsed = buildMachine.parse(
    {
      exitCode: 0,
      stderr: '',
      stdout: [
        '@@uid\n1000',
        '@@architecture\namd64',
        '@@missing\nmke2fs\nnewuidmap',
        '@@mmdebstrap\nmmdebstrap 1.4.3',
        '@@mke2fs\nmke2fs 1.46.5 (30-Dec-2021)',
        '@@qemu-img\nqemu-img version 6.2.0 (Debian 1:6.2+dfsg-2ubuntu6)',
        '@@sources\nhttp://archive.ubuntu.com/ubuntu/ jammy main\nnonsense',
        '@@apt\nAcquire::http::Proxy "http://p:1";\nAcquire::x "a" ; rm',
        '@@hooks\nyes',
        '@@keyring\n',
      ].join('\n'),
    },
    '/k',
  )
  t.same(parsed, {
    root: false,
    architecture: 'amd64',
    missing: ['mke2fs', 'newuidmap'],
    versions: { mmdebstrap: '1.4.3', mke2fs: '1.46.5', 'qemu-img': '6.2.0' },
    sources: [{ url: 'http://archive.ubuntu.com/ubuntu/', suite: 'jammy', component: 'main' }],
    aptOptions: ['Acquire::http::Proxy "http://p:1";'],
    mergedUsrHooks: true,
    keyringPresent: false,
  })
})

t.test('the mmdebstrap command', async (t) => {
  const folder = t.testdir({ 'customize.sh': '#!/bin/sh\nrm -f "$1/etc/motd"\n' })
  const image = { name: 'small', folder, file, key: 'k' }
  const asRoot = renderCommand(mmdebstrapCommand(image, machine, '/store/work'))
  for (const part of [
    '--mode=root --format=directory --variant=apt --architectures=amd64 --include=linux-image-cloud-amd64,sysbench',
    `'--aptopt=Acquire::http::Proxy "http://proxy:3142";'`,
    `-path '\\''./usr/share/doc/*'\\'' '\\'')'\\'' '\\''!'\\'' -path '\\''./usr/share/doc/*/copyright'\\'' -delete`,
    `'--customize-hook=tar-in /store/work/files.tar /'`,
    'for name in apt-daily.timer; do ln -sf /dev/null',
    'for name in ssh.service; do chroot "$1" systemctl --quiet enable "$name"',
    'rm -f "$1/etc/motd"',
    ' bookworm /store/work/root ',
  ]) {
    t.ok(asRoot.includes(part), part)
  }
  const asUser = renderCommand(mmdebstrapCommand(image, { ...machine, root: false }, '/store/work'))
  t.ok(asUser.includes('--mode=unshare --format=tar') && asUser.includes(' /store/work/root.tar '))
})

t.test('progress is paced', async (t) => {
  let now = 0
  const shown: string[] = []
  const show = paced({ progress: ({ text }) => shown.push(text) }, () => now)
  for (const [at, text, done] of [
    [0, 'a', 1],
    [100, 'b', 2],
    [150, 'phase', undefined],
    [300, 'c', 3],
    [350, 'd', 4],
  ] as const) {
    now = at
    show({ text, ...(done === undefined ? {} : { done }) })
  }
  t.same(shown, ['a', 'phase', 'd'])
})

t.test('progress is read out of what the tools print', async (t) => {
  const log = readFileSync(join(packageRoot, 'test/cases/images/mmdebstrap-1.3.5.txt'), 'utf8')
  const step = packageProgress()
  const steps = log.split('\n').flatMap((line) => step(line) ?? [])
  t.same(
    steps.map(({ text, done, total }) => (done === undefined ? text : `${text} ${done}/${total}`)),
    [
      'packages: reading the package lists',
      'packages: downloading the base system',
      'packages: downloading the base system (gcc-12-base) 1/2',
      'packages: downloading the base system (libc6) 2/2',
      'packages: unpacking the base system',
      'packages: setting up the base system',
      'packages: installing packages',
      'packages: installing packages (sysbench) 1/3',
      'packages: installing packages (sysbench) 2/3',
      'packages: installing packages (sysbench) 3/3',
      'packages: configuring the image',
      'packages: cleaning up',
    ],
  )
  t.same(log.split('\n').filter(isWorthShowing).slice(-4), [
    'Processing triggers for libc-bin (2.36-9+deb12u13) ...',
    'I: running special hook: tar-in /store/work/files.tar /',
    'I: cleaning package lists and apt cache...',
    'I: success in 26.6253 seconds',
  ])
  t.same(convertProgress('    (42.17/100%)'), {
    text: 'convert: writing the qcow2 image',
    done: 42,
    total: 100,
    unit: 'steps',
  })
})
