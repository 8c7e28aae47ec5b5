import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/util/package-root.ts'

/**
 * What `hvlab --help` and each mistyped command wait for: the modules that the command line imports before it knows the
 * command. Everything else is loaded by `await import` when it is needed.
 */
t.test('the command line starts with commander and nothing heavier', async (t) => {
  const compiled = join(packageRoot, 'dist')
  const files = new Set<string>()
  const packages = new Set<string>()
  const walk = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    // Imports of types alone are gone from compiled files; names that the compiler rewrote stand in double quotes.
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export) [^;]*?from ['"]([^'"]+)['"]/gm,
    )) {
      if (name.startsWith('.')) walk(join(dirname(file), name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  walk(join(compiled, 'src/commands/cli.js'))
  t.ok(files.has(join(compiled, 'src/commands/mistakes.js')), 'imports are followed')
  t.same([...packages], ['commander'])
  t.same(
    [...files]
      .map((file) => relative(compiled, file))
      .filter((file) => /^src\/(bench|reports|engine|modules)\//.test(file)),
    [],
  )
})
