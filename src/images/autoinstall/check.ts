import type { Diagnostic } from '../../config/diagnostic.ts'
import { parseYaml, type YamlDocument } from '../../config/yaml.ts'
import { checkAt } from '../../config/zod-diagnostics.ts'
import type { Value } from '../../model/value.ts'
import { didYouMean } from '../../util/did-you-mean.ts'
import { err, ok, type Result } from '../../util/result.ts'
import { isSnapd } from '../file/parts.ts'
import { cloudConfigKeys } from './cloud-config-keys.ts'
import { newerThan } from './newer-keys.ts'
import { type Autoinstall, autoinstallFile } from './schema.ts'
import { actionSchema, actionTypes } from './storage.ts'

/** What image.yml says beside the autoinstall data. */
interface ImageSettings {
  readonly installer: { readonly version: string }
  readonly keep_snapd: boolean
}

/**
 * Reads autoinstall data for an installer whose Subiquity is at least of the image's version. All mistakes at once: what the
 * installer would refuse after minutes, what it would ignore without a word, and what an image must not have.
 */
export function parseAutoinstall(
  text: string,
  file: string,
  { installer, keep_snapd }: ImageSettings,
): Result<Autoinstall, Diagnostic[]> {
  const yaml = parseYaml(text, file)
  if (!yaml.ok) return yaml
  const document = yaml.value
  const header = checkHeader(document)
  const { value, diagnostics } = checkAt(autoinstallFile, document.value, document, [], {
    subject: 'the autoinstall file',
  })
  if (value === undefined) return err([...header, ...diagnostics])
  const all = [
    ...header,
    ...checkActions(value.autoinstall, document),
    ...checkVersion(document, installer.version),
    ...checkForImage(value.autoinstall, document),
    ...(keep_snapd ? [] : checkSnaps(value.autoinstall, document)),
    ...checkUserData(value.autoinstall, document),
  ]
  return all.length > 0 ? err(all) : ok(value.autoinstall)
}

/** Without this very line cloud-init takes the file for something else, and the installer asks a person. */
function checkHeader(document: YamlDocument): Diagnostic[] {
  if (document.text.split(/\r?\n/, 1)[0]?.trimEnd() === '#cloud-config') return []
  return [
    {
      severity: 'error',
      code: 'invalid-autoinstall',
      message: 'the first line of the autoinstall file must be #cloud-config',
      location: { file: document.file, line: 1, column: 1 },
    },
  ]
}

/** Storage actions, each by the keys of its type. */
function checkActions(data: Autoinstall, document: YamlDocument): Diagnostic[] {
  return (data.storage?.config ?? []).flatMap((action, index) => {
    const path = ['autoinstall', 'storage', 'config', index]
    const schema = actionSchema(action.type)
    if (schema !== undefined)
      return checkAt(schema, action, document, path, { subject: `the storage action "${action.id}"` })
        .diagnostics
    const meant = didYouMean(action.type, actionTypes)
    return [
      mistake(
        document,
        [...path, 'type'],
        'value',
        `"${action.type}" is not a type of storage action`,
        meant === undefined ? `known: ${actionTypes.join(', ')}` : `did you mean "${meant}"?`,
      ),
    ]
  })
}

function checkVersion(document: YamlDocument, version: string): Diagnostic[] {
  const data = (document.value as { autoinstall: Value }).autoinstall
  return newerThan(version, data).map(({ path, key }) => {
    const word = key.value === undefined ? `"${path.at(-1)}"` : `"${path.at(-1)}: ${key.value}"`
    const name = key.list === true ? `a list as ${word}` : word
    const where = key.beside === undefined ? '' : ` beside "${key.beside}"`
    return {
      severity: 'error',
      code: 'autoinstall-key-too-new',
      message: `${name}${where} needs installer ${key.since} or newer, and this ISO may have ${version}, which does not know it`,
      location: document.locate(['autoinstall', ...path], key.value === undefined ? 'key' : 'value'),
      hint: 'remove it, or use a newer ISO and say its version in image.yml (installer: version)',
    }
  })
}

/** What the installer allows, and what would not make an image that works everywhere, unattended. */
function checkForImage(data: Autoinstall, document: YamlDocument): Diagnostic[] {
  const found: Diagnostic[] = []
  const complain = (path: string[], message: string, hint: string): void => {
    found.push(mistake(document, ['autoinstall', ...path], 'key', message, hint))
  }
  if (data.identity !== undefined)
    complain(
      ['identity'],
      'an image has no user and no password, so "identity" must go',
      'guests get their user from their seed; image.yml names it (login: user)',
    )
  if ((data['interactive-sections'] ?? []).length > 0)
    complain(
      ['interactive-sections'],
      'the installer would wait for a person at these sections',
      'remove the key',
    )
  if (data['refresh-installer']?.update === true)
    complain(
      ['refresh-installer', 'update'],
      'the installer would replace itself by whatever version is newest that day',
      'remove the key, and use a newer ISO if you need a newer installer',
    )
  if (data.shutdown === 'reboot')
    complain(['shutdown'], 'an image that has booted is not clean any more', 'write `shutdown: poweroff`')
  if (data.storage?.layout === undefined && data.storage?.config === undefined)
    complain(
      [data.storage === undefined ? 'version' : 'storage'],
      'the storage layout is missing, and the installer’s own is LVM with half of the disk unused',
      'write `storage: {layout: {name: direct}}`',
    )
  if (data.storage?.layout !== undefined && data.storage.config !== undefined)
    complain(['storage', 'config'], 'beside "layout" the installer ignores "config"', 'keep one of them')
  if (data.reporting !== undefined && Object.hasOwn(data.reporting, 'hvlab'))
    complain(['reporting', 'hvlab'], 'hvlab adds its own reporting of this name', 'use another name')
  return found
}

/** The clean-up takes snapd out, and every snap with it. */
function checkSnaps({ snaps = [], packages = [] }: Autoinstall, document: YamlDocument): Diagnostic[] {
  const snapd = packages.findIndex(isSnapd)
  const path = snaps.length > 0 ? ['snaps'] : snapd >= 0 ? ['packages', snapd] : undefined
  if (path === undefined) return []
  return [
    mistake(
      document,
      ['autoinstall', ...path],
      snaps.length > 0 ? 'key' : 'value',
      `${snaps.length > 0 ? 'snaps' : 'snapd'} would be installed and removed again at the end`,
      'set keep_snapd: true in image.yml',
    ),
  ]
}

/** cloud-init ignores keys that it does not know. A key of a newer cloud-init is fine, a misspelt one is not. */
function checkUserData(data: Autoinstall, document: YamlDocument): Diagnostic[] {
  return Object.keys(data['user-data'] ?? {})
    .filter((key) => !cloudConfigKeys.includes(key))
    .flatMap((key) => {
      const meant = didYouMean(key, cloudConfigKeys)
      if (meant === undefined) return []
      const path = ['autoinstall', 'user-data', key]
      return [
        mistake(document, path, 'key', `unknown key "${key}" in "user-data"`, `did you mean "${meant}"?`),
      ]
    })
}

function mistake(
  document: YamlDocument,
  path: (string | number)[],
  what: 'key' | 'value',
  message: string,
  hint: string,
): Diagnostic {
  return {
    severity: 'error',
    code: 'invalid-autoinstall',
    message,
    location: document.locate(path, what),
    hint,
  }
}
