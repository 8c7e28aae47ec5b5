import t from 'tap'
import { merged, parseCalibration } from '../../../src/verdicts/calibration.ts'
import { failureOf } from '../../support/failure-of.ts'

const host = {
  runs: ['1'],
  cpu: 'AMD EPYC',
  blocks: 4,
  duration_s: 3,
  metrics: 2,
  tolerances: { 'cpu.guest': 0.02 },
}
const file = { format: 'hvlab-calibration', format_version: 1, hosts: { node1: host } }

t.test('what a newer hvlab has added to calibration.json stays when a host is added', async (t) => {
  const later = { ...file, hosts: { node1: { ...host, kernel: 'Linux 7.0' } }, note: 'new' }
  const before = parseCalibration(JSON.stringify(later), 'calibration.json')
  const now = parseCalibration(JSON.stringify({ ...file, hosts: { node2: host } }), 'calibration.json')
  t.strictSame(merged(before, now), { ...later, hosts: { ...later.hosts, node2: host } })
})

t.test('a calibration with another meaning is refused, not replaced', async (t) => {
  const text = JSON.stringify({ ...file, format_version: 2 })
  t.match(await failureOf(() => parseCalibration(text, '/lab/calibration.json')), {
    code: 'calibration-newer',
    message: '/lab/calibration.json was written by a newer hvlab: its format is 2, and this hvlab knows 1.',
    hint: 'Use the newer hvlab, or move the file away and calibrate again.',
  })
  t.match(await failureOf(() => parseCalibration('{', '/lab/calibration.json')), {
    code: 'calibration-invalid',
  })
})
