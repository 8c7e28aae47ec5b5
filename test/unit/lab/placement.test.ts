import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { type HostTopology, hostTopology } from '../../../src/lab/host/host-topology.ts'
import { placementCells } from '../../../src/lab/placement-cells.ts'
import { packageRoot } from '../../../src/util/package-root.ts'
import { renderCommand } from '../../../src/util/sh.ts'

const read = (stdout: string) => hostTopology.parse({ exitCode: 0, stdout, stderr: '' })
/** CPUs and nodes as lscpu shows them on machines of this kind (recorded by util-linux for its tests); memory and pages are made up. */
const recorded = (name: string) =>
  read(readFileSync(join(packageRoot, 'test/cases/lab/topology', `${name}.txt`), 'utf8'))

/** `name: vCPUs / node / pages`, or `name: no, WHY`. */
function cells(host: HostTopology, vcpus = 2, memoryMib = 768): string[] {
  return placementCells(host, { vcpus, memoryMib }).map(({ name, why, pinning, numa, hugepages }) =>
    why === ''
      ? `${name}: ${[pinning?.vcpus.join(' ') ?? 'any', numa?.nodes ?? 'any', hugepages ?? 'default'].join(' / ')}`
      : `${name}: no, ${why}`,
  )
}

t.test('two sockets of four nodes, threads of a core far apart in number', async (t) => {
  const host = recorded('epyc-7451')
  t.equal(host.cpus.length, 96)
  t.match(host.nodes[4], { id: 4, freeHugePages: 384, distances: [32, 32, 32, 32, 10, 16, 16, 16] })
  t.strictSame(cells(host), [
    'float-4k: any / any / never',
    'float-thp: any / any / default',
    'float-2m: any / any / 2M',
    'pinned-4k: 0 1 / 0 / never',
    'pinned-thp: 0 1 / 0 / default',
    'pinned-2m: 0 1 / 0 / 2M',
    'siblings-4k: 0 48 / 0 / never',
    'siblings-thp: 0 48 / 0 / default',
    'siblings-2m: no, it has set aside too few huge pages of 2 MiB: 16 are left on NUMA node 0, and the guest needs 384',
    'cross-numa-4k: 0 1 / 4 / never',
    'cross-numa-thp: 0 1 / 4 / default',
    'cross-numa-2m: no, it has set aside too few huge pages of 2 MiB: 16 are left on NUMA node 4, and the guest needs 384',
  ])
  t.match(cells(host, 7), {
    3: 'pinned-4k: no, no NUMA node has more cores than 6, and the guest has 7 vCPUs',
    6: 'siblings-4k: 0 48 1 49 2 50 3 / 0 / never',
    9: 'cross-numa-4k: no, no NUMA node has more cores than 6, and the guest has 7 vCPUs',
  })
  t.match(cells(host, 13), {
    6: 'siblings-4k: no, no NUMA node has more CPUs that share cores than 12, and the guest has 13 vCPUs',
  })
  t.match(cells(host, 1), { 6: 'siblings-4k: no, one vCPU needs no second thread of a core' })
  t.match(cells(host, 2, 20_000), { 9: 'cross-numa-4k: no, no NUMA node but 0 has 20000 MiB free' })
  const half = { ...host, nodes: host.nodes.map((node) => ({ ...node, freeMib: node.id === 5 ? 900 : 100 })) }
  t.match(
    cells(half),
    {
      3: 'pinned-4k: 30 31 / 5 / never',
      4: 'pinned-thp: no, NUMA node 5 has 132 MiB left, and the guest needs 768',
      6: 'siblings-4k: no, NUMA node 5 has 132 MiB left, and the guest needs 768',
      9: 'cross-numa-4k: no, no NUMA node but 5 has 768 MiB free',
    },
    'where there is room',
  )
  const two = { ...half, nodes: half.nodes.map((node) => ({ ...node, freeMib: node.id === 0 ? 900 : 800 })) }
  t.match(cells(two, 2, 850), { 9: 'cross-numa-4k: no, no NUMA node but 0 has 850 MiB free' })
  t.match(cells(half, 2, 1000), {
    3: 'pinned-4k: no, NUMA node 0 has 100 MiB free, and the guest needs 1000',
  })
})

t.test('two cores of two threads, one node', async (t) => {
  const host = recorded('core-i5-m560')
  t.strictSame(cells(host), [
    'float-4k: no, its kernel makes huge pages of shared memory, too (shmem_enabled is advise)',
    'float-thp: any / any / default',
    'float-2m: any / any / 2M',
    'pinned-4k: no, its kernel makes huge pages of shared memory, too (shmem_enabled is advise)',
    'pinned-thp: 0 1 / any / default',
    'pinned-2m: no, it has set aside too few huge pages of 2 MiB: 116 are left, and the guest needs 384',
    'siblings-4k: no, its kernel makes huge pages of shared memory, too (shmem_enabled is advise)',
    'siblings-thp: 0 2 / any / default',
    'siblings-2m: no, it has set aside too few huge pages of 2 MiB: 116 are left, and the guest needs 384',
    'cross-numa-4k: no, it has one NUMA node',
    'cross-numa-thp: no, it has one NUMA node',
    'cross-numa-2m: no, it has one NUMA node',
  ])
  t.match(cells({ ...host, thp: 'never' }), {
    1: 'float-thp: no, its transparent huge pages are switched off',
  })
  t.match(cells({ ...host, thp: null, sharedThp: null }), {
    0: 'float-4k: any / any / never',
    1: 'float-thp: no, its kernel has no transparent huge pages',
  })
})

t.test('CPUs that may not be used are none', async (t) => {
  const text = readFileSync(join(packageRoot, 'test/cases/lab/topology/core-i5-m560.txt'), 'utf8')
  const host = read(text.replace('0-3', '1,3'))
  t.match(cells(host), {
    4: 'pinned-thp: no, no NUMA node has more cores than 1, and the guest has 2 vCPUs',
    7: 'siblings-thp: 1 3 / any / default',
  })
  t.match(cells(read(text.replace('0-3', '0-1'))), { 7: 'siblings-thp: no, no two of its CPUs share a core' })
})

t.test('a host that shows nothing, and this machine', async (t) => {
  const nothing = read('@@cpus\nlscpu: not found\n@@memory\nNode x MemFree: 1 kB\n@@huge\n/etc/passwd:5\n')
  t.strictSame(nothing, { cpus: [], nodes: [], freeHugePages: 0, thp: null, sharedThp: null })
  t.match(cells(nothing), {
    3: 'pinned-4k: no, lscpu shows none of its CPUs',
    6: 'siblings-4k: no, lscpu shows none of its CPUs',
    9: 'cross-numa-4k: no, it has one NUMA node',
  })
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', renderCommand(hostTopology.command())])
  const here = read(stdout)
  t.equal(here.cpus.length, availableParallelism())
  t.equal(new Set(here.cpus.map(({ id }) => id)).size, here.cpus.length)
})
