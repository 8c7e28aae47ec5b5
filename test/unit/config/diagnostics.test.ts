import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { loadInventory } from '../../../src/config/inventory.ts'
import { printDiagnostics } from '../../../src/config/print-diagnostics.ts'
import { compilePipeline } from '../../../src/plan/compile.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { testModules } from '../../support/test-modules.ts'
import { readTextCases, updateTextCases } from '../../support/text-cases.ts'

const hosts = 'web:\n  hosts:\n    web1:\n    web2:\ndb:\n  hosts:\n    db1:\nempty:\n'

for (const name of ['yaml', 'pipelines', 'tasks', 'inventories']) {
  const file = join(packageRoot, 'test/cases/config', `${name}.txt`)
  void t.test(name, async (t) => {
    const results = new Map<string, string>()
    for (const { title, sections, expect } of readTextCases(file)) {
      const folder = t.testdir({})
      const hasInventory = [...sections.keys()].some((path) => path.startsWith('inventory/'))
      const files = hasInventory ? sections : new Map([...sections, ['inventory/hosts.yml', hosts]])
      for (const [path, text] of files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      }
      const found = sections.has('pipelines/p.yml') ? await ofPipeline(folder) : ofInventory(folder)
      results.set(title, found.replaceAll(folder, 'LAB').replaceAll(packageRoot, 'HVLAB').trimEnd())
      if (process.env['UPDATE_CASES'] === undefined) t.equal(results.get(title), expect, title)
    }
    if (process.env['UPDATE_CASES'] !== undefined) updateTextCases(file, results)
    t.ok(results.size > 0, 'there are cases')
  })
}

async function ofPipeline(folder: string): Promise<string> {
  const options = { labDirectory: folder, pipeline: { name: 'p' }, inventory: [], modules: testModules }
  const compiled = await compilePipeline(options)
  const diagnostics = compiled.ok ? compiled.value.warnings : compiled.error
  return printDiagnostics(diagnostics, { color: false, cwd: folder })
}

function ofInventory(folder: string): string {
  const loaded = loadInventory(['inventory'], { cwd: folder })
  return printDiagnostics(loaded.ok ? loaded.value.warnings : loaded.error, { color: false, cwd: folder })
}
