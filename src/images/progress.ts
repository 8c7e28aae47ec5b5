import type { TaskProgress } from '../model/event.ts'

export type Step = Pick<TaskProgress, 'text' | 'done' | 'total' | 'unit'>

/** What mmdebstrap says when it goes on to something else (version 1.3, lines on stderr that start with `I: `). */
const phases: readonly (readonly [RegExp, string])[] = [
  [/^I: running apt-get update/, 'reading the package lists'],
  [/^I: downloading packages with apt/, 'downloading the base system'],
  [/^I: extracting archives/, 'unpacking the base system'],
  [/^I: installing essential packages/, 'setting up the base system'],
  [/^I: installing remaining packages/, 'installing packages'],
  [/^I: running --customize-hook|^I: running special hook/, 'configuring the image'],
  [/^I: cleaning/, 'cleaning up'],
  [/^I: creating tarball/, 'writing the tree'],
]

/**
 * Lines that a person may want to see while packages are installed; dpkg says several more for each package, and
 * mmdebstrap prints every hook whole.
 */
const worthShowing =
  /^(I|W|E): (?!running --|setup failed)|^(Get:\d+|Unpacking|Setting up|Processing triggers) /

export const isWorthShowing = (line: string): boolean => worthShowing.test(line)

/**
 * Reads progress out of the lines of `mmdebstrap --verbose`. Each package counts three steps (download, unpack, set
 * up) once apt has said how many there are.
 */
export function packageProgress(): (line: string) => Step | undefined {
  let phase = 'starting'
  let total = 0
  let done = 0
  return (line) => {
    const next = phases.find(([pattern]) => pattern.test(line))
    if (next !== undefined) {
      if (phase === next[1]) return undefined
      phase = next[1]
      total = 0
      done = 0
      return { text: `packages: ${phase}` }
    }
    const announced = /, (\d+) newly installed/.exec(line)
    if (announced !== null) {
      total = Number(announced[1]) * (phase === 'installing packages' ? 3 : 1)
      done = 0
      return undefined
    }
    const what = /^(?:Get:\d+ \S+ \S+ \S+|Unpacking|Setting up) ([^ :]+)/.exec(line)
    if (what === null || total === 0 || done >= total) return undefined
    done += 1
    return { text: `packages: ${phase} (${what[1] ?? ''})`, done, total, unit: 'steps' }
  }
}

/** `qemu-img convert -p` prints `    (12.34/100%)` again and again. */
export function convertProgress(line: string): Step | undefined {
  const percent = /\((\d+)(?:\.\d+)?\/100%\)/.exec(line)
  if (percent === null) return undefined
  return { text: 'convert: writing the qcow2 image', done: Number(percent[1]), total: 100, unit: 'steps' }
}
