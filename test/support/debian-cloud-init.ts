import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must, type ToolResult, tool } from './tool.ts'

/**
 * The distribution's cloud-init, unpacked beside the system: only its schema check is run. Installed, its services would
 * take this machine over at the next boot.
 */
export class DebianCloudInit {
  readonly version: string
  readonly #folder: string

  constructor() {
    const packages = missingPackages()
    this.version = packages.find((name) => name.startsWith('cloud-init='))?.slice('cloud-init='.length) ?? ''
    const base = join(tmpdir(), `hvlab-cloud-init-${process.getuid?.() ?? 0}`)
    mkdirSync(base, { recursive: true, mode: 0o700 })
    this.#folder = join(base, this.version || 'installed')
    const work = mkdtempSync(join(base, 'work-'))
    try {
      if (readdirSync(base).includes(this.version || 'installed')) return
      const tree = join(work, 'tree')
      mkdirSync(tree)
      if (packages.length > 0)
        must('sh', ['-ec', 'cd "$1" && shift && apt-get download -q "$@"', 'sh', work, ...packages])
      for (const name of readdirSync(work))
        if (name.endsWith('.deb')) must('dpkg-deb', ['-x', join(work, name), tree])
      renameSync(tree, this.#folder)
    } finally {
      rmSync(work, { recursive: true })
    }
  }

  /** `cloud-init schema` for a file. */
  schema(file: string): ToolResult {
    const modules = join(this.#folder, 'usr/lib/python3/dist-packages')
    return tool('env', [
      `PYTHONPATH=${modules}`,
      ...['PYTHONDONTWRITEBYTECODE=1', '/usr/bin/python3', '-m', 'cloudinit.cmd.main'],
      ...['schema', '--config-file', file],
    ])
  }
}

/** `NAME=VERSION` of cloud-init and all that it needs and this machine lacks. Nothing is installed. */
function missingPackages(): string[] {
  const simulated = () => tool('apt-get', ['install', '-s', '--no-install-recommends', 'cloud-init'])
  let { status, stdout, stderr } = simulated()
  if (status !== 0 && process.getuid?.() === 0) {
    tool('apt-get', ['update', '-q'])
    ;({ status, stdout, stderr } = simulated())
  }
  if (status !== 0) throw new Error(`apt-get does not find cloud-init:\n${stderr}`)
  return [...stdout.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
    ([, name, version]) => `${name}=${version}`,
  )
}
