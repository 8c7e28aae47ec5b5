import { type AptCache, aptCache } from '../../facts/apt-cache.ts'
import type { Steps } from '../../model/change.ts'
import type { ModuleContext } from '../../model/module-context.ts'
import type { Vars } from '../../model/value.ts'
import { moduleFailure } from '../failure.ts'
import { defineModule } from '../module.ts'
import { type AptGetOptions, aptGet, aptGetCommand } from './apt-get.ts'
import { type AptPart, installDeb, installPackages, removePackages } from './apt-packages.ts'
import { type AptParams, aptParams } from './apt-params.ts'

/** Ansible's `apt`, and `package` on hosts that have apt. */
export const apt = defineModule({
  name: 'apt',
  aliases: ['package'],
  doc: 'Installs, upgrades and removes packages of Debian and Ubuntu. Waits for locks, asks nothing, keeps changed configuration files.',
  params: aptParams,
  unsupported: [
    'force',
    'autoclean',
    'policy_rc_d',
    'fail_on_autoremove',
    'force_apt_get',
    'update_cache_retries',
    'update_cache_retry_max_delay',
    'use',
    // Of `package` for other systems.
    'disable_gpg_check',
    'disablerepo',
    'enablerepo',
  ],
  returns: {
    cache_updated: 'whether the package lists were fetched',
    cache_update_time: 'when they were, in seconds since 1970',
    stdout: 'what apt-get said',
    stderr: 'what apt-get complained about',
  },
  async *run(context, params) {
    const cache = await context.freshFact(aptCache)
    if (!cache.apt) {
      throw moduleFailure(
        'apt-missing',
        `${context.host} has no apt-get`,
        'the modules apt and package work on Debian and Ubuntu only',
      )
    }
    const options: AptGetOptions = {
      lockTimeoutSeconds: params.lock_timeout,
      dpkgOptions: params.dpkg_options,
    }
    const refresh = new ListRefresh(context, params, options, cache)
    const result = yield* mainPart(context, params, options, refresh)
    const tidied = yield* tidy(context, params, options)
    const changed = result.changed || tidied || (refresh.planned && isListsOnly(params))
    const data: Vars = {
      cache_updated: refresh.done,
      cache_update_time: refresh.done ? Math.floor(Date.now() / 1000) : cache.updatedAt,
      ...result.data,
    }
    return { data, changed, ...(changed ? {} : { why: result.why }) }
  },
})

async function* mainPart(
  context: ModuleContext,
  params: AptParams,
  options: AptGetOptions,
  refresh: ListRefresh,
): Steps<AptPart> {
  if (params.name !== undefined) {
    const removes = params.state === 'absent' || params.state === 'removed'
    if (removes) yield* refresh.now()
    return removes
      ? yield* removePackages(context, params, options)
      : yield* installPackages(context, params, options, () => refresh.now())
  }
  if (params.deb !== undefined)
    return yield* installDeb(context, params, options, params.deb, () => refresh.now())
  yield* refresh.now()
  if (params.upgrade !== 'no') return yield* upgrade(context, params, options)
  return {
    changed: false,
    why: refresh.wanted ? 'the package lists are fresh enough' : 'nothing was to be removed',
  }
}

function isListsOnly(params: AptParams): boolean {
  return params.name === undefined && params.deb === undefined && params.upgrade === 'no'
}

/** Fetching the package lists: at most once a task, and only when they are older than allowed. */
class ListRefresh {
  readonly wanted: boolean
  /** The lists are, or in a check run would be, fetched. */
  planned = false
  done = false
  readonly #context: ModuleContext
  readonly #options: AptGetOptions
  readonly #stale: boolean

  constructor(context: ModuleContext, params: AptParams, options: AptGetOptions, cache: AptCache) {
    this.#context = context
    this.#options = options
    this.wanted = params.update_cache ?? params.cache_valid_time > 0
    this.#stale = cache.ageSeconds === null || cache.ageSeconds >= params.cache_valid_time
  }

  async *now(): Steps<void> {
    if (!this.wanted || !this.#stale || this.planned) return
    this.planned = true
    const { applied } = yield {
      summary: 'fetch the package lists',
      action: () => aptGet(this.#context, ['update'], this.#options),
    }
    this.done = applied
  }
}

async function* upgrade(context: ModuleContext, params: AptParams, options: AptGetOptions): Steps<AptPart> {
  const words =
    params.upgrade === 'dist' || params.upgrade === 'full' ? ['dist-upgrade'] : ['upgrade', '--with-new-pkgs']
  const planned = await simulated(context, words, options)
  if (planned.length === 0)
    return { changed: false, why: 'every package is the newest that apt would install' }
  yield {
    summary: `upgrade ${count(planned)}`,
    diff: { before: '', after: `${planned.join('\n')}\n` },
    action: () => aptGet(context, words, options),
  }
  return { changed: true, why: '' }
}

async function* tidy(context: ModuleContext, params: AptParams, options: AptGetOptions): Steps<boolean> {
  let changed = false
  if (params.autoremove) {
    const words = ['autoremove', ...(params.purge ? ['--purge'] : [])]
    const planned = await simulated(context, words, options)
    if (planned.length > 0) {
      yield {
        summary: `remove ${count(planned)} that nothing needs`,
        diff: { before: `${planned.join('\n')}\n`, after: '' },
        action: () => aptGet(context, words, options),
      }
      changed = true
    }
  }
  if (params.clean) {
    yield {
      summary: 'empty the cache of downloaded packages',
      action: () => aptGet(context, ['clean'], options),
    }
  }
  return changed
}

/** What apt-get would install (`Inst`), or remove (`Remv`, `Purg`): names and versions. */
async function simulated(
  context: ModuleContext,
  words: readonly string[],
  options: AptGetOptions,
): Promise<string[]> {
  const result = await context.run(aptGetCommand(['-s', ...words], options))
  if (result.exitCode !== 0) {
    throw moduleFailure(
      'apt-failed',
      `apt-get -s ${words[0]} ended with exit code ${result.exitCode}`,
      undefined,
      result.stderr,
    )
  }
  return [...result.stdout.matchAll(/^(?:Inst|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/gm)].map(
    ([, name, old, next]) => [name, old, next].filter((part) => part !== undefined).join(' '),
  )
}

function count(packages: readonly string[]): string {
  return packages.length === 1 ? String(packages[0]?.split(' ')[0]) : `${packages.length} packages`
}
