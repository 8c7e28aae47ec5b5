import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { renderInstallerSeed } from '../../src/images/autoinstall/installer-seed.ts'
import { isPackerImage, readImage } from '../../src/images/image.ts'
import { seedTexts } from '../../src/lab/seed.ts'
import { packageRoot } from '../../src/util/package-root.ts'
import { DebianCloudInit } from '../support/debian-cloud-init.ts'
import { missingForLab } from '../support/requirements.ts'

/** What cloud-init reads of what hvlab writes, by cloud-init's own schema. */
const skip = missingForLab(['apt-get', 'dpkg-deb', 'pydoc3']) ?? false

t.test('cloud-init’s own schema takes what hvlab writes', { skip }, async (t) => {
  const cloudInit = new DebianCloudInit()
  t.comment(`cloud-init ${cloudInit.version || 'of this machine'}`)
  const file = join(t.testdir(), 'user-data')
  const check = (text: string) => {
    writeFileSync(file, text)
    return cloudInit.schema(file)
  }
  const isValid = (t: Test, text: string, what: string) => {
    const { status, stdout, stderr } = check(text)
    t.equal(status, 0, `${what}: ${stdout}${stderr}`)
    t.match(stdout, /^Valid cloud-config: /, what)
    t.notMatch(stdout + stderr, /deprecat|warning/i, what)
  }
  const asCloudConfig = (value: unknown) => `#cloud-config\n${JSON.stringify(value)}\n`

  await t.test('the installers’ seeds', async (t) => {
    const images = readdirSync(join(packageRoot, 'images')).flatMap((name) => {
      const file = join(packageRoot, 'images', name, 'image.yml')
      const read = existsSync(file) ? readImage(name, file) : undefined
      return read?.ok && isPackerImage(read.value) ? [read.value] : []
    })
    t.ok(images.length >= 3, images.map(({ name }) => name).join(', '))
    for (const image of images) {
      const { userData } = renderInstallerSeed(image, {
        nonce: 'n0nce',
        webhookUrl: 'http://10.0.2.2:4711/t0ken/',
      })
      isValid(t, userData, image.name)
      // cloud-init takes anything below `autoinstall`, which is the installer's; `user-data` in it is cloud-init's again.
      const { autoinstall } = JSON.parse(userData.slice('#cloud-config\n'.length))
      t.type(autoinstall['user-data'], Object)
      isValid(t, asCloudConfig(autoinstall['user-data']), `${image.name}: autoinstall.user-data`)
    }
  })

  await t.test('a guest’s seed', async (t) => {
    const { userData } = seedTexts({
      hostname: 'guest1',
      user: 'hvlab',
      authorizedKey: 'ssh-ed25519 AAAA hvlab',
      hostKey: { privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\n', publicKey: 'ssh-ed25519 AAAA' },
    })
    isValid(t, userData, 'guest1')
  })

  await t.test('what the schema sees, and what it does not', async (t) => {
    const wrong = check(asCloudConfig({ users: [{ name: 5 }], packages: 'sysbench' }))
    t.equal(wrong.status, 1)
    t.match(wrong.stdout + wrong.stderr, /packages: 'sysbench' is not of type 'array'/)
    isValid(t, asCloudConfig({ autoinstall: { version: 1, layuot: [] } }), 'anything below autoinstall')
  })
})
