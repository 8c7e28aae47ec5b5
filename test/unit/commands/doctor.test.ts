import t from 'tap'
import { printDiagnosis } from '../../../src/commands/doctor.ts'
import { failureLines } from '../../../src/commands/mistakes.ts'

t.test('what a host says of itself cannot act on the terminal', async (t) => {
  const finding = {
    id: 'system',
    level: 'warning' as const,
    text: 'Debian\u001b[2J 12',
    hint: 'see\u001b]0;x\u0007 it',
  }
  t.equal(
    printDiagnosis({ host: 'hv1', findings: [finding] }, false),
    'hv1\n  warning  Debian 12\n           → see it\n',
  )
})

t.test('nor can why a question failed', async (t) => {
  const failure = {
    reason: 'module' as const,
    code: 'x',
    message: 'virsh said \u009b31mno',
    hint: 'a\u0007b',
  }
  t.equal(failureLines(failure, 'hv1'), 'error: hv1: virsh said no\n  hint: ab\n')
})
