import { indonesianFindings } from './indonesian-findings.ts'
import { indonesianSetting } from './indonesian-setting.ts'
import type { Catalogue } from './language.ts'

/**
 * The report in Indonesian, the language of the course that the lab comes from. Terms that its textbooks leave in English
 * (overhead, host, guest, thread, trial as `percobaan`) stay so.
 */
export const indonesian: Catalogue = {
  // With a comma from three items on: Ejaan yang Disempurnakan V.
  and: { two: ' dan ', more: ', dan ' },
  marks: { decimal: ',', thousands: '.' },
  phrases: {
    ...indonesianFindings,
    ...indonesianSetting,
    // The answer.
    'The machine was not quiet: {} of {} are of trials that failed a gate on noise.':
      'Mesin tidak tenang: {} dari {} berasal dari percobaan yang gagal pada gerbang derau.',
    'Each figure is of one block: nothing here says how far chance moved it.':
      'Setiap angka berasal dari satu blok: tidak ada yang menunjukkan seberapa jauh kebetulan menggesernya.',
    'Each figure is of {} blocks at most: too few to say how far chance moved it.':
      'Setiap angka berasal dari paling banyak {} blok: terlalu sedikit untuk menunjukkan seberapa jauh kebetulan menggesernya.',
    '{} ratio': '{} rasio',
    '{} ratios': '{} rasio',
    'No workload has a complete pair of native and guest figures.':
      'Tidak ada beban kerja dengan pasangan angka native dan guest yang lengkap.',
    'The guest {=} on {=} is {} slower at {}.': 'Guest {} di {} lebih lambat {} pada {}.',
    '{} guests on {:} are {} slower at {}.': '{} guest di {} lebih lambat {} pada {}.',
    'The guest {=} on {=} reaches {} of native speed at {}.':
      'Guest {} di {} mencapai {} dari kecepatan native pada {}.',
    '{} guests on {:} reach {} of native speed at {}.':
      '{} guest di {} mencapai {} dari kecepatan native pada {}.',
    'The guest {=} on {=} is {} faster at {}.': 'Guest {} di {} lebih cepat {} pada {}.',
    '{} guests on {:} are {} faster at {}.': '{} guest di {} lebih cepat {} pada {}.',
    'No difference from native is shown at {}.': 'Tidak tampak perbedaan dari native pada {}.',
    'The guest {=} on {=} is {} slower: most at {} ({}), least at {} ({}).':
      'Guest {} di {} lebih lambat {}: paling lambat pada {} ({}), paling ringan pada {} ({}).',
    '{} guests on {:} are {} slower: most at {} ({}), least at {} ({}).':
      '{} guest di {} lebih lambat {}: paling lambat pada {} ({}), paling ringan pada {} ({}).',
    'The guest {=} on {=} is {} slower: most at {} ({}), least at {} ({}), but {} faster at {}.':
      'Guest {} di {} lebih lambat {}: paling lambat pada {} ({}), paling ringan pada {} ({}), tetapi {} lebih cepat pada {}.',
    '{} guests on {:} are {} slower: most at {} ({}), least at {} ({}), but {} faster at {}.':
      '{} guest di {} lebih lambat {}: paling lambat pada {} ({}), paling ringan pada {} ({}), tetapi {} lebih cepat pada {}.',
    'The guest {=} on {=} is {} slower at {}, but {} faster at {}.':
      'Guest {} di {} lebih lambat {} pada {}, tetapi {} lebih cepat pada {}.',
    '{} guests on {:} are {} slower at {}, but {} faster at {}.':
      '{} guest di {} lebih lambat {} pada {}, tetapi {} lebih cepat pada {}.',
    'The guest {=} on {=} reaches {} of native speed: most at {} ({}), least at {} ({}).':
      'Guest {} di {} mencapai {} dari kecepatan native: paling tinggi pada {} ({}), paling rendah pada {} ({}).',
    '{} guests on {:} reach {} of native speed: most at {} ({}), least at {} ({}).':
      '{} guest di {} mencapai {} dari kecepatan native: paling tinggi pada {} ({}), paling rendah pada {} ({}).',
    '{} at {}': '{} pada {}',
    // Workloads and metrics.
    'Computing primes': 'Penghitungan bilangan prima',
    '1 KiB memory writes': 'penulisan memori 1 KiB',
    '1 MiB memory writes': 'penulisan memori 1 MiB',
    '128 MiB memory writes': 'penulisan memori 128 MiB',
    '1 MiB memory reads': 'pembacaan memori 1 MiB',
    'Random memory writes': 'Penulisan memori acak',
    'Primes as published': 'Bilangan prima seperti yang diterbitkan',
    '1 KiB memory writes as published': 'penulisan memori 1 KiB seperti yang diterbitkan',
    'Clock readings': 'Pembacaan jam',
    'System calls': 'Panggilan sistem',
    'Trapped instructions': 'Instruksi yang ditangkap hypervisor',
    'Thread switches': 'Pergantian thread',
    Mutexes: 'Mutex',
    Integers: 'Bilangan bulat',
    'Floating-point matrices': 'Matriks titik mengambang',
    'Streams of memory': 'Aliran memori',
    'AES encryption': 'enkripsi AES',
    'SHA-256 digests': 'hash SHA-256',
    'Compiling C': 'Kompilasi C',
    'Random reads': 'Pembacaan acak',
    'Random writes': 'Penulisan acak',
    'Sequential reads': 'Pembacaan berurutan',
    'Sequential rewrites': 'Penulisan ulang berurutan',
    'First writes': 'Penulisan pertama',
    'Writes that are on disk': 'Penulisan yang sampai di disk',
    'Mixed file operations': 'Operasi berkas campuran',
    'TCP with the hypervisor': 'TCP dengan hypervisor',
    'TCP with another guest': 'TCP dengan guest lain',
    'TCP through NAT': 'TCP melalui NAT',
    'Round trip with the hypervisor': 'Pulang-pergi dengan hypervisor',
    'Round trip with another guest': 'Pulang-pergi dengan guest lain',
    'TCP with another host': 'TCP dengan host lain',
    'Round trip with another host': 'Pulang-pergi dengan host lain',
    'Round trip through NAT': 'Pulang-pergi melalui NAT',
    received: 'diterima',
    'mean round trip': 'rata-rata pulang-pergi',
    'mean latency': 'latensi rata-rata',
    bandwidth: 'bandwidth',
    events: 'kejadian',
    operations: 'operasi',
    'pairs of readings': 'pasangan pembacaan',
    passes: 'putaran',
    compilations: 'kompilasi',
    reads: 'pembacaan',
    writes: 'penulisan',
    'time of a thread': 'waktu satu thread',
    'time of one': 'waktu untuk satu',
    'time of two calls': 'waktu dua panggilan',
    '95th percentile of latency': 'persentil ke-95 latensi',
    '99th percentile of latency': 'persentil ke-99 latensi',
    '99th percentile of fdatasync': 'persentil ke-99 fdatasync',
    '{} for each CPU-second': '{} untuk setiap detik-CPU',
    // Headings and columns.
    'What virtualisation costs': 'Berapa biaya virtualisasi',
    Figures: 'Angka',
    Workload: 'Beban kerja',
    workload: 'beban kerja',
    efficiency: 'efisiensi',
    slowdown: 'perlambatan',
    Metric: 'Metrik',
    Native: 'Native',
    Guest: 'Guest',
    'In the guest': 'Di guest',
    Efficiency: 'Efisiensi',
    Overhead: 'Overhead',
    Slowdown: 'Perlambatan',
    '{} % interval': 'Selang {} %',
    '{} intervals': '{} selang',
    '{-} on {-}': '{} di {}',
    'Every metric, by the clock and for each CPU-second':
      'Semua metrik, menurut jam dan untuk setiap detik-CPU',
    'A CPU-second is one second of one CPU of the hypervisor: natively of the workload, for a guest of all threads of QEMU.':
      'Satu detik-CPU adalah satu detik dari satu CPU hypervisor: secara native milik beban kerja, untuk guest milik semua thread QEMU.',
    'Per CPU-second a figure says what the work costs; by the clock it says how long one waits.':
      'Per detik-CPU sebuah angka menunjukkan biaya pekerjaan; menurut jam, lamanya menunggu.',
    'How many times longer the guest takes than {}, on a logarithmic scale. The large dot is the median of the blocks, the bar its interval, each small dot one block. A large dot is hollow where there are too few blocks for an interval, a small one where a trial of its block failed a gate on noise.':
      'Berapa kali lebih lama guest bekerja daripada {}, pada skala logaritmik. Titik besar adalah median blok, batangnya selangnya, setiap titik kecil satu blok. Titik besar kosong bila bloknya terlalu sedikit untuk sebuah selang, titik kecil kosong bila sebuah percobaan dari bloknya gagal pada gerbang derau.',
    'Slowdown by workload.': 'Perlambatan menurut beban kerja.',
    '{-} itself': '{} sendiri',
    'its own host': 'host-nya sendiri',
    'what the figures mean': 'arti angka-angka ini',
    'against the published figures': 'dibandingkan dengan angka yang diterbitkan',
    'the machines': 'mesin-mesinnya',
    'the trials': 'percobaan',
    'Per CPU-second': 'Per detik-CPU',
    'Geometric mean': 'Rata-rata geometrik',
    'The geometric mean of these {} slowdowns is {}.':
      'Rata-rata geometrik dari {} perlambatan ini adalah {}.',
    'The geometric mean is that of the {} slowdowns of each guest.':
      'Rata-rata geometrik dihitung dari {} perlambatan setiap guest.',
    'It weighs every workload alike, which no application does: read the list.':
      'Ia memberi bobot sama pada setiap beban kerja, padahal tidak ada aplikasi yang demikian: bacalah daftarnya.',
    'Slowdown of each guest': 'Perlambatan setiap guest',
    'Host by host:': 'Per host:',
    'Every block': 'Setiap blok',
    'The same holds for {}.': 'Hal yang sama berlaku untuk {}.',
    'trials and gates on noise': 'percobaan dan gerbang derau',
    Trials: 'Percobaan',
    'Failed a gate': 'Gagal pada gerbang',
    'Taken again': 'Diulang',
    'Contaminated in the end': 'Tetap tercemar',
    Gates: 'Gerbang',
    'Gate on noise': 'Gerbang derau',
    failed: 'gagal',
    alone: 'sendirian',
    '{} guests': '{} guest',
    'How many times longer a guest takes than alone, on a logarithmic scale: the median over the rounds, its interval, and each round as a small dot.':
      'Berapa kali lebih lama sebuah guest bekerja daripada ketika sendirian, pada skala logaritmik: median atas putaran, selangnya, dan setiap putaran sebagai titik kecil.',
    'Every guest in every round': 'Setiap guest dalam setiap putaran',
    'several guests at once': 'beberapa guest sekaligus',
    'Guests at work': 'Guest yang bekerja',
    '1, and {} beside it': '1, dan {} di sampingnya',
    'Each guest: median': 'Setiap guest: median',
    'lowest–highest': 'terendah–tertinggi',
    Together: 'Bersama',
    'Against one alone': 'Dibandingkan satu sendirian',
    Fairness: 'Keadilan',
    'As long as alone': 'Waktu dibandingkan sendirian',
    'Begun within': 'Mulai dalam',
    'Alone is a round of the same block in which one guest works; guests take turns. Where there was none it is the guest in the benchmark above. Each guest is held against itself alone, also for what they do together and for fairness, which is Jain’s index: 1 is all slowed down alike. Guests wait for each other before each round; the last column says how far apart their workloads began, by their own clocks, to 0.02 s.':
      'Sendirian berarti putaran dari blok yang sama yang di dalamnya hanya satu guest bekerja; para guest bergiliran. Bila putaran itu tidak ada, yang dimaksud adalah guest dalam benchmark di atas. Setiap guest dibandingkan dengan dirinya sendiri saat sendirian, juga untuk hasil bersama dan keadilan, yaitu indeks Jain: 1 berarti semua melambat sama. Sebelum setiap putaran guest saling menunggu; kolom terakhir menunjukkan selisih waktu mulai beban kerjanya menurut jam guest sendiri, sampai 0,02 s.',
    'at an unknown time': 'pada waktu yang tidak diketahui',
    'Why they differ': 'Mengapa berbeda',
    Method: 'Metode',
    'Measure again': 'Mengukur lagi',
    'as many threads as the guest has vCPUs': 'thread sebanyak vCPU guest',
    'Each trial ran one of these, with {=}:':
      'Setiap percobaan menjalankan salah satu perintah ini, dengan {}:',
    '# the same order of trials: -e benchmark_seed={=}, or seed: {=} of the module benchmark':
      '# urutan percobaan yang sama: -e benchmark_seed={}, atau seed: {} pada modul benchmark',
    What: 'Apa',
    Value: 'Nilai',
    Pipeline: 'Pipeline',
    Inventory: 'Inventaris',
    Hosts: 'Host',
    Image: 'Image',
    Seeds: 'Seed',
    'hvlab report {=}   # these files again from the journal':
      'hvlab report {}   # berkas ini lagi dari jurnal',
    'Nothing in the record bends these figures.': 'Tidak ada catatan yang membiaskan angka-angka ini.',
    'Caution.': 'Perhatian.',
    'The lab that hvlab automates was published with two figures from a guest and “96–99 % overhead”.':
      'Lab yang diotomatiskan hvlab diterbitkan dengan dua angka dari sebuah guest dan “overhead 96–99 %”.',
    'Here they stand beside what this run measured.':
      'Di sini keduanya berdampingan dengan hasil pengukuran ini.',
    Published: 'Diterbitkan',
    'Overhead as published': 'Overhead yang diterbitkan',
    'Overhead here': 'Overhead di sini',
    'Slowdown here': 'Perlambatan di sini',
    "Every trial on {=} in order, as a share of its subject's median.":
      'Setiap percobaan di {} menurut urutan, sebagai bagian dari median subjeknya.',
    'Every trial in the order in which it ran (below), as a share of the median of its own subject: {}, {}. Dots that are {} failed a gate on noise.':
      'Setiap percobaan menurut urutan pelaksanaannya (di bawah), sebagai bagian dari median subjeknya sendiri: {}, {}. Titik yang {} gagal pada gerbang derau.',
    native: 'native',
    guest: 'guest',
    hollow: 'kosong',
    'trial {}': 'percobaan {}',
    'All {} trials': 'Semua {} percobaan',
    Trial: 'Percobaan',
    Block: 'Blok',
    Subject: 'Subjek',
    Result: 'Hasil',
    'CPU-seconds': 'Detik-CPU',
    Clock: 'Jam',
    'Its drift': 'Penyimpangannya',
    'CPU pressure': 'Tekanan CPU',
    Flags: 'Tanda',
    'warm-up': 'pemanasan',
    '{}, attempt {}': '{}, upaya ke-{}',
    'not known': 'tidak diketahui',
    'Run {=} of {=}, started {=}, hvlab {=}.': 'Run {} dari {}, dimulai {}, hvlab {}.',
    'Run {=} · measured with hvlab {=} · the same in {} and {}':
      'Run {} · diukur dengan hvlab {} · sama dengan {} dan {}',
    // The machines.
    System: 'Sistem',
    Kernel: 'Kernel',
    CPUs: 'Jumlah CPU',
    '{}, used: {=}': '{}, dipakai: {}',
    Topology: 'Topologi',
    Microcode: 'Mikrokode',
    Frequency: 'Frekuensi',
    Memory: 'Memori',
    'governor {=}, {=}, boost on': 'governor {}, {}, boost aktif',
    'governor {=}, {=}, boost off': 'governor {}, {}, boost nonaktif',
    'Huge pages': 'Huge page',
    Mitigations: 'Mitigasi',
    'Kernel command line': 'Baris perintah kernel',
    'Runs in': 'Berjalan di dalam',
    '{} inside {}': '{} di dalam {}',
    'QEMU, libvirt': 'QEMU, libvirt',
    'the guest’s memory is backed by huge pages': 'memori guest memakai huge page',
    'bare metal': 'perangkat keras langsung',
    Accelerator: 'Akselerator',
    'TCG: {:}': 'TCG: {}',
    'KVM: {:}': 'KVM: {}',
    'accelerator: {=} was asked for': 'accelerator: {} yang diminta',
    'QEMU is not installed': 'QEMU tidak terpasang',
    'no kernel was booted under KVM': 'tidak ada kernel yang dicoba dengan KVM',
    'a Linux kernel booted under KVM in {}': 'sebuah kernel Linux boot dengan KVM dalam {}',
    'there is no /dev/kvm although the CPU has VT-x or AMD-V: the module kvm_intel or kvm_amd is not loaded':
      'tidak ada /dev/kvm walaupun CPU memiliki VT-x atau AMD-V: modul kvm_intel atau kvm_amd belum dimuat',
    'there is no /dev/kvm, and the CPU shows neither VT-x nor AMD-V: off in the firmware, or not passed on by the hypervisor below':
      'tidak ada /dev/kvm, dan CPU tidak menunjukkan VT-x maupun AMD-V: dimatikan di firmware, atau tidak diteruskan oleh hypervisor di bawahnya',
    'this user': 'pengguna ini',
    '/dev/kvm may not be opened by {:}, who is not in the group kvm':
      '/dev/kvm tidak boleh dibuka oleh {}, yang bukan anggota grup kvm',
    'KVM does not work: QEMU ended (exit code {=}) before a kernel ran under it: “{=}”':
      'KVM tidak berfungsi: QEMU berakhir (kode keluar {}) sebelum ada kernel yang berjalan: “{}”',
    'KVM does not work: QEMU ended (exit code {=}) before a kernel ran under it':
      'KVM tidak berfungsi: QEMU berakhir (kode keluar {}) sebelum ada kernel yang berjalan',
    '/dev/kvm opens but KVM does not work: a Linux kernel printed nothing in {}':
      '/dev/kvm dapat dibuka tetapi KVM tidak berfungsi: sebuah kernel Linux tidak mencetak apa pun dalam {}',
    'KVM does not work: a Linux kernel started under it and stopped after “{=}”':
      'KVM tidak berfungsi: sebuah kernel Linux mulai berjalan dan berhenti setelah “{}”',
    'Virtual machine': 'Mesin virtual',
    Disks: 'Disk',
    'Network cards': 'Kartu jaringan',
    Pinning: 'Penempatan CPU',
    none: 'tidak ada',
    Boot: 'Boot',
    'Start to login': 'Dari penyalaan sampai login',
    'Clock source': 'Sumber jam',
    '{=} (also {=})': '{} (juga {})',
    Tool: 'Program',
    'Tool: {=}': 'Program: {}',
    '{} trial': '{} percobaan',
    '{} trials': '{} percobaan',
    '{} block': '{} blok',
    '{} blocks': '{} blok',
    '{} complete block': '{} blok lengkap',
    '{} complete blocks': '{} blok lengkap',
    'CPUs {}': 'CPU {}',
    '{} sockets': '{} socket',
    '{} cores': '{} core',
    '{} NUMA node': '{} node NUMA',
    '{} NUMA nodes': '{} node NUMA',
    '{} × {} × {}, {}, L3 {=}': '{} × {} × {}, {}, L3 {}',
    'on for {=}; open: {=}': 'aktif untuk {}; belum dimitigasi: {}',
    'on for {=}': 'aktif untuk {}',
    'open: {=}': 'belum dimitigasi: {}',
    '{=}, {=}, {} vCPUs, {}': '{}, {}, {} vCPU, {}',
    '{} CPUs': '{} CPU',
    '{} vCPUs': '{} vCPU',
    '{} threads': '{} thread',
    '{} hosts': '{} host',
    // Why the published figures differ.
    'The published {} events/s are one thread at work ({} × {} = {} s a second) under TCG inside VirtualBox. {}. No native figure was measured there, so its overhead had no denominator; here the same command ran natively on the same machine, which gives {}, or {} overhead in the published way of counting.':
      'Angka {} events/s yang diterbitkan adalah satu thread yang bekerja ({} × {} = {} s per detik) dengan TCG di dalam VirtualBox. {}. Tidak ada angka native yang diukur di sana, jadi overhead-nya tidak memiliki pembagi; di sini perintah yang sama berjalan secara native pada mesin yang sama, hasilnya {}, atau overhead {} menurut cara hitung yang diterbitkan.',
    '{} slower': 'lebih lambat {}',
    '{-} computes {} as many': '{} menghitung {} sebanyak itu',
    '{-} computes {} of that': '{} menghitung {} dari itu',
    "The published {} are {} writes of 1 KiB a second: {} each, two readings of the clock included; in {=} it is {}. That guest's clock source was not published, so clock and memory cannot be told apart in the figure. And percentages hide the rest: 96 % overhead is 25 × slower and 99 % is 100 ×. This run has {}.":
      'Angka {} yang diterbitkan adalah {} penulisan 1 KiB per detik: masing-masing {}, termasuk dua pembacaan jam; di {} diperlukan {}. Sumber jam guest itu tidak diterbitkan, jadi jam dan memori tidak dapat dibedakan dalam angka itu. Persentase menyembunyikan sisanya: overhead 96 % berarti 25 × lebih lambat dan 99 % berarti 100 ×. Pengukuran ini menghasilkan {}.',
    // Method.
    'The same command ran natively and in the guest ({}). Natively it was confined with taskset to as many CPUs as the guest has vCPUs ({}) and to its memory, {} ({=}), and the guests were suspended meanwhile.':
      'Perintah yang sama berjalan secara native dan di guest ({}). Secara native ia dibatasi dengan taskset pada CPU sebanyak vCPU guest ({}) dan pada memorinya, {} ({}), sementara guest ditangguhkan.',
    'The same command ran natively and in the guest ({}). Natively it was confined with taskset to as many CPUs as the guest has vCPUs ({}), and the guests were suspended meanwhile.':
      'Perintah yang sama berjalan secara native dan di guest ({}). Secara native ia dibatasi dengan taskset pada CPU sebanyak vCPU guest ({}), sementara guest ditangguhkan.',
    "{} of {} in {}, after a warm-up that counts for nothing. Every block holds each workload on each subject once, in an order drawn anew (seed {=}), so that a change of the machine's mood meets both sides.":
      '{} selama {} dalam {}, setelah pemanasan yang tidak dihitung. Setiap blok memuat setiap beban kerja pada setiap subjek satu kali, dengan urutan yang diundi lagi (seed {}), sehingga perubahan keadaan mesin mengenai kedua pihak.',
    '{} to {}': '{} sampai {}',
    'A workload ended when the interval of its slowdown was no wider than ± {}, at most after {} or {}.':
      'Sebuah beban kerja berakhir ketika selang perlambatannya tidak lebih lebar dari ± {}, paling lambat setelah {} atau {}.',
    'A workload ended when the interval of its slowdown was no wider than ± {}, at most after {}.':
      'Sebuah beban kerja berakhir ketika selang perlambatannya tidak lebih lebar dari ± {}, paling lambat setelah {}.',
    'Each block gives one ratio; the slowdown is their median on a log scale, {}. Efficiency is 1 ÷ slowdown. Factors of layers multiply; percentages of overhead do not add up.':
      'Setiap blok memberi satu rasio; perlambatan adalah mediannya pada skala logaritmik, {}. Efisiensi adalah 1 ÷ perlambatan. Faktor lapisan dikalikan; persentase overhead tidak dapat dijumlahkan.',
    'its {} interval comes from the order of the blocks (interpolated order statistics), which assumes no distribution':
      'selang {}-nya berasal dari urutan blok (statistik urutan yang diinterpolasi), tanpa asumsi distribusi',
    'its {} interval comes from the order of the blocks (interpolated order statistics, computed at {} because the blocks decided over their number), which assumes no distribution':
      'selang {}-nya berasal dari urutan blok (statistik urutan yang diinterpolasi, dihitung pada {} karena blok menentukan jumlahnya sendiri), tanpa asumsi distribusi',
    'its interval is the range of the blocks where there are fewer than six: {} hold the true median with {} certainty':
      'selangnya adalah rentang blok bila ada kurang dari enam: {} memuat median sebenarnya dengan kepastian {}',
    '{} time': '{} kali',
    '{} times': '{} kali',
    "Around every trial the kernel's counters were read, in the guest and on its hypervisor: pressure (PSI), steal, throttling, frequency, context switches, CPU-seconds, the clock and its drift. A trial that fails a gate (pressure above {}, other work above {} of a CPU, steal above {}, drift certainly above {}, throttling) is taken again, {} in all at most, and both are recorded. The gates never look at the result.":
      'Sebelum dan sesudah setiap percobaan, penghitung kernel dibaca, di guest dan di hypervisor-nya: tekanan (PSI), steal, pembatasan, frekuensi, pergantian konteks, detik-CPU, jam dan penyimpangannya. Percobaan yang gagal pada sebuah gerbang (tekanan di atas {}, pekerjaan lain di atas {} sebuah CPU, steal di atas {}, penyimpangan yang pasti di atas {}, pembatasan) diulang, paling banyak {} seluruhnya, dan keduanya dicatat. Gerbang tidak pernah melihat hasilnya.',
    'Output that does not add up is refused: events ÷ time against the rate, operations × block size against the bandwidth, time in events against threads × time, and the length that was asked for.':
      'Keluaran yang tidak konsisten ditolak: kejadian ÷ waktu terhadap laju, operasi × ukuran blok terhadap bandwidth, waktu dalam kejadian terhadap thread × waktu, dan lama yang diminta.',
  },
}
