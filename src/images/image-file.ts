import { z } from 'zod'
import type { Diagnostic } from '../config/diagnostic.ts'
import type { YamlDocument } from '../config/yaml.ts'
import { parseYaml } from '../config/yaml.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import { err, ok, type Result } from '../util/result.ts'
import { type CloudImageFile, cloudImageSchema } from './file/cloud.ts'
import { type PackagesImageFile, packagesImageSchema } from './file/packages.ts'
import { type PackerImageFile, packerImageSchema } from './file/packer.ts'
import { isSnapd } from './file/parts.ts'

const schemas = { packages: packagesImageSchema, packer: packerImageSchema, cloud: cloudImageSchema } as const

/** `images/<name>/image.yml`: what its keys are depends on `builder`. */
export const imageFileSchema = z.discriminatedUnion('builder', [
  schemas.packages,
  schemas.packer,
  schemas.cloud,
])
export type ImageFile = z.output<typeof imageFileSchema>

const builderSchema = z.looseObject({ builder: z.enum(['packages', 'packer', 'cloud']) })

/** Reads the text of an image.yml. All mistakes at once, each at its place. */
export function parseImageFile(text: string, file: string): Result<ImageFile, Diagnostic[]> {
  const document = parseYaml(text, file)
  if (!document.ok) return document
  const words = { subject: 'the image' }
  const { value: kind, diagnostics } = checkAt(builderSchema, document.value.value, document.value, [], words)
  if (kind === undefined) return err(diagnostics)
  const checked = checkAt<z.ZodType<ImageFile>>(
    schemas[kind.builder],
    document.value.value,
    document.value,
    [],
    words,
  )
  const image = checked.value
  if (image === undefined) return err(checked.diagnostics)
  const mistakes =
    image.builder === 'packages'
      ? suiteWithoutMirror(image, document.value)
      : unwantedSnapd(image, document.value)
  return mistakes.length > 0 ? err(mistakes) : ok(image)
}

function suiteWithoutMirror(image: PackagesImageFile, document: YamlDocument): Diagnostic[] {
  if (image.suite in image.sources) return []
  return [
    {
      severity: 'error',
      code: 'invalid-image-file',
      message: `suite ${image.suite} has no entry in sources`,
      location: document.locate(['suite'], 'value'),
      hint: `add to sources a line such as \`${image.suite}: http://deb.debian.org/debian\``,
    },
  ]
}

/** The clean-up would take away what the list asks for. */
function unwantedSnapd(
  { packages, keep_snapd }: PackerImageFile | CloudImageFile,
  document: YamlDocument,
): Diagnostic[] {
  const index = packages.findIndex(isSnapd)
  if (keep_snapd || index < 0) return []
  return [
    {
      severity: 'error',
      code: 'invalid-image-file',
      message: 'packages has snapd, which is removed from the image without "keep_snapd: true"',
      location: document.locate(['packages', index], 'value'),
      hint: 'set keep_snapd: true, or take snapd out of packages',
    },
  ]
}
