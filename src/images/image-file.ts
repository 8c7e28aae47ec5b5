import { z } from 'zod'
import type { Diagnostic } from '../config/diagnostic.ts'
import { parseYaml } from '../config/yaml.ts'
import { checkAt } from '../config/zod-diagnostics.ts'
import { err, ok, type Result } from '../util/result.ts'

const packageName = z.string().regex(/^[a-z0-9][a-z0-9.+-]*(=[^\s,]+)?$/, 'must be the name of a package')
const unitName = z.string().regex(/^[A-Za-z0-9@:_.\\-]+$/, 'must be the name of a systemd unit')
const suiteName = z.string().regex(/^[a-z0-9][a-z0-9./-]*$/, 'must be the name of a suite')
const absolutePath = z.string().regex(/^\/[^\0\n]*$/, 'must be an absolute path')
const relativePath = z
  .string()
  .refine((path) => path !== '' && !path.startsWith('/') && !path.split('/').includes('..'), {
    message: 'must be a path below the image’s folder',
  })
const mirrorUrl = z.string().regex(/^https?:\/\/[^\s"]+$/, 'must be an http or https address')

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
  const { value: image, diagnostics } = checkAt(imageFileSchema, document.value.value, document.value, [], {
    subject: 'the image',
  })
  if (image === undefined) return err(diagnostics)
  if (image.suite in image.sources) return ok(image)
  return err([
    {
      severity: 'error',
      code: 'invalid-image-file',
      message: `suite ${image.suite} has no entry in sources`,
      location: document.value.locate(['suite'], 'value'),
      hint: `add to sources a line such as \`${image.suite}: http://deb.debian.org/debian\``,
    },
  ])
}
