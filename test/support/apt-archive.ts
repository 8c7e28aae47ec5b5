import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { SigningKey } from './signing-key.ts'
import { must } from './tool.ts'

/** A package for every architecture. Files by their paths; `scripts`: maintainer scripts (deb-postinst(5) …) in shell. */
export interface TestPackage {
  readonly name: string
  readonly version: string
  readonly files?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Partial<Record<'postinst' | 'prerm' | 'postrm', string>>>
}

/** Fills a folder with a flat archive (`deb … ./`) as apt wants it: packages, their list, and the signed digest of that. */
export function writeArchive(folder: string, packages: readonly TestPackage[], key: SigningKey): void {
  mkdirSync(folder, { recursive: true })
  for (const one of packages) writePackage(folder, one)
  const list = readdirSync(folder)
    .filter((name) => name.endsWith('.deb'))
    .map((name) => {
      const path = join(folder, name)
      const control = must('dpkg-deb', ['-f', path]).trim()
      return `${control}\nFilename: ./${name}\nSize: ${statSync(path).size}\nSHA256: ${sha256(readFileSync(path))}\n`
    })
    .join('\n')
  writeFileSync(join(folder, 'Packages'), list)
  const release = `Origin: hvlab's tests\nDate: ${new Date().toUTCString().replace('GMT', 'UTC')}\nArchitectures: amd64\nSHA256:\n ${sha256(list)} ${Buffer.byteLength(list)} Packages\n`
  writeFileSync(join(folder, 'InRelease'), key.signed(release))
}

function writePackage(folder: string, { name, version, files = {}, scripts = {} }: TestPackage): void {
  const tree = mkdtempSync(join(tmpdir(), 'hvlab-deb-'))
  try {
    const put = (path: string, text: string, mode: number) => {
      mkdirSync(dirname(join(tree, path)), { recursive: true })
      writeFileSync(join(tree, path), text, { mode })
    }
    put(
      'DEBIAN/control',
      `Package: ${name}\nVersion: ${version}\nArchitecture: all\nMaintainer: nobody <nobody@invalid>\nDescription: of a test\n`,
      0o644,
    )
    for (const [script, text] of Object.entries(scripts))
      put(`DEBIAN/${script}`, `#!/bin/sh\nset -e\n${text}\n`, 0o755)
    for (const [path, text] of Object.entries(files)) put(path, text, 0o644)
    must('chmod', ['-R', 'go-w,a+rX', tree])
    must('dpkg-deb', ['--root-owner-group', '-b', tree, join(folder, `${name}_${version}_all.deb`)])
  } finally {
    rmSync(tree, { recursive: true })
  }
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
