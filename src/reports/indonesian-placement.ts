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
  'what the kernel gives': 'apa yang diberikan kernel',
  'huge pages': 'huge page',
  'pages of 4 KiB': 'halaman 4 KiB',
  '{}, node {-}': '{}, node {}',
  'transparent: {=}, the guest’s memory is backed by huge pages':
    'transparent: {}, memori guest memakai huge page',
  'Why it was left out': 'Mengapa tidak diukur',
  'These guests differ in nothing but the CPUs and the memory of the host that they have. The reference is {=}: its vCPUs run on any CPU, its memory is what the kernel gives.':
    'Guest-guest ini hanya berbeda dalam CPU dan memori host yang mereka dapat. Acuannya adalah {}: vCPU-nya berjalan pada CPU mana pun, memorinya apa yang diberikan kernel.',
}
