// The oldest Node.js that hvlab and its set-up run on. Only what old versions can read, because they must get to say so.
const minimum = [20, 19]

/** Ends the process, with what to do, when Node.js is too old. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return
  process.stderr.write(
    `error: hvlab needs Node.js ${minimum.join('.')} or newer; this is ${process.versions.node}.\n` +
      '  hint: Install a current release from https://nodejs.org/ or your distribution, for example version 24.\n',
  )
  process.exit(1)
}
