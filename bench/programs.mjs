import { spawn } from 'node:child_process'
import { constants } from 'node:os'

// Programs that a benchmark runs, so that an interruption ends them, and what was made is taken away before this process ends.

const running = new Set()
let interruption
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => {
    interruption ??= signal
    for (const child of running) child.kill('SIGTERM')
  })

/**
 * Standard output of a program; what went wrong is thrown. `options` are spawn's; `allowFailure` gives undefined instead, also where
 * there is no such program.
 */
export async function output(command, args, { allowFailure = false, ...options } = {}) {
  if (interruption !== undefined) throw new Error(`interrupted by ${interruption}`)
  // A process group of its own: at a terminal Ctrl-C reaches the benchmark alone, which decides.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, ...options })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'])
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text
    })
  running.add(child)
  const status = await new Promise((resolve, reject) => {
    child.once('error', (error) => (allowFailure ? resolve(undefined) : reject(error)))
    child.once('close', resolve)
  }).finally(() => running.delete(child))
  if (interruption !== undefined) throw new Error(`interrupted by ${interruption}`)
  if (status === 0) return said.stdout
  if (allowFailure) return undefined
  throw new Error(`${command} ${args.join(' ')}: exit code ${status}\n${said.stdout}${said.stderr}`)
}

/** The system's libvirt, without tables' headings; `options` as above. */
export function virsh(words, options) {
  return output('virsh', ['-q', '-c', 'qemu:///system', ...words], options)
}

/** Takes a domain away, running or not, there or not. Its disks stay. */
export async function removeDomain(name) {
  for (const words of [['destroy'], ['undefine', '--nvram']])
    await virsh([...words, name], { allowFailure: true })
}

/** Makes libvirt forget a storage pool, there or not. Its files stay. */
export async function removePool(name) {
  for (const word of ['pool-destroy', 'pool-undefine']) await virsh([word, name], { allowFailure: true })
}

/** Whether a program is there. */
export async function has(command) {
  return (await output('sh', ['-c', `command -v ${command}`], { allowFailure: true })) !== undefined
}

/** Does the work and then cleans up, also after a failure and after an interruption, which then ends this process as usual. */
export async function cleaningUp(work, cleanUp) {
  let failure
  try {
    await work()
  } catch (error) {
    failure = error
  }
  const signal = interruption
  interruption = undefined
  try {
    await cleanUp()
  } catch (error) {
    failure ??= error
    console.error('clean-up:', error.message)
  }
  if (signal !== undefined) process.exit(128 + constants.signals[signal])
  if (failure !== undefined) throw failure
}

/** Seconds that it takes; also told at once, on standard error. */
export async function seconds(name, work) {
  const started = performance.now()
  await work()
  const took = (performance.now() - started) / 1000
  console.error(`${name}: ${took.toFixed(1)} s`)
  return took
}

/** Different each round, so that no way always comes after the same one. */
export function rotated(names, round) {
  return [...names.slice(round % names.length), ...names.slice(0, round % names.length)]
}
