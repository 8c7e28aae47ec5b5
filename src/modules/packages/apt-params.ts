import type { z } from 'zod'
import { bool, choice, int, list, parameters, path, text } from '../params.ts'

/** What the modules `apt` and `package` take. */
export const aptParams = parameters(
  {
    name: list()
      .optional()
      .describe('Packages: names, or name=version. A virtual package counts when a provider is installed.'),
    state: choice(['present', 'installed', 'absent', 'removed', 'latest'])
      .default('present')
      .describe('present, absent, or latest: the newest that apt would install.'),
    update_cache: bool()
      .optional()
      .describe('Fetch the package lists first. With state present only when something is missing.'),
    cache_valid_time: int()
      .default(0)
      .describe('Seconds for which fetched lists are good enough; sets update_cache.'),
    install_recommends: bool()
      .optional()
      .describe('Whether recommended packages come along. Default: what apt is set to.'),
    default_release: text().optional().describe('Release to prefer, as apt-get -t.'),
    purge: bool().default(false).describe('With absent: configuration files go too.'),
    autoremove: bool().default(false).describe('Remove packages that nothing needs any more.'),
    deb: path().optional().describe('A .deb file on the host to install.'),
    upgrade: choice(['no', 'yes', 'safe', 'full', 'dist'])
      .default('no')
      .describe('Upgrade all packages: safe adds and removes none, dist may.'),
    only_upgrade: bool().default(false).describe('Change only packages that are installed.'),
    allow_unauthenticated: bool().default(false).describe('Take packages that nobody signed.'),
    allow_downgrade: bool().default(false).describe('Allow an older version than the installed one.'),
    allow_change_held_packages: bool().default(false).describe('Change packages that are on hold.'),
    dpkg_options: list()
      .default(['force-confdef', 'force-confold'])
      .describe('Options of dpkg. The default keeps changed configuration files.'),
    lock_timeout: int().default(60).describe('Seconds to wait while another process keeps the lock.'),
    clean: bool().default(false).describe('Empty the cache of downloaded packages.'),
  },
  {
    aliases: {
      package: 'name',
      pkg: 'name',
      'update-cache': 'update_cache',
      'install-recommends': 'install_recommends',
      'default-release': 'default_release',
      allow_downgrades: 'allow_downgrade',
      'allow-downgrade': 'allow_downgrade',
      'allow-unauthenticated': 'allow_unauthenticated',
    },
    oneOf: [['name', 'deb', 'update_cache', 'cache_valid_time', 'upgrade', 'autoremove', 'clean']],
    exclusive: [['name', 'deb', 'upgrade']],
  },
)
export type AptParams = z.output<typeof aptParams>
