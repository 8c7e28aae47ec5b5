import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import type { Diagnostic } from '../config/diagnostic.ts'
import { FailureError } from '../model/failure.ts'
import { canonicalJson } from '../util/json.ts'
import { err, ok, type Result } from '../util/result.ts'
import { unreachable } from '../util/unreachable.ts'
import { parseAutoinstall } from './autoinstall/check.ts'
import { renderInstallerSeed } from './autoinstall/installer-seed.ts'
import type { CloudImageFile } from './file/cloud.ts'
import type { PackagesImageFile } from './file/packages.ts'
import type { PackerImageFile } from './file/packer.ts'
import { type ImageFile, parseImageFile } from './image-file.ts'
import { imageFolder } from './image-folder.ts'
import { layerScript } from './layer/guest-script.ts'
import { layerContent } from './layer/layer-content.ts'
import { layerTemplate } from './layer/layer-template.ts'

/** Counted up whenever the builder makes something else of the same inputs: older images in stores are then not hit. */
export const recipeVersion = 3

/** An image as its folder describes it. Nothing is built yet. */
export interface Image<File extends ImageFile = ImageFile> {
  readonly name: string
  /** Absolute path of `images/<name>`. */
  readonly folder: string
  readonly file: File
  /** SHA-256 of everything that decides what is built; the name of its folder in every store. */
  readonly key: string
}
export type PackagesImage = Image<PackagesImageFile>
export type PackerImage = Image<PackerImageFile>
export type CloudImage = Image<CloudImageFile>

export function isPackagesImage(image: Image): image is PackagesImage {
  return image.file.builder === 'packages'
}

export function isPackerImage(image: Image): image is PackerImage {
  return image.file.builder === 'packer'
}

export function isCloudImage(image: Image): image is CloudImage {
  return image.file.builder === 'cloud'
}

/**
 * What an installer installs before the packages of image.yml are put above it: an image of its own in every store,
 * whole and clean. Undefined where there are no packages: the installation is the image then.
 */
export function baseOf(image: PackerImage): PackerImage | undefined {
  if (image.file.packages.length === 0) return undefined
  const file = { ...image.file, packages: [] }
  return { ...image, name: `${image.name}-base`, file, key: imageKey(file, image.folder) }
}

/** Reads `images/<name>/image.yml` and digests what it refers to. */
export function readImage(name: string, path: string): Result<Image, Diagnostic[]> {
  const parsed = parseImageFile(readFileSync(path, 'utf8'), path)
  if (!parsed.ok) return parsed
  const folder = dirname(path)
  const missing = partsOf(parsed.value).filter(
    (entry) => lstatSync(join(folder, entry), { throwIfNoEntry: false }) === undefined,
  )
  if (missing.length > 0) {
    return err(
      missing.map((entry) => ({
        severity: 'error' as const,
        code: 'invalid-image-file',
        message: `${path} names ${entry}, which does not exist in ${folder}`,
      })),
    )
  }
  const { value: file } = parsed
  if (file.builder === 'packer') {
    const userData = join(folder, file.user_data)
    const told = parseAutoinstall(readFileSync(userData, 'utf8'), userData, file)
    if (!told.ok) return told
  }
  return ok({ name, folder, file, key: imageKey(file, folder) })
}

/** Throws where a word can be no folder of `images/`. */
export function checkImageName(name: string): void {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(name)) return
  throw invalid({
    severity: 'error',
    code: 'invalid-image-name',
    message: `${name} is not the name of an image`,
    hint: 'Names have lower-case letters, digits, `.`, `_` and `-`.',
  })
}

/** Finds and reads an image for a module, in `images/` of the folders given. Throws a FailureError of kind config. */
export function resolveImage(name: string, searchPath: readonly string[]): Image {
  checkImageName(name)
  const image = readImage(name, join(imageFolder(name, searchPath), 'image.yml'))
  if (image.ok) return image.value
  const [first, ...others] = image.error
  if (first === undefined) throw new Error('a failed image file has a diagnostic')
  throw invalid(first, others)
}

function invalid(first: Diagnostic, others: readonly Diagnostic[] = []): FailureError {
  return new FailureError({
    reason: 'config',
    code: first.code,
    message: first.message,
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    ...(first.location === undefined ? {} : { location: first.location }),
    ...(others.length === 0 ? {} : { details: others.map(oneLine).join('\n') }),
  })
}

/** Files and folders beside image.yml that it refers to. */
function partsOf(file: ImageFile): string[] {
  return namedParts(file).filter((part) => part !== undefined)
}

function namedParts(file: ImageFile): (string | undefined)[] {
  switch (file.builder) {
    case 'packages':
      return [file.files, file.customize]
    case 'packer':
      return [file.template, file.user_data, ...(file.packages.length === 0 ? [] : [file.layer.template])]
    case 'cloud':
      return [file.layer.template]
    default:
      return unreachable(file)
  }
}

function oneLine({ message, location, hint }: Diagnostic): string {
  const place = location === undefined ? '' : `${location.file}:${location.line}:${location.column}: `
  return `${place}${message}${hint === undefined ? '' : ` (${hint})`}`
}

/**
 * The key leaves out what does not change the image's content: the description, which mirrors the packages or the ISO
 * come from, how fast the building machine is. Where packages change upstream the key stays the same; `rebuild`
 * fetches them, and the manifest tells versions.
 */
export function imageKey(file: ImageFile, folder: string): string {
  return sha256(canonicalJson({ recipe: recipeVersion, ...inputsOf(file, folder) }))
}

function inputsOf(file: ImageFile, folder: string): object {
  switch (file.builder) {
    case 'packages':
      return packagesInputs(file, folder)
    case 'packer':
      return file.packages.length === 0
        ? installationInputs(file, folder)
        : layerInputs(file, folder, imageKey({ ...file, packages: [] }, folder))
    case 'cloud':
      return layerInputs(file, folder, file.source.sha256)
    default:
      return unreachable(file)
  }
}

function packagesInputs(file: PackagesImageFile, folder: string): object {
  const {
    description: _text,
    sources,
    snapshot_mirror: _past,
    keyring: _keyring,
    files,
    customize,
    ...rest
  } = file
  return {
    ...rest,
    suites: Object.keys(sources).sort(),
    files: files === undefined ? [] : digestTree(join(folder, files)),
    customize: customize === undefined ? null : sha256(readFileSync(join(folder, customize))),
  }
}

/** A layer is decided by what is below it and by the whole program that makes it. */
function layerInputs(file: PackerImageFile | CloudImageFile, folder: string, base: string): object {
  const { builder, architecture, disk, boot, login } = file
  return {
    ...{ base, builder, architecture, disk, boot, login },
    template: sha256(readFileSync(layerTemplate(file, folder))),
    script: sha256(layerScript(layerContent(file), { nonce: '' })),
  }
}

function installationInputs(file: PackerImageFile, folder: string): object {
  const { description: _text, source, template, user_data: _told, installer, layer: _layer, ...rest } = file
  return {
    ...rest,
    iso: source.sha256,
    template: sha256(readFileSync(join(folder, template))),
    // All that the installer is told, hvlab's own commands included; what differs in every build is left empty.
    told: sha256(renderInstallerSeed({ file, folder }, { nonce: '', webhookUrl: '' }).userData),
    installer: [installer.kernel, installer.initrd, installer.kernel_arguments, installer.firmware ?? 'bios'],
  }
}

/** Every file below a folder: path, what it is, and its digest or target. Modes count only as executable or not, as in Git. */
function digestTree(root: string): string[][] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .sort()
    .flatMap((name) => {
      const path = join(root, name)
      const status = lstatSync(path)
      const shown = relative(root, path)
      if (status.isDirectory()) return []
      if (status.isSymbolicLink()) return [[shown, 'link', readlinkSync(path)]]
      const kind = (status.mode & 0o100) === 0 ? 'file' : 'executable'
      return [[shown, kind, sha256(readFileSync(path))]]
    })
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
