// CSI and other two-byte sequences; OSC, DCS, PM, APC with their text up to the terminator.
const escapes =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u009b[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][\s\S]*?(?:\u0007|\u001b\\|\u009c|$)|\u001b[ -/]*[0-~]?/g
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/**
 * Text that cannot act on a terminal: escape sequences and control characters are gone, also those that reverse the
 * direction of text; tabs and newlines stay; `\r\n` becomes `\n`. What a host sends is shown through this.
 */
export function printable(text: string): string {
  if (!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text)) return text
  return text.replaceAll('\r\n', '\n').replace(escapes, '').replace(controls, '')
}
