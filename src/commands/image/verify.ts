import { lookUp } from '../../images/store.ts'
import { ExitCode } from '../../model/exit-code.ts'
import type { CommandEnvironment } from '../environment.ts'
import { printData } from '../print-data.ts'
import { findStored, openThisMachine, type StoreOptions, storedImages } from './store-images.ts'

/** `hvlab image verify [NAME…]`: reads every byte. Exit code 2 when an image is not what was built. */
export async function imageVerifyCommand(
  wanted: readonly string[],
  options: StoreOptions,
  env: CommandEnvironment,
): Promise<number> {
  const { store } = options
  const entries =
    wanted.length === 0 ? storedImages(store) : wanted.map((name) => findStored(name, store, env.cwd))
  await using host = await openThisMachine(env)
  const verdicts = []
  for (const { key, manifest } of entries) {
    const entry = await lookUp(host, store, key, { full: true })
    const why = entry.state === 'damaged' ? entry.why : null
    verdicts.push({ name: manifest?.name ?? '?', key, state: entry.state, why })
  }
  const isData = printData({ store, images: verdicts }, options, env)
  if (!isData) {
    for (const { name, key, state, why } of verdicts) {
      env.stdout(`${name} ${key.slice(0, 12)}: ${state === 'whole' ? 'ok' : `${state}, ${why}`}\n`)
    }
    if (verdicts.length === 0) env.stdout(`there is no image in ${store}\n`)
  }
  const damaged = verdicts.filter(({ state }) => state !== 'whole')
  if (damaged.length === 0) return ExitCode.ok
  if (!isData) env.stderr('hint: the next `hvlab image build` or `hvlab up` builds a damaged image again\n')
  return ExitCode.taskFailed
}
