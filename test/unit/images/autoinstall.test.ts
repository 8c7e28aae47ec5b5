import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { CommandEnvironment } from '../../../src/commands/environment.ts'
import { newImageCommand } from '../../../src/commands/image/new.ts'
import type { Diagnostic } from '../../../src/config/diagnostic.ts'
import { parseAutoinstall } from '../../../src/images/autoinstall/check.ts'
import { renderInstallerSeed } from '../../../src/images/autoinstall/installer-seed.ts'
import {
  baseOf,
  imageKey,
  isCloudImage,
  isPackerImage,
  type PackerImage,
  readImage,
} from '../../../src/images/image.ts'
import { layerScript } from '../../../src/images/layer/guest-script.ts'
import { layerContent } from '../../../src/images/layer/layer-content.ts'
import { layerTemplate } from '../../../src/images/layer/layer-template.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

const ubuntus = ['ubuntu-20.04', 'ubuntu-22.04', 'ubuntu-24.04']
const build = { nonce: 'n0nce', webhookUrl: 'http://10.0.2.2:4711/t0ken/' }

function shipped(name: string): PackerImage {
  const image = readImage(name, join(packageRoot, 'images', name, 'image.yml'))
  if (!image.ok) throw new Error(image.error.map((one) => one.message).join('\n'))
  if (!isPackerImage(image.value)) throw new Error(`${name} is not made by Packer`)
  return image.value
}

interface Rendered {
  readonly autoinstall: Record<string, unknown> & {
    readonly 'late-commands': string[]
    readonly 'error-commands': string[]
  }
}

/** What the installer is told; the text after the first line is JSON. */
function told(image: PackerImage, options: { keepOnError?: boolean } = {}): Rendered['autoinstall'] {
  const { userData } = renderInstallerSeed(image, { ...build, ...options })
  t.match(userData, /^#cloud-config\n\{\n/)
  return (JSON.parse(userData.slice('#cloud-config\n'.length)) as Rendered).autoinstall
}

function mistakes(text: string, version: string): Diagnostic[] {
  const result = parseAutoinstall(text, 'user-data', { installer: { version }, keep_snapd: false })
  return result.ok ? [] : result.error
}

const good = `#cloud-config
autoinstall:
  version: 1
  network: {version: 2, ethernets: {any: {match: {name: "e*"}, dhcp4: true}}}
  apt: {geoip: false}
  storage:
    layout: {name: direct}
  late-commands: [echo hello]
  user-data: {ssh_pwauth: false}
  shutdown: poweroff
`

t.test('mistakes that the installer would take in silence', async (t) => {
  const cases: [change: [string, string], message: string, at: string, hint?: string][] = [
    [['shutdown:', 'shutdwn:'], 'unknown key "shutdwn" in "autoinstall"', '10:3', 'did you mean "shutdown"?'],
    [['dhcp4:', 'dchp4:'], 'unknown key "dchp4" in "any"', '4:64', 'did you mean "dhcp4"?'],
    [['{name: "e*"}', '{nmae: "e*"}'], 'unknown key "nmae" in "match"', '4:51', 'did you mean "name"?'],
    [
      ['name: direct', 'name: dirct'],
      '"name" must be direct, lvm, zfs or hybrid, not the text "dirct"',
      '7:20',
      'did you mean "direct"?',
    ],
    [['[echo hello]', 'echo hello'], '"late-commands" must be a list, not the text "echo hello"', '8:18'],
    [['geoip: false', 'geoip: nope'], '"geoip" must be true or false, not the text "nope"', '5:16'],
    [['version: 1\n', 'version: 2\n'], '"version" must be 1, not the number 2', '3:12'],
    [
      ['#cloud-config', '# cloud-config'],
      'the first line of the autoinstall file must be #cloud-config',
      '1:1',
    ],
    [
      ['ssh_pwauth', 'ssh_pwaut'],
      'unknown key "ssh_pwaut" in "user-data"',
      '9:15',
      'did you mean "ssh_pwauth"?',
    ],
    [
      ['name: direct', 'name: zfs'],
      '"name: zfs" needs installer 23.10.1 or newer, and this ISO may have 22.07.2, which does not know it',
      '7:20',
      'remove it, or use a newer ISO and say its version in image.yml (installer: version)',
    ],
    [
      ['{geoip: false}', '{geoip: false, fallback: offline-install}'],
      '"fallback" needs installer 23.04.1 or newer, and this ISO may have 22.07.2, which does not know it',
      '5:23',
    ],
    [
      ['  late', '    swap: {size: 0}\n  late'],
      '"swap" beside "layout" needs installer 23.10.1 or newer, and this ISO may have 22.07.2, which does not know it',
      '8:5',
    ],
    [
      ['  shut', '  identity: {username: u, hostname: h, password: p}\n  shut'],
      'an image has no user and no password, so "identity" must go',
      '10:3',
      'guests get their user from their seed; image.yml names it (login: user)',
    ],
    [
      ['  shut', '  snaps: [{name: lxd}]\n  shut'],
      'snaps would be installed and removed again at the end',
      '10:3',
      'set keep_snapd: true in image.yml',
    ],
    [
      ['  shut', '  packages: [fio, snapd]\n  shut'],
      'snapd would be installed and removed again at the end',
      '10:19',
      'set keep_snapd: true in image.yml',
    ],
    [
      ['poweroff', 'reboot'],
      'an image that has booted is not clean any more',
      '10:3',
      'write `shutdown: poweroff`',
    ],
    [
      ['  storage:\n    layout: {name: direct}\n', ''],
      'the storage layout is missing, and the installer’s own is LVM with half of the disk unused',
      '3:3',
      'write `storage: {layout: {name: direct}}`',
    ],
    [
      ['layout: {name: direct}', 'config: [{type: disk, id: d, grub_devcie: true}]'],
      'unknown key "grub_devcie" in the storage action "d"',
      '7:34',
      'did you mean "grub_device"?',
    ],
    [
      ['layout: {name: direct}', 'config: [{type: partion, id: p}]'],
      '"partion" is not a type of storage action',
      '7:21',
      'did you mean "partition"?',
    ],
    [
      ['{name: direct}', '{name: direct, match: [{ssd: true}]}'],
      'a list as "match" needs installer 24.08.1 or newer, and this ISO may have 22.07.2, which does not know it',
      '7:28',
    ],
    [
      ['layout: {name: direct}', 'config: [{type: disk, id: d, match: {id_path: x}}]'],
      '"id_path" needs installer 23.10.1 or newer, and this ISO may have 22.07.2, which does not know it',
      '7:42',
    ],
    [
      ['shutdown: poweroff', 'interactive-sections: [network]'],
      'the installer would wait for a person at these sections',
      '10:3',
    ],
    [
      ['shutdown: poweroff', 'refresh-installer: {update: true}'],
      'the installer would replace itself by whatever version is newest that day',
      '10:23',
    ],
  ]
  for (const [[from, to], message, at, hint] of cases) {
    t.ok(good.includes(from), from)
    const found = mistakes(good.replace(from, to), '22.07.2')
    t.same(
      found.map((one) => [one.message, `${one.location?.line}:${one.location?.column}`]),
      [[message, at]],
    )
    if (hint !== undefined) t.equal(found[0]?.hint, hint)
  }
  t.same(mistakes(good, '22.07.2'), [])
  t.same(mistakes(good.replaceAll('\n', '\r\n'), '22.07.2'), [], 'lines of Windows')
  t.same(
    mistakes('', '22.07.2').map((one) => one.message),
    [
      'the first line of the autoinstall file must be #cloud-config',
      'the autoinstall file must be a map, not empty',
    ],
  )
  t.same(mistakes(good.replace('name: direct', 'name: zfs'), '24.04.1'), [])
  t.same(
    mistakes(
      good.replace('#cloud', '#clud').replace('shutdown', 'shutdwn').replace('geoip', 'geip'),
      '22.07.2',
    ).map((one) => one.message),
    [
      'the first line of the autoinstall file must be #cloud-config',
      'unknown key "geip" in "apt"',
      'unknown key "shutdwn" in "autoinstall"',
    ],
    'all at once',
  )
})

t.test('what a build adds to the image’s own data', async (t) => {
  const folder = t.testdir({
    'image.yml': readFileSync(join(packageRoot, 'images/ubuntu-20.04/image.yml'), 'utf8'),
    'ubuntu.pkr.hcl': '',
    'user-data': `${good}  packages: [fio]\n  updates: all\n  reporting: {mine: {type: print}}\n`,
  })
  const read = (): PackerImage => {
    const image = readImage('mine', join(folder, 'image.yml'))
    if (!image.ok || !isPackerImage(image.value)) throw new Error('the test’s image is wrong')
    return image.value
  }
  const image = read()
  const data = told(image)
  t.match(data, {
    // Those of image.yml are a layer above.
    packages: ['fio'],
    updates: 'security',
    reporting: {
      builtin: { type: 'print' },
      mine: { type: 'print' },
      hvlab: { type: 'webhook', endpoint: build.webhookUrl },
    },
    'user-data': { ssh_pwauth: false },
    shutdown: 'poweroff',
  })
  t.match((data['apt'] as { conf: string }).conf, /Package-Blacklist \{ "\.\*"; \};/)
  const late = data['late-commands']
  t.equal(late[0], 'echo hello', 'the image’s own commands come first')
  t.equal(
    late.at(-1),
    "echo nonce=n0nce > /target/etc/hvlab-image && sync && echo 'HVLAB-OK n0nce' > /dev/ttyS0",
  )
  t.equal(data['error-commands'].at(-1), 'sync; poweroff -f')
  t.equal(told(image, { keepOnError: true })['error-commands'].at(-1), "echo 'HVLAB-FAIL n0nce' > /dev/ttyS0")
  const yml = readFileSync(join(folder, 'image.yml'), 'utf8')
  const change = (from: string, to: string): void =>
    writeFileSync(join(folder, 'image.yml'), yml.replace(from, to))
  change('updates: none', 'updates: all')
  t.equal(told(read())['updates'], 'all')
  t.notMatch((told(read())['apt'] as { conf: string }).conf, /Blacklist/)
  change('keep_snapd: false', 'keep_snapd: true')
  t.notMatch(told(read())['late-commands'].join('\n'), /snapd/)
  t.not(read().key, image.key, 'what the installer is told decides what is built')
  change('memory_mb: 3072', 'memory_mb: 4096')
  t.equal(read().key, image.key, 'the machine that installs does not')
  writeFileSync(join(folder, 'user-data'), good.replace('poweroff', 'reboot'))
  const broken = readImage('mine', join(folder, 'image.yml'))
  t.match(broken, { ok: false, error: [{ location: { file: join(folder, 'user-data'), line: 10 } }] })
  change('packages:', 'layer: {template: mine.pkr.hcl}\npackages:')
  t.match(readImage('mine', join(folder, 'image.yml')), {
    ok: false,
    error: [{ message: `${folder}/image.yml names mine.pkr.hcl, which does not exist in ${folder}` }],
  })
})

t.test('the commands after an installation leave a clean system', async (t) => {
  const root = t.testdir()
  const target = join(root, 'target')
  const bin = join(root, 'bin')
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(target, path)), { recursive: true })
    writeFileSync(join(target, path), text)
  }
  const dirty = [
    'etc/cloud/cloud.cfg.d/99-installer.cfg',
    'etc/cloud/cloud.cfg.d/90-installer-network.cfg',
    'etc/cloud/cloud.cfg.d/subiquity-disable-cloudinit-networking.cfg',
    'etc/cloud/cloud.cfg.d/00-subiquity-disable-cloudinit-networking.cfg',
    'etc/cloud/ds-identify.cfg',
    'etc/cloud/cloud-init.disabled',
    'etc/netplan/00-installer-config.yaml',
    'etc/netplan/00-installer-config-wifi.yaml',
    'etc/ssh/ssh_host_ed25519_key',
    'etc/ssh/ssh_host_ed25519_key.pub',
    'etc/apt/apt.conf.d/94curtin-config',
    'var/lib/dbus/machine-id',
    'var/lib/systemd/random-seed',
    'var/lib/cloud/instance/user-data.txt',
    'var/lib/snapd/seed/seed.yaml',
    'var/log/installer/autoinstall-user-data',
    'var/log/journal/1/system.journal',
    'root/.bash_history',
    'tmp/left',
    'swap.img',
  ]
  for (const path of dirty) put(path, 'left by the installer\n')
  put('etc/machine-id', '0123456789abcdef0123456789abcdef\n')
  put('var/log/dpkg.log', 'many lines\n')
  put('etc/fstab', 'UUID=1 / ext4 defaults 0 1\n/swap.img\tnone\tswap\tsw\t0\t0\n')
  for (const folder of [
    'var/tmp',
    'etc/systemd/system',
    'etc/systemd/network',
    'lib/modules/5.4.0-1-generic',
  ])
    mkdirSync(join(target, folder), { recursive: true })
  mkdirSync(bin)
  // Stands in for the tools of the live system; says what would run in the new system.
  writeFileSync(join(bin, 'curtin'), `#!/bin/sh\nshift 3\necho "$*" >> ${root}/in-target\n`)
  writeFileSync(join(bin, 'dpkg-query'), '#!/bin/sh\necho "base-files 11 amd64"\n')
  for (const name of ['mount', 'fstrim', 'sync'])
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} "$@" >> ${root}/log\n`)
  for (const name of readdirSync(bin)) chmodSync(join(bin, name), 0o755)

  const commands = told(shipped('ubuntu-20.04'))['late-commands'].map((command) =>
    command
      .replaceAll('/target', target)
      .replaceAll(`--target=${target}`, '--target=/target')
      .replaceAll('/run/hvlab', `${root}/hvlab`)
      .replaceAll('/dev/', `${root}/dev-`),
  )
  for (const command of commands) {
    const { status, stderr } = spawnSync('sh', ['-c', command], {
      env: { PATH: `${bin}:${process.env['PATH']}` },
      encoding: 'utf8',
    })
    t.equal(status, 0, `${command}\n${stderr}`)
  }
  t.same(
    dirty.filter((path) => existsSync(join(target, path))),
    [],
  )
  const text = (path: string): string => readFileSync(join(target, path), 'utf8')
  t.equal(text('etc/machine-id'), '', 'empty, so that each guest makes its own')
  t.equal(text('var/log/dpkg.log'), '')
  t.equal(text('etc/fstab'), 'UUID=1 / ext4 defaults 0 1\n')
  t.equal(text('etc/cloud/cloud.cfg.d/99-hvlab.cfg'), 'datasource_list: [NoCloud, None]\n')
  t.equal(
    text('etc/systemd/network/99-hvlab-dhcp.network'),
    '[Match]\nName=e*\n[Network]\nDHCP=ipv4\n[DHCPv4]\nClientIdentifier=mac\n',
  )
  t.equal(text('etc/hvlab-image'), 'nonce=n0nce\n')
  t.match(text('etc/default/grub.d/90-hvlab.cfg'), /^GRUB_TIMEOUT=0\n/)
  t.same(readFileSync(join(root, 'in-target'), 'utf8').trimEnd().split('\n'), [
    'dpkg-query -W snapd',
    'env DEBIAN_FRONTEND=noninteractive apt-get -y -q purge snapd',
    'systemctl enable systemd-networkd.service',
    `sh -c command -v update-grub >${root}/dev-null`,
    'update-grub',
  ])
  t.same(readFileSync(join(root, 'log'), 'utf8').trimEnd().split('\n'), [
    `mount -t tmpfs -o size=256m tmpfs ${target}/var/log/installer`,
    `fstrim ${target}`,
    'sync',
  ])
  t.equal(readFileSync(join(root, 'hvlab/packages'), 'utf8'), 'base-files 11 amd64\n')
  t.equal(readFileSync(join(root, 'dev-ttyS0'), 'utf8'), 'HVLAB-OK n0nce\n')
})

t.test('the shipped images of Ubuntu', async (t) => {
  const templates = ubuntus.map((name) => {
    const image = shipped(name)
    const { file } = image
    const iso = (file.source.urls[0] ?? '').split('/').at(-1) ?? ''
    const text = readFileSync(join(image.folder, file.template), 'utf8')
    t.ok(text.includes(`default = "${iso}"`), `${name}: the template has the same ISO`)
    t.ok(text.includes(`default = "sha256:${file.source.sha256}"`), `${name}: and the same sum`)
    t.ok(
      text.includes(`default = "${file.installer.kernel_arguments}"`),
      `${name}: and the same kernel arguments`,
    )
    for (const command of [...told(image)['late-commands'], ...told(image)['error-commands']]) {
      t.equal(spawnSync('sh', ['-n', '-c', command]).status, 0, command)
      t.notMatch(command, /\n/, 'the installer’s log has one line a command')
    }
    return text.replaceAll(/\d\d\.\d\d\.\d/g, 'VERSION').replace(file.source.sha256, 'SUM')
  })
  t.equal(new Set(templates).size, 1, 'one code path')
  const cloud = readImage('cloud', join(packageRoot, 'images/ubuntu-20.04-cloud/image.yml'))
  if (!cloud.ok || !isCloudImage(cloud.value)) throw new Error('images/ubuntu-20.04-cloud is wrong')
  t.same(cloud.value.file.units, shipped('ubuntu-20.04').file.units)
  const layers = [...ubuntus.map(shipped), cloud.value].map(({ file, folder }) => layerTemplate(file, folder))
  t.same([...new Set(layers)], [join(packageRoot, 'images/layer.pkr.hcl')], 'one template of a layer')
})

t.test('packages are a layer above a base that does not depend on them', async (t) => {
  const image = shipped('ubuntu-20.04')
  const withPackages = (packages: string[], change: Partial<PackerImage['file']> = {}) => {
    const file = { ...image.file, packages, ...change }
    const changed = { ...image, file, key: imageKey(file, image.folder) }
    return { key: changed.key, base: baseOf(changed) }
  }
  const one = withPackages(['sysbench'])
  const two = withPackages(['sysbench', 'fio'])
  t.match(one.base, { name: 'ubuntu-20.04-base', file: { packages: [] } })
  t.equal(two.base?.key, one.base?.key, 'the same installation')
  t.not(two.key, one.key)
  t.equal(withPackages(['fio', 'sysbench', 'fio']).key, two.key, 'their order says nothing')
  t.same(
    withPackages([]),
    { key: one.base?.key, base: undefined },
    'no packages: the installation is the image',
  )
  const larger = { ...image.file.layer, memory_mb: 2048, deadline_minutes: 60 }
  t.equal(withPackages(['sysbench'], { layer: larger }).key, one.key, 'nor does the machine that adds them')
  const ownLayer = { ...image.file.layer, template: image.file.template }
  t.equal(layerTemplate({ ...image.file, layer: ownLayer }, '/own'), '/own/ubuntu.pkr.hcl')
  const own = withPackages(['sysbench'], { layer: ownLayer })
  t.not(own.key, one.key, 'but a template of its own')
  t.equal(own.base?.key, one.base?.key)
  const other = withPackages(['sysbench'], { disk: { size_gb: 20 } })
  t.not(other.key, one.key)
  t.not(other.base?.key, one.base?.key, 'what the installer is told')

  const script = layerScript(layerContent({ ...image.file, packages: ['b', 'a'] }), build)
  t.equal(Buffer.byteLength(script) % 512, 0, 'whole sectors of a disk')
  t.match(script, /^ {2}apt-get .* install a b && return 0$/m)
  t.match(script, /^echo nonce=n0nce >\/etc\/hvlab-image$/m)
  for (const shell of ['dash', 'bash'])
    t.equal(spawnSync(shell, ['-n'], { input: script }).status, 0, `${shell} can read it`)
})

t.test('an image of one’s own', async (t) => {
  const lab = t.testdir()
  let said = ''
  const env: CommandEnvironment = {
    cwd: lab,
    env: {},
    version: '0',
    color: false,
    stdout: (text) => {
      said += text
    },
    stderr: (text) => t.fail(text),
    renderer: () => Promise.reject(new Error('nothing is drawn')),
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
  }
  t.equal(await newImageCommand('mine', { from: 'ubuntu-22.04' }, env), 0)
  t.match(
    said,
    /^A new image, as ubuntu-22\.04 is:\n {2}images\/mine\/image\.yml\n(?:.*\n)*? {2}hvlab image build mine\n$/,
  )
  const image = readImage('mine', join(lab, 'images/mine/image.yml'))
  t.match(image, { ok: true, value: { file: { description: 'mine, made from ubuntu-22.04' } } })
  t.equal(image.ok && image.value.key, shipped('ubuntu-22.04').key, 'the same image until it is changed')
  const userData = readFileSync(join(lab, 'images/mine/user-data'), 'utf8')
  t.ok(userData.includes(`$schema=${join(packageRoot, 'schemas/user-data.json')}`))
  for (const [name, from, failure] of [
    ['mine', 'ubuntu-22.04', { code: 'image-exists' }],
    ['Mine', 'ubuntu-22.04', { message: 'Mine is not the name of an image' }],
    ['other', 'ubuntu-22.40', { hint: 'did you mean "ubuntu-22.04"?' }],
    ['other', 'zzzzzzzz', { hint: /^There are: debian-12, mine, ubuntu-20\.04, / }],
  ] as const) {
    const refused = await newImageCommand(name, { from }, env).catch((error) => error)
    t.match(refused, { failure })
  }
  t.same(readdirSync(join(lab, 'images')), ['mine'])
})

t.test('Packer takes the templates', { skip: lacks('packer', ['version']) }, async (t) => {
  const image = shipped('ubuntu-20.04')
  const folder = t.testdir({ 'x.iso': '' })
  for (const [template, variable] of [
    [join(image.folder, image.file.template), 'iso_url'],
    [layerTemplate(image.file, image.folder), 'base'],
  ] as const) {
    const { status, stdout } = spawnSync(
      'packer',
      ['validate', '-var', `${variable}=${folder}/x.iso`, template],
      { encoding: 'utf8', cwd: folder, env: { ...process.env, CHECKPOINT_DISABLE: '1' } },
    )
    t.equal(status, 0, stdout)
  }
})

/** Why a test that needs a program is skipped; false when it is there. */
function lacks(program: string, args: string[]): string | false {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return false
  } catch {
    return `needs ${program}`
  }
}
