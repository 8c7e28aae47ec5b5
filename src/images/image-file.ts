import { basename } from 'node:path'
import { z } from 'zod'
import type { Diagnostic } from '../config/diagnostic.ts'
import { parseYaml } from '../config/yaml.ts'
import { err, ok, type Result } from '../util/result.ts'

const packageName = z.string().regex(/^[a-z0-9][a-z0-9.+-]*(=[^\s,]+)?$/, 'is not the name of a package')
const unitName = z.string().regex(/^[A-Za-z0-9@:_.\\-]+$/, 'is not the name of a systemd unit')
const suiteName = z.string().regex(/^[a-z0-9][a-z0-9./-]*$/, 'is not the name of a suite')
const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'is not an absolute path')
const relativePath = z
  .string()
  .refine((path) => path !== '' && !path.startsWith('/') && !path.split('/').includes('..'), {
    message: 'is not a path below the image’s folder',
  })
const mirrorUrl = z.string().regex(/^https?:\/\/[^\s"]+$/, 'is not an http or https address')

/** `images/<name>/image.yml` for `builder: packages`: a file system made of packages, booted by its kernel directly. */
export const imageFileSchema = z.strictObject({
  description: z.string().describe('One sentence about the image'),
  builder: z.literal('packages').describe('How it is made: by mmdebstrap from packages'),
  suite: suiteName.describe('The distribution’s release, e.g. bookworm'),
  architecture: z.enum(['amd64']).default('amd64').describe('Debian’s name of the CPU architecture'),
  components: z
    .array(z.string().regex(/^[a-z][a-z-]*$/))
    .min(1)
    .default(['main']),
  sources: z
    .record(suiteName, mirrorUrl)
    .describe(
      'Suites to install from, each with the mirror used when this machine’s own apt names none for it',
    ),
  keyring: absolutePath.describe('Keys that sign the suites, on the machine that builds'),
  packages: z.array(packageName).min(1).describe('What is installed, recommendations left out'),
  exclude: z
    .array(absolutePath)
    .default([])
    .describe('dpkg’s path-exclude patterns: files that are not unpacked'),
  keep: z.array(absolutePath).default([]).describe('dpkg’s path-include patterns: exceptions from exclude'),
  files: relativePath
    .optional()
    .describe('Folder whose content is copied over the file system, owned by root'),
  units: z
    .strictObject({
      enable: z.array(unitName).default([]).describe('systemd units to enable'),
      mask: z.array(unitName).default([]).describe('systemd units that must never start'),
      mask_generators: z.array(unitName).default([]).describe('systemd generators that must never run'),
    })
    .default({ enable: [], mask: [], mask_generators: [] }),
  customize: relativePath
    .optional()
    .describe('POSIX shell script, run as root once everything else is in place; $1 is the file system'),
  disk: z.strictObject({
    size_gb: z.number().int().min(1).max(2048).describe('Virtual size of the disk, GiB'),
    label: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,16}$/)
      .default('hvlab-root')
      .describe('Label of the file system'),
  }),
  boot: z.strictObject({
    kernel: absolutePath
      .default('/boot/vmlinuz-*')
      .describe('The kernel in the file system: exactly one file'),
    initrd: absolutePath.default('/boot/initrd.img-*').describe('The initrd: exactly one file'),
    cmdline: z.string().min(1).describe('The kernel’s command line'),
  }),
  login: z.strictObject({
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]*$/)
      .describe('User that a seed creates and that hvlab logs in as'),
  }),
})

export type ImageFile = z.output<typeof imageFileSchema>

/** Reads the text of an image.yml. All mistakes at once, each at its place. */
export function parseImageFile(text: string, file: string): Result<ImageFile, Diagnostic[]> {
  const document = parseYaml(text, file)
  if (!document.ok) return document
  const { value, locate } = document.value
  const checked = imageFileSchema.safeParse(value)
  if (!checked.success)
    return err(checked.error.issues.flatMap((issue) => diagnosticsOf(issue, file, locate)))
  const image = checked.data
  if (!(image.suite in image.sources)) {
    return err([
      {
        severity: 'error',
        code: 'invalid-image-file',
        message: `suite ${image.suite} has no entry in sources`,
        location: locate(['suite'], 'value'),
        hint: `Add to sources a line such as \`${image.suite}: http://deb.debian.org/debian\`.`,
      },
    ])
  }
  return ok(image)
}

type Locate = (path: (string | number)[], what?: 'key' | 'value') => Diagnostic['location'] & object

function diagnosticsOf(issue: z.core.$ZodIssue, file: string, locate: Locate): Diagnostic[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol')
  const where = path.length > 0 ? path.join('.') : basename(file)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      severity: 'error' as const,
      code: 'invalid-image-file',
      message: `unknown key ${key}${path.length > 0 ? ` in ${where}` : ''}`,
      location: locate([...path, key], 'key'),
      hint: `Known keys: ${knownKeys(path).join(', ')}.`,
    }))
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined
  return [
    {
      severity: 'error',
      code: 'invalid-image-file',
      message: missing ? `${where} is missing` : `${where}: ${issue.message}`,
      location: locate(path, 'value'),
    },
  ]
}

function knownKeys(path: readonly (string | number)[]): string[] {
  let schema: unknown = imageFileSchema
  for (const part of path) schema = shapeOf(schema)[part] ?? schema
  return Object.keys(shapeOf(schema))
}

function shapeOf(schema: unknown): Record<string, unknown> {
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema
  return inner instanceof z.ZodObject ? inner.shape : {}
}
