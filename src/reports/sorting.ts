import { createHash } from 'node:crypto'

/**
 * Sorts a table by the column whose head is clicked, or chosen with the keyboard: by number where a cell begins with one (times
 * in seconds, marks between thousands aside), then by text. A second time turns it round. Without it the page is the same, unsorted.
 */
export const sortingScript = `
for (const head of document.querySelectorAll('table.sortable thead th')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.append(...head.childNodes)
  head.append(button)
  button.onclick = () => {
    const body = head.closest('table').tBodies[0]
    const column = head.cellIndex
    const down = head.getAttribute('aria-sort') === 'ascending'
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending')
    const thousands = document.documentElement.lang === 'id' ? /\\./g : /,/g
    const seconds = { ns: 1e-9, 'µs': 1e-6, ms: 1e-3, min: 60 }
    const key = (row) => {
      const text = row.cells[column].textContent.trim()
      const [, number, unit] = text.replace(thousands, '').replace(',', '.').match(/^([−-]?\\d+(?:\\.\\d+)?)\\s?(\\S*)/) ?? []
      return { row, text, number: number ? Number(number.replace('−', '-')) * (seconds[unit] ?? 1) : Infinity }
    }
    const rows = [...body.rows].map(key)
    rows.sort((one, other) =>
      one.number === other.number ? one.text.localeCompare(other.text, [], { numeric: true }) : one.number - other.number)
    if (down) rows.reverse()
    body.append(...rows.map(({ row }) => row))
  }
}
`

/** For the page's Content-Security-Policy: this script runs, and no other. */
export const sortingHash = `sha256-${createHash('sha256').update(sortingScript).digest('base64')}`
