import type { Manifest } from '../../../src/images/manifest.ts'

/** The manifest of a small image that was made of packages. */
export function tinyManifest(
  { key, name }: Pick<Manifest, 'key' | 'name'>,
  files: Manifest['files'],
  builtAt: Date,
): Manifest {
  return {
    ...{ version: 1, key, name, files, builder: 'packages', built_at: builtAt.toISOString() },
    ...{ virtual_size: 1024 ** 3, kernel_version: '6.1.0', cmdline: 'quiet', login_user: 'hvlab' },
    ...{ suite: 'bookworm', mirrors: [], packages: [], tools: {}, durations: {} },
  }
}
