import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { Inventory } from '../model/host.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { Diagnostic } from './diagnostic.ts'
import { InventoryBuilder } from './inventory-builder.ts'
import { readIniInventory } from './inventory-ini.ts'
import { mergeInventory } from './inventory-merge.ts'
import { readYamlInventory } from './inventory-yaml.ts'
import { readYamlFile } from './vars-files.ts'
import { VarsFolders } from './vars-folders.ts'

export interface InventoryOptions {
  /** Relative sources start here. */
  readonly cwd: string
  /** Folder of the pipeline: its `group_vars/` and `host_vars/` count too. */
  readonly playDirectory?: string
}

export interface LoadedInventory {
  readonly inventory: Inventory
  readonly warnings: readonly Diagnostic[]
}

/** Files in an inventory folder that are none. Source: INVENTORY_IGNORE_EXTS of ansible-core 2.14. */
const ignored =
  /^\.|^(host_vars|group_vars|vars_plugins)$|(\.(pyc|pyo|swp|bak|rpm|md|txt|rst|orig|cfg|retry)|~)$/

/**
 * Reads inventories (`-i`): YAML or INI files, folders of them, and `a,b,` lists, merged in this order. Variables are
 * merged with Ansible's precedence and stay untemplated. `localhost` is always there; when no source names it, it is
 * in no group, not even `all`.
 */
export function loadInventory(
  sources: readonly string[],
  options: InventoryOptions,
): Result<LoadedInventory, Diagnostic[]> {
  const builder = new InventoryBuilder()
  const folders: string[] = []
  const files: string[] = []
  for (const source of sources) {
    const path = resolve(options.cwd, source)
    if (source.includes(',') && !existsSync(path)) {
      for (const name of source.split(',')) if (name.trim() !== '') builder.addHosts(name.trim(), 'ungrouped')
    } else if (!existsSync(path)) {
      builder.complain(
        'inventory-missing',
        `the inventory ${source} does not exist`,
        undefined,
        missingHint(source),
      )
    } else {
      folders.push(statSync(path).isDirectory() ? path : dirname(path))
      files.push(path)
      readSource(path, builder)
    }
  }
  const finished = builder.finish()
  const vars = new VarsFolders(folders, options.playDirectory, builder, finished.groups)
  const inventory = mergeInventory(finished, vars, files)
  if (builder.diagnostics.length > 0) return err(builder.diagnostics)
  return ok({ inventory, warnings: vars.warnings })
}

function missingHint(source: string): string {
  return source.includes('/') || extname(source) !== ''
    ? 'give a file or a folder with -i'
    : `for a host of that name write a comma after it: -i ${source},`
}

function readSource(path: string, builder: InventoryBuilder): void {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) {
      if (!ignored.test(entry)) readSource(join(path, entry), builder)
    }
    return
  }
  const location = { file: path, line: 1, column: 1 }
  if ((statSync(path).mode & 0o111) !== 0 && readFileSync(path, 'latin1').startsWith('#!')) {
    const hint = `save what it prints, as a YAML inventory: ${basename(path)} --list`
    builder.complain('inventory-executable', 'an executable inventory is not supported yet', location, hint)
    return
  }
  if (!isYaml(path)) {
    readIniInventory(readFileSync(path, 'utf8'), path, builder)
    return
  }
  const document = readYamlFile(path)
  if (document.ok) readYamlInventory(document.value, builder)
  else builder.diagnostics.push(...document.error)
}

/** By the ending; a file without one is YAML when its first line is a key, as Ansible finds by trying both. */
function isYaml(path: string): boolean {
  const extension = extname(path)
  if (['.yml', '.yaml', '.json'].includes(extension)) return true
  if (extension !== '') return false
  const first = readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => /^[^#;\s]/.test(line))
  return first !== undefined && /^(---|\{|[^\s[=]+:\s*$)/.test(first)
}
