import { createHash } from 'node:crypto'

/**
 * Sorts a table by the column whose head is clicked, or chosen with the keyboard: by number where a cell has one (units and
 * marks between thousands aside), by text otherwise. A second time turns it round. Without it the page is the same, unsorted.
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
    const decimal = document.documentElement.lang === 'id' ? ',' : '.'
    const value = (row) => {
      const text = row.cells[column].textContent.trim()
      const number = text.replace(decimal === ',' ? /\\./g : /,/g, '').replace(',', '.').match(/^[−-]?\\d+(\\.\\d+)?/)
      return number ? Number(number[0].replace('−', '-')) : text
    }
    const rows = [...body.rows].map((row) => [value(row), row])
    rows.sort(([one], [other]) =>
      typeof one === 'number' && typeof other === 'number' ? one - other : String(one).localeCompare(String(other)))
    if (down) rows.reverse()
    body.append(...rows.map(([, row]) => row))
  }
}
`

/** For the page's Content-Security-Policy: this script runs, and no other. */
export const sortingHash = `sha256-${createHash('sha256').update(sortingScript).digest('base64')}`
