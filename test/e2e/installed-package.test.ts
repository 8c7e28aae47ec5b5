import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/util/package-root.ts'

/** The package as users install it: packed, without development dependencies, without a clone. */
const home = t.testdir({})
const [packed] = JSON.parse(
  execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', home],
    {
      cwd: packageRoot,
      encoding: 'utf8',
    },
  ),
)
execFileSync('npm', ['init', '-y', '--loglevel=error'], { cwd: home })
const install = ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
execFileSync('npm', [...install, join(home, packed.filename)], { cwd: home })

function hvlab(cwd: string, ...args: string[]) {
  const run = spawnSync(join(home, 'node_modules/.bin/hvlab'), args, { cwd, encoding: 'utf8' })
  return { status: run.status, stdout: run.stdout, stderr: run.stderr }
}

t.test('nothing but what a user needs is in the package', async (t) => {
  const paths: string[] = packed.files.map((file: { path: string }) => file.path)
  t.same(
    paths.filter((path) => /(^|\/)(test|results|node_modules)\/|\.ts$/.test(path)),
    [],
  )
  for (const path of [
    'bin/hvlab.mjs',
    'dist/hvlab/main.js',
    'pipelines/quick.yml',
    'images/debian-12/image.yml',
  ]) {
    t.ok(paths.includes(path), path)
  }
})

t.test('an empty folder is a lab: the package brings what it lacks', async (t) => {
  const folder = join(home, 'empty')
  mkdirSync(folder)
  t.match(hvlab(folder, 'plan', 'quick'), { status: 0, stdout: 'Quick lab' })
  t.match(hvlab(folder, 'validate'), { status: 0 })
  t.match(hvlab(folder, 'exec', 'localhost', '-m', 'ping'), { status: 0, stdout: '"ping": "pong"' })
})

t.test('init writes a lab that works', async (t) => {
  t.match(hvlab(home, 'init', 'mylab'), { status: 0 })
  const lab = join(home, 'mylab')
  t.match(hvlab(lab, 'validate'), { status: 0 })
  t.match(hvlab(lab, 'inventory', '--list'), { status: 0 })
})

t.test('a script stage in TypeScript runs without development packages', async (t) => {
  const lab = join(home, 'scripted')
  mkdirSync(join(lab, 'pipelines'), { recursive: true })
  mkdirSync(join(lab, 'stages'))
  writeFileSync(
    join(lab, 'stages/hello.mts'),
    `type Api = { hosts: { name: string; sh: (text: TemplateStringsArray, ...values: unknown[]) => Promise<{ stdout: string }> }[] }
export default async ({ hosts }: Api): Promise<void> => {
  for (const host of hosts) await host.sh\`echo \${'it works'} > \${'${lab}/proof of ' + 'work'}\`
}
`,
  )
  writeFileSync(
    join(lab, 'pipelines/hello.yml'),
    'stages:\n  - name: hello\n    hosts: localhost\n    script: ../stages/hello.mts\n',
  )
  const run = hvlab(lab, 'up', 'hello')
  t.equal(run.status, 0, run.stderr)
  t.ok(existsSync(join(lab, 'proof of work')))
})
