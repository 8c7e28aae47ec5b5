/** What guests cost that have other CPUs and memory of the host, in Indonesian; see indonesian.ts. */
export const indonesianPlacement: Readonly<Record<string, string>> = {
  'CPUs and memory of the host': 'CPU dan memori host',
  reference: 'acuan',
  'How many times longer a guest takes than the reference in the same block, on a logarithmic scale: the median of the blocks, its 95 % interval, and each block as a small dot.':
    'Berapa kali lebih lama sebuah guest bekerja daripada acuan dalam blok yang sama, pada skala logaritmik: median blok, selang 95 %-nya, dan setiap blok sebagai titik kecil.',
  'As long as the reference': 'Waktu dibandingkan acuan',
  vCPUs: 'vCPU',
  'on any CPU': 'pada CPU mana pun',
  'on {-}': 'pada {}',
  'on {-}, {-}': 'pada {}, {}',
  'huge pages that were set aside': 'huge page yang disisihkan',
  'transparent huge pages': 'transparent huge page',
  'pages of 4 KiB': 'halaman 4 KiB',
  '{}, node {-}': '{}, node {}',
  'transparent: {=}, the guest’s memory is backed by huge pages':
    'transparent: {}, memori guest memakai huge page',
  'Why it was left out': 'Mengapa tidak diukur',
  'These guests differ in nothing but the CPUs and the memory of the host that they have. The reference is {=}: its vCPUs run on any CPU, its memory is in {}.':
    'Guest-guest ini hanya berbeda dalam CPU dan memori host yang mereka dapat. Acuannya adalah {}: vCPU-nya berjalan pada CPU mana pun, memorinya berupa {}.',
  // Why a host cannot have one: src/lab/placement-cells.ts.
  'lscpu shows none of its CPUs': 'lscpu tidak menampilkan CPU-nya',
  'no NUMA node has more cores than {}, and the guest has {} vCPUs':
    'tidak ada node NUMA dengan lebih dari {} inti, dan guest memiliki {} vCPU',
  'one vCPU needs no second thread of a core': 'satu vCPU tidak memerlukan thread kedua dari sebuah inti',
  'no two of its CPUs share a core': 'tidak ada dua CPU-nya yang berbagi inti',
  'no NUMA node has more CPUs that share cores than {}, and the guest has {} vCPUs':
    'tidak ada node NUMA dengan lebih dari {} CPU yang berbagi inti, dan guest memiliki {} vCPU',
  'it has one NUMA node': 'hanya ada satu node NUMA',
  'no NUMA node but {-} has {-} MiB free': 'tidak ada node NUMA selain {} dengan {} MiB bebas',
  'NUMA node {-} has {-} MiB free, and the guest needs {-}':
    'node NUMA {} punya {} MiB bebas, dan guest memerlukan {}',
  'its kernel makes huge pages of shared memory, too (shmem_enabled is {-})':
    'kernelnya membuat huge page juga dari memori bersama (shmem_enabled bernilai {})',
  'its kernel has no transparent huge pages': 'kernelnya tidak punya transparent huge page',
  'its transparent huge pages are switched off': 'transparent huge page-nya dimatikan',
  'it has set aside too few huge pages of 2 MiB: {-} are left, and the guest needs {-}':
    'huge page 2 MiB yang disisihkan terlalu sedikit: tersisa {}, dan guest memerlukan {}',
  'it has set aside too few huge pages of 2 MiB: {-} are left on NUMA node {-}, and the guest needs {-}':
    'huge page 2 MiB yang disisihkan terlalu sedikit: tersisa {} di node NUMA {}, dan guest memerlukan {}',
}
