/** What the record shows, in Indonesian: the sentences of src/bench/*-findings.ts. */
export const indonesianFindings: Readonly<Record<string, string>> = {
  // Findings about conditions.
  'The benchmark on {=} ended after {} of {}; only complete pairs are counted.':
    'Benchmark di {} berakhir setelah {} dari {}; hanya pasangan lengkap yang dihitung.',
  'Not compared with native in {=}: {}. No block has a figure of both sides.':
    'Tidak dibandingkan dengan native di {}: {}. Tidak ada blok yang memiliki angka dari kedua pihak.',
  'Without any trial: {=}.': 'Tanpa percobaan sama sekali: {}.',
  '{=} is itself virtual ({}): native here means on that system, and what its own layers cost is in neither figure.':
    '{} sendiri adalah mesin virtual ({}): native di sini berarti pada sistem itu, dan biaya lapisannya sendiri tidak ada dalam kedua angka.',
  "{=} could not be held to the guest's {} MiB of memory (neither systemd nor a writable control group).":
    '{} tidak dapat dibatasi pada memori guest sebesar {} MiB (tidak ada systemd maupun control group yang dapat ditulis).',
  'Only a workload that wants more than that, its files in the cache included, is compared unfairly.':
    'Hanya beban kerja yang memerlukan lebih dari itu, termasuk berkasnya di cache, dibandingkan secara tidak adil.',
  "{=} ran under TCG: QEMU translates every instruction of the guest in software, and the hardware's virtualisation takes no part. Why not KVM: {:}.":
    '{} berjalan dengan TCG: QEMU menerjemahkan setiap instruksi guest dengan perangkat lunak, dan virtualisasi perangkat keras tidak ikut serta. Mengapa bukan KVM: {}.',
  "{=} ran under TCG: QEMU translates every instruction of the guest in software, and the hardware's virtualisation takes no part.":
    '{} berjalan dengan TCG: QEMU menerjemahkan setiap instruksi guest dengan perangkat lunak, dan virtualisasi perangkat keras tidak ikut serta.',
  '{=} is {=} on {=} and {=} in {=}: versions count differently, so part of the difference may be the tool.':
    '{} versi {} di {} dan {} di {}: setiap versi menghitung secara berbeda, jadi sebagian perbedaan mungkin berasal dari program itu.',
  '{=} is not the same binary on {=} (sha256 {=}) and in {=} ({=}): another compiler can move the figures by some percent.':
    '{} bukan biner yang sama di {} (sha256 {}) dan di {} ({}): kompilator lain dapat menggeser angka beberapa persen.',
  "{=} has {} and {=} could use only {}: the guest's vCPUs share them.":
    '{} memiliki {} dan {} hanya dapat memakai {}: vCPU guest berbagi CPU itu.',
  '{=} changed its clock source during the benchmark ({}): rates before and after are not comparable.':
    '{} mengganti sumber jamnya selama benchmark ({}): laju sebelum dan sesudahnya tidak dapat dibandingkan.',
  '{}: {=} measured {} of native, and its whole {} % interval is above 100 %. Virtualisation makes nothing faster: the two sides had other conditions or did other work, or it is chance, which puts one of {} such intervals there where nothing differs.':
    '{}: {} mencapai {} dari native, dan seluruh selang {} % ada di atas 100 %. Virtualisasi tidak mempercepat apa pun: kondisi atau pekerjaan kedua pihak berbeda, atau itu kebetulan, yang menaruh satu dari {} selang seperti itu di sana bila tidak ada yang berbeda.',
  // Findings about the clock.
  "{} look {} slower in {=}, and {} only {}. The guest's clock source was not recorded, so the cause is not named here.":
    '{} tampak lebih lambat {} di {}, sedangkan {} hanya {}. Sumber jam guest tidak tercatat, jadi penyebabnya tidak disebut di sini.',
  "{} look {} slower in {=}, and {} only {}. The guest's clock source is {}, which is not an emulated device, so the clock is an unlikely cause.":
    '{} tampak lebih lambat {} di {}, sedangkan {} hanya {}. Sumber jam guest adalah {}, yang bukan perangkat emulasi, jadi jam kecil kemungkinannya menjadi penyebab.',
  '{} look {} slower in {=}, and {} only {}, which points at the clock, not the memory. The guest reads its time from {}, a device that is emulated, and {=} reads the clock {=} times around every operation. An operation takes {} in the guest and {} natively; moving its bytes accounts for {} of it, which leaves at most {} for each clock read. The workload clock measures that. Read the figure for {} as the speed of memory.':
    '{} tampak lebih lambat {} di {}, sedangkan {} hanya {}, dan itu mengarah ke jam, bukan memori. Guest membaca waktu dari {}, sebuah perangkat emulasi, dan {} membaca jam {} kali di sekitar setiap operasi. Satu operasi memerlukan {} di guest dan {} secara native; memindahkan byte-nya memerlukan {} dari waktu itu, sehingga tersisa paling banyak {} untuk setiap pembacaan jam. Beban kerja clock mengukurnya. Anggaplah angka {} sebagai kecepatan memori.',
  '{} look {} slower in {=}, and {} only {}. Reading the clock from {}, a device that is emulated, does not explain it: an operation takes {} in the guest, and with next to nothing between the readings {}.':
    '{} tampak lebih lambat {} di {}, sedangkan {} hanya {}. Pembacaan jam dari {}, sebuah perangkat emulasi, tidak menjelaskannya: satu operasi memerlukan {} di guest, dan dengan hampir tanpa apa pun di antara pembacaan {}.',
  '{} look {} slower in {=}, and most of that is the clock, not the memory. The guest reads its time from {}, a device that is emulated, and {=} reads the clock {=} times around every operation. An operation takes {} in the guest and {} natively; with next to nothing between the readings it takes {} and {}, which is {} of it in the guest.':
    '{} tampak lebih lambat {} di {}, dan sebagian besar penyebabnya adalah jam, bukan memori. Guest membaca waktu dari {}, sebuah perangkat emulasi, dan {} membaca jam {} kali di sekitar setiap operasi. Satu operasi memerlukan {} di guest dan {} secara native; dengan hampir tanpa apa pun di antara pembacaan diperlukan {} dan {}, yaitu {} dari waktu itu di guest.',
  // Findings about basic costs.
  "Reading the clock (from {=}, an emulated device; natively from {=}), with sysbench's loop around it, takes {} in {=} and {} natively: {}.":
    'Membaca jam (dari {}, sebuah perangkat emulasi; secara native dari {}), bersama putaran sysbench, memerlukan {} di {} dan {} secara native: {}.',
  "Reading the clock (from {=}; natively from {=}), with sysbench's loop around it, takes {} in {=} and {} natively: {}.":
    'Membaca jam (dari {}; secara native dari {}), bersama putaran sysbench, memerlukan {} di {} dan {} secara native: {}.',
  "Reading the clock, with sysbench's loop around it, takes {} in {=} and {} natively: {}.":
    'Membaca jam, bersama putaran sysbench, memerlukan {} di {} dan {} secara native: {}.',
  "A system call that does next to nothing takes {} in {=} and {} natively: {}. The guest's kernel answers it, without the hypervisor.":
    'Panggilan sistem yang hampir tidak mengerjakan apa pun memerlukan {} di {} dan {} secara native: {}. Kernel guest yang menjawabnya, tanpa hypervisor.',
  'The instruction CPUID takes {} in {=} and {} natively: {}.':
    'Instruksi CPUID memerlukan {} di {} dan {} secara native: {}.',
  'For it the CPU leaves the guest and KVM answers.': 'Untuk itu CPU meninggalkan guest dan KVM menjawab.',
  'No CPU is left for it here: QEMU computes the answer.':
    'Di sini tidak ada CPU yang meninggalkan guest: QEMU menghitung jawabannya.',
  '{=} is itself virtual ({}), so the native figure may be the cost of leaving that.':
    '{} sendiri adalah mesin virtual ({}), jadi angka native mungkin merupakan biaya meninggalkannya.',
  '{} faster': '{} lebih cepat',
  // Findings about boots.
  "From the kernel's first instruction to the end of its boot {=} took {}, by systemd's account of one boot.":
    'Dari instruksi pertama kernel sampai boot selesai, {} memerlukan {}, menurut catatan systemd atas satu boot.',
  '{-} took {}': '{} memerlukan {}',
  'From the start of its virtual machine to the first login over SSH {=} took {}, in one start that hvlab saw.':
    'Dari saat mesin virtualnya dinyalakan sampai login SSH pertama, {} memerlukan {}, dalam satu penyalaan yang dilihat hvlab.',
  '{=}, another system, took {}.': '{}, sistem yang lain, memerlukan {}.',
  '{} (kernel {} and userspace {})': '{} (kernel {} dan ruang pengguna {})',
  '{} (kernel {}, initrd {} and userspace {})': '{} (kernel {}, initrd {}, dan ruang pengguna {})',
  '{} (userspace {})': '{} (ruang pengguna {})',
  // Findings about layers.
  "{}, {=}: {} under KVM ({=}), {} under TCG ({=}), so emulation instead of the hardware's virtualisation is {} of it. Factors multiply.":
    '{}, {}: {} dengan KVM ({}), {} dengan TCG ({}), jadi emulasi sebagai ganti virtualisasi perangkat keras adalah {} darinya. Faktor dikalikan.',
  '{}, {=}: the layers cost {}, which multiplies to {}.':
    '{}, {}: biaya lapisannya {}, yang bila dikalikan menjadi {}.',
  'Layers multiply': 'Lapisan dikalikan',
  Machines: 'Mesin',
  'Layer by layer': 'Lapisan demi lapisan',
  'Share of each': 'Bagian masing-masing',
  Interval: 'Selang',
  'KVM {}': 'KVM {}',
  'TCG {}': 'TCG {}',
  'UNKNOWN {}': 'UNKNOWN {}',
  'Each layer is a guest against the machine that it runs on, measured there; together they are the product. A share is a layer’s part of it on a logarithmic scale. The interval is the product of the layers’ ends: it holds the whole wherever each layer’s interval holds its own.':
    'Setiap lapisan adalah sebuah guest dibandingkan mesin tempatnya berjalan, diukur di sana; bersama-sama hasilnya adalah perkalian. Bagian adalah porsi sebuah lapisan pada skala logaritmik. Selangnya adalah perkalian ujung-ujung lapisan: selang itu memuat keseluruhannya bila selang setiap lapisan memuat nilai lapisannya.',
  // Findings about several guests at once.
  'it needs two guests, and there is only {=}': 'diperlukan dua guest, dan hanya ada {}',
  '{} was not measured on {=}: {:}.': '{} tidak diukur di {}: {}.',
  '{} were not measured on {=}: {:}.': '{} tidak diukur di {}: {}.',
  'The guests {}': 'Guest {}',
  'no network namespace can be made (“{=}”)': 'network namespace tidak dapat dibuat (“{}”)',
  '{-} has no address on the network of {-}': '{} tidak punya alamat di jaringan {}',
  '{-} does not reach other networks through {-}': '{} tidak mencapai jaringan lain melalui {}',
  'it needs another hypervisor in the play, and there is only {=}':
    'diperlukan hypervisor lain dalam play, dan hanya ada {}',
  '{-} has no route to {-}': '{} tidak punya rute ke {}',
  '{-} is {-} itself': '{} adalah {} itu sendiri',
  '{-} is not reached': '{} tidak terjangkau',
  '{-} does not have the address {-} by which {-} reaches it':
    '{} tidak memiliki alamat {} yang dipakai {} untuk mencapainya',
  '{-} and the next guest are not on one network': '{} dan guest berikutnya tidak berada di satu jaringan',
  'The workload {=}': 'Beban kerja {}',
  'The guest {-}': 'Guest {}',
  'The scenario {=}': 'Skenario {}',
  'The rest of the scenario {=}': 'Sisa skenario {}',
  'The workload {=} in several guests at once': 'Beban kerja {} di beberapa guest sekaligus',
  'the other end of a network workload serves one guest':
    'ujung lain dari beban kerja jaringan melayani satu guest saja',
  'the time budget of {} was spent after {} of {}': 'anggaran waktu {} habis setelah {} dari {}',
  '{} in {} guests at once on {=}: a guest takes {} as long as alone, {} at worst.':
    '{} di {} guest sekaligus pada {}: sebuah guest memerlukan {} waktu saat sendirian, paling buruk {}.',
  'Together they do {} the work of one.': 'Bersama-sama semuanya mengerjakan {} pekerjaan satu guest.',
  '{} beside {} on {=}: a guest takes {} as long as alone, {} at worst.':
    '{} di samping {} pada {}: sebuah guest memerlukan {} waktu saat sendirian, paling buruk {}.',
  'Too few rounds for an interval.': 'Terlalu sedikit putaran untuk sebuah selang.',
  'The {} % interval is {}.': 'Selang {} % adalah {}.',
  'The {} % interval is {} and holds 1: company is not shown to change anything.':
    'Selang {} % adalah {} dan memuat 1: tidak terbukti bahwa guest lain mengubah apa pun.',
  '{} busy neighbour': '{} tetangga sibuk',
  '{} busy neighbours': '{} tetangga sibuk',
  "{} in {} guests at once on {=}: they did not get alike (Jain's index {}; 1 is alike, {} is one alone).":
    '{} di {} guest sekaligus pada {}: bagian mereka tidak sama (indeks Jain {}; 1 berarti sama, {} berarti satu saja yang mendapat).',
  '{} in {} guests at once on {=}: the last began {} s after the first, {} of a trial, in which others were alone.':
    '{} di {} guest sekaligus pada {}: yang terakhir mulai {} s setelah yang pertama, {} dari satu percobaan, dan selama itu yang lain sendirian.',
  '{} beside {} on {=}: the last began {} s after the first, {} of a trial, in which others were alone.':
    '{} di samping {} pada {}: yang terakhir mulai {} s setelah yang pertama, {} dari satu percobaan, dan selama itu yang lain sendirian.',
  '{} of {} in rounds of guests failed a gate: {}. A round is not taken again for that.':
    '{} dari {} dalam putaran guest gagal pada sebuah gerbang: {}. Putaran tidak diulang karena itu.',
  // Findings about noise.
  'Too few blocks for an interval of {=}: {}.': 'Terlalu sedikit blok untuk sebuah selang dari {}: {}.',
  "The interval of {=}'s slowdown is wider than ± {}: {}. Read it as an order of magnitude, or measure more blocks on a quieter machine.":
    'Selang perlambatan {} lebih lebar dari ± {}: {}. Bacalah sebagai orde besaran, atau ukur lebih banyak blok pada mesin yang lebih tenang.',
  '{} ({})': '{} ({})',
  '{} of {} failed a gate: {}.': '{} dari {} gagal pada sebuah gerbang: {}.',
  "{} has as many vCPUs as {=} has CPUs: QEMU's other threads and what measures share them, which alone can make tasks wait.":
    '{} memiliki vCPU sebanyak CPU {}: thread QEMU yang lain dan pengukurnya berbagi CPU itu, dan itu saja sudah bisa membuat proses menunggu.',
  "{} have as many vCPUs as {=} has CPUs: QEMU's other threads and what measures share them, which alone can make tasks wait.":
    '{} memiliki vCPU sebanyak CPU {}: thread QEMU yang lain dan pengukurnya berbagi CPU itu, dan itu saja sudah bisa membuat proses menunggu.',
  'The figures are made of clean trials only.': 'Angka-angka hanya berasal dari percobaan yang bersih.',
  'Contaminated in the end: {}; they are kept, and the intervals include what disturbed them.':
    'Tetap tercemar: {}; percobaan itu dipertahankan, dan selang mencakup gangguannya.',
  '{} was taken again.': '{} diulang.',
  '{} were taken again.': '{} diulang.',
  'tasks on {-} waited for a CPU more than {} of the time': 'proses di {} menunggu CPU lebih dari {} waktu',
  'tasks in the guest waited for a CPU more than {} of the time':
    'proses di guest menunggu CPU lebih dari {} waktu',
  'tasks on {-} waited for memory more than {} of the time':
    'proses di {} menunggu memori lebih dari {} waktu',
  'tasks in the guest waited for memory more than {} of the time':
    'proses di guest menunggu memori lebih dari {} waktu',
  'other work on {-} took more than {} of a CPU': 'pekerjaan lain di {} memakai lebih dari {} sebuah CPU',
  'other work in the guest took more than {} of a CPU':
    'pekerjaan lain di guest memakai lebih dari {} sebuah CPU',
  'the hypervisor below {-} took CPUs away for more than {} of the time':
    'hypervisor di bawah {} mengambil CPU-nya selama lebih dari {} waktu',
  'the host took CPUs away from the guest for more than {} of the time':
    'host mengambil CPU dari guest selama lebih dari {} waktu',
  'a CPU quota or heat slowed {-} down': 'kuota CPU atau panas memperlambat {}',
  'a CPU quota or heat slowed the guest down': 'kuota CPU atau panas memperlambat guest',
  'a clock ran more than {} faster or slower than the controller’s':
    'sebuah jam berjalan lebih dari {} lebih cepat atau lebih lambat daripada jam pengendali',
  "{=}'s kernel shows no CPU pressure (/proc/pressure/cpu), so nobody knows whether other work disturbed {}.":
    'Kernel {} tidak menunjukkan tekanan CPU (/proc/pressure/cpu), jadi tidak diketahui apakah pekerjaan lain mengganggu {}.',
  "The clock of {=} and the controller's disagree in {} of {}, by up to {}. In the middle of all of them it is {}, and the comparison has an error of ± {}: in those trials the clock jumped, or the lines that tell its time came late.":
    'Jam {} dan jam pengendali berbeda dalam {} dari {}, sampai {}. Di tengah semuanya perbedaannya {}, dan perbandingannya berketelitian ± {}: dalam percobaan itu jamnya melompat, atau baris yang memberitahukan waktunya datang terlambat.',
  "The clock of {=} and the controller's disagree in {} of {}, by up to {}: rates measured with it are wrong by as much.":
    'Jam {} dan jam pengendali berbeda dalam {} dari {}, sampai {}: laju yang diukur dengannya salah sebesar itu.',
  'The intervals asked for are no wider than ± {}, and {} before that: {}.':
    'Selang yang diminta tidak lebih lebar dari ± {}, dan {} sebelum itu tercapai: {}.',
  'the time budget of {} was spent': 'anggaran waktu {} habis',
  'all blocks were measured': 'semua blok sudah diukur',
  'The time budget of {} was spent after {} of {}.': 'Anggaran waktu {} habis setelah {} dari {}.',
  '± {} after {}': '± {} setelah {}',
  'no interval after {}': 'tanpa selang setelah {}',
}
