import t from 'tap'
import type { Comparison } from '../../../src/bench/comparison.ts'
import { overall } from '../../../src/bench/overall.ts'

/** All that a mean looks at. */
const comparison = (guest: string, workload: string, centre: number, hypervisor = 'node'): Comparison =>
  ({ hypervisor, guest, workload: { id: workload }, slowdown: { centre } }) as Comparison

t.test('the geometric mean of a guest’s slowdowns', async (t) => {
  const rows = (comparisons: readonly Comparison[]) =>
    overall(comparisons).map(({ hypervisor, guest, comparisons: own, slowdown }) => [
      `${guest} on ${hypervisor}`,
      own.map(({ workload }) => workload.id).join(' '),
      slowdown === null ? null : Number(slowdown.toFixed(6)),
    ])
  t.strictSame(rows([]), [])
  t.strictSame(rows([comparison('a', 'cpu', 8)]), [['a on node', 'cpu', null]], 'one is no list')
  t.strictSame(rows([comparison('a', 'cpu', 2), comparison('a', 'disk', 8)]), [['a on node', 'cpu disk', 4]])
  t.strictSame(
    rows([comparison('a', 'cpu', 10), comparison('a', 'disk', 0.1)]),
    [['a on node', 'cpu disk', 1]],
    'ten times faster and ten times slower are even',
  )
  t.strictSame(
    rows([
      comparison('a', 'cpu', 2),
      comparison('a', 'disk', 8),
      comparison('a', 'network', 1000),
      comparison('a', 'cpu', 3, 'other'),
      comparison('a', 'disk', 12, 'other'),
    ]),
    [
      ['a on node', 'cpu disk', 4],
      ['a on other', 'cpu disk', 6],
    ],
    'guests are compared over what all of them did; the same name on another host is another guest',
  )
})
