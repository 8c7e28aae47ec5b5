/** Terminal control: CSI and OSC sequences, other escapes, then control characters but tab and newline. */
const escapes =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** The last lines of a guest's serial console as plain text; lines that a carriage return overwrote count as lines. */
export function serialTail(log: string, lines = 40): string[] {
  return log
    .replace(/\r+\n?/g, '\n')
    .replace(escapes, '')
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .slice(-lines)
}
