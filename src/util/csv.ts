/**
 * One line of CSV after RFC 4180, with its end. A cell that a spreadsheet would take for a formula (it starts with
 * `=`, `+`, `-`, `@`) comes from a host's text, never from a number, and gets an apostrophe in front.
 */
export function csvLine(cells: readonly (string | number)[]): string {
  return `${cells.map(cell).join(',')}\r\n`
}

function cell(value: string | number): string {
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
