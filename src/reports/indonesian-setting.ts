/** What a setting of a guest costs, in Indonesian; see indonesian.ts. */
export const indonesianSetting: Readonly<Record<string, string>> = {
  'CPUs and memory of the host': 'CPU dan memori host',
  reference: 'acuan',
  'How many times longer a guest takes than the reference in the same block, on a logarithmic scale: the median of the blocks, its interval, and each block as a small dot.':
    'Berapa kali lebih lama sebuah guest bekerja daripada acuan dalam blok yang sama, pada skala logaritmik: median blok, selangnya, dan setiap blok sebagai titik kecil.',
  'As long as the reference': 'Waktu dibandingkan acuan',
  vCPUs: 'vCPU',
  'on any CPU': 'pada CPU mana pun',
  'on {-}': 'pada {}',
  'on {-}, {-}': 'pada {}, {}',
  'huge pages that were set aside': 'huge page yang disisihkan',
  'transparent huge pages': 'transparent huge page',
  'pages of 4 KiB': 'halaman 4 KiB',
  'pages of an unknown size': 'halaman yang ukurannya tidak diketahui',
  '{}, node {-}': '{}, node {}',
  'transparent: {=}, the guest’s memory is backed by huge pages':
    'transparent: {}, memori guest memakai huge page',
  'Why it was left out': 'Mengapa tidak diukur',
  'These guests differ in nothing but the CPUs and the memory of the host that they have. The reference is {=}: its vCPUs run on any CPU, its memory is in {}.':
    'Guest-guest ini hanya berbeda dalam CPU dan memori host yang mereka dapat. Acuannya adalah {}: vCPU-nya berjalan pada CPU mana pun, memorinya berupa {}.',
  'Caches of a disk': 'Cache sebuah disk',
  Cache: 'Cache',
  'These guests differ in nothing but the cache mode of their disk. The reference is {=}: {=}.':
    'Guest-guest ini hanya berbeda dalam mode cache disknya. Acuannya adalah {}: {}.',
  'Clocks of a guest': 'Jam sebuah guest',
  'These guests differ in nothing but the clock that their kernel reads. The reference is {=}: {=}.':
    'Guest-guest ini hanya berbeda dalam jam yang dibaca kernelnya. Acuannya adalah {}: {}.',
  'Beside {=}, which has other CPUs or memory of the host and differs in nothing else on record, {=} takes {}.':
    'Dibandingkan {}, yang memakai CPU atau memori host lainnya dan menurut catatan tidak berbeda dalam hal lain, {} memerlukan {}.',
  'Beside {=}, whose disk has another cache and which differs in nothing else on record, {=} takes {}.':
    'Dibandingkan {}, yang disknya memakai cache lain dan menurut catatan tidak berbeda dalam hal lain, {} memerlukan {}.',
  'Beside {=}, which reads another clock and differs in nothing else on record, {=} takes {}.':
    'Dibandingkan {}, yang membaca jam lain dan menurut catatan tidak berbeda dalam hal lain, {} memerlukan {}.',
  '{} as long at {} ({})': '{} waktunya pada {} ({})',
  '{} of {} between guests that differ in one setting do not hold 1; if no setting cost anything, chance would make it about {}.':
    '{} dari {} antara guest yang berbeda dalam satu pengaturan tidak memuat 1; seandainya tidak ada pengaturan yang berbiaya, kebetulan saja akan menghasilkan sekitar {}.',
  'A disk of {=} has the cache unsafe: QEMU drops every flush, so what the guest takes for written may be lost with the host.':
    'Sebuah disk {} memakai cache unsafe: QEMU membuang setiap flush, jadi apa yang dianggap guest sudah tertulis dapat hilang bersama host.',
  // Why a host cannot have one: src/lab/placement-cells.ts.
  'lscpu shows none of its CPUs': 'lscpu tidak menampilkan CPU-nya',
  'no NUMA node has more cores than {}, and the guest has {} vCPUs':
    'tidak ada node NUMA dengan lebih dari {} core, dan guest memiliki {} vCPU',
  'one vCPU needs no second thread of a core': 'satu vCPU tidak memerlukan thread kedua dari sebuah core',
  'no two of its CPUs share a core': 'tidak ada dua CPU-nya yang berbagi core',
  'no NUMA node has more CPUs that share cores than {}, and the guest has {} vCPUs':
    'tidak ada node NUMA dengan lebih dari {} CPU yang berbagi core, dan guest memiliki {} vCPU',
  'it has one NUMA node': 'hanya ada satu node NUMA',
  'no NUMA node but {-} has {-} MiB free': 'tidak ada node NUMA selain {} dengan {} MiB bebas',
  'NUMA node {-} has {-} MiB free, and the guest needs {-}':
    'node NUMA {} punya {} MiB bebas, dan guest memerlukan {}',
  'NUMA node {-} has {-} MiB left, and the guest needs {-}':
    'node NUMA {} tersisa {} MiB, dan guest memerlukan {}',
  'its kernel makes huge pages of shared memory, too (shmem_enabled is {-})':
    'kernelnya membuat huge page juga dari memori bersama (shmem_enabled bernilai {})',
  'its kernel has no transparent huge pages': 'kernelnya tidak punya transparent huge page',
  'its transparent huge pages are switched off': 'transparent huge page-nya dimatikan',
  'it has set aside too few huge pages of 2 MiB: {-} are left, and the guest needs {-}':
    'huge page 2 MiB yang disisihkan terlalu sedikit: tersisa {}, dan guest memerlukan {}',
  'it has set aside too few huge pages of 2 MiB: {-} are left on NUMA node {-}, and the guest needs {-}':
    'huge page 2 MiB yang disisihkan terlalu sedikit: tersisa {} di node NUMA {}, dan guest memerlukan {}',
}
