/**
 * Columns side by side, two spaces apart: the first reads from the left, the others are figures and align right,
 * unless they are words.
 */
export function textTable(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  others: 'figures' | 'words' = 'figures',
): string[] {
  const all = [columns, ...rows]
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)))
  return all.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? ''
        return column === 0 || others === 'words' ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
