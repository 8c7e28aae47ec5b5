import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { load } from 'js-yaml'
import t from 'tap'
import { type Asked, type ParserName, parsers } from '../../../src/bench/parsers/parser.ts'
import { packageRoot } from '../../../src/util/package-root.ts'

/*
 * Every output that a parser reads, damaged in ways that happen: cut off, mixed with other lines, written in another locale or with other
 * ends of lines, numbers that are none. A parser refuses it or reads the same figures, and no figure is negative or no number.
 */

const folder = join(packageRoot, 'test/cases/bench')

interface Case {
  readonly file: string
  readonly parser: ParserName
  readonly asked: Asked
  readonly metrics?: Record<string, number>
}

type Metrics = Readonly<Record<string, number>>

const cases = (load(readFileSync(join(folder, 'outputs.yml'), 'utf8')) as Case[]).filter(
  ({ metrics }) => metrics !== undefined,
)

for (const { file, parser, asked } of cases) {
  const text = readFileSync(join(folder, file), 'utf8')
  const figures = (damaged: string): Metrics | undefined => {
    const result = parsers[parser](damaged, asked)
    return result.ok ? result.value.metrics : undefined
  }
  const whole = figures(text) ?? {}
  const lines = text.split('\n')
  /** What fails, shortly: thousands of assertions that hold say nothing. */
  const misread = (damaged: Iterable<readonly [where: string, text: string]>): string[] =>
    [...damaged].flatMap(([where, one]) => {
      const read = figures(one) ?? {}
      const other = Object.entries(read).filter(([name, value]) => value !== whole[name])
      return other.map(([name, value]) => `${where}: ${name} ${whole[name]} → ${value}`)
    })
  // A prime for long ones, so that cuts fall everywhere in lines.
  const step = text.length > 4000 ? 13 : 1
  const places = Array.from({ length: Math.ceil(text.length / step) }, (_, index) => index * step)

  t.test(`${parser} of ${file}`, async (t) => {
    t.strictSame(misread(places.map((at) => [`cut at ${at}`, text.slice(0, at)])), [], 'its end is cut off')
    t.strictSame(misread(places.map((at) => [`from ${at}`, text.slice(at)])), [], 'its beginning is missing')
    t.strictSame(figures(text.replaceAll('\n', '\r\n')), whole, 'lines end with CR and LF')
    const commas = text.replaceAll(/(\d)\.(\d)/g, '$1,$2')
    t.strictSame(misread([['commas', commas]]), [], 'decimal commas')
    const others = ['WARNING: 3.5 of 4 clocks differ', 'Connection to 192.0.2.7 closed.', '{', '}', '']
    t.strictSame(
      misread(
        lines.flatMap((_, index) =>
          others.map((other) => [
            `"${other}" before line ${index + 1}`,
            [...lines.slice(0, index), other, ...lines.slice(index)].join('\n'),
          ]),
        ),
      ),
      [],
      'a line of another program between its lines',
    )
    const strange = ['nan', '-nan', 'inf', '-inf', '-1.5', '-0.01', '1e400', '', '1e5', '0x10']
    const numbers = [...text.matchAll(/\d+(?:\.\d+)?/g)].filter((_, index) => index % step === 0)
    const impossible = numbers.flatMap(({ 0: number, index }) =>
      strange.flatMap((other) => {
        const read = figures(text.slice(0, index) + other + text.slice(index + number.length)) ?? {}
        const bad = Object.entries(read).filter(([, value]) => !Number.isFinite(value) || value < 0)
        return bad.map(([name, value]) => `${number} → ${other} at ${index}: ${name} is ${value}`)
      }),
    )
    t.strictSame(impossible, [], 'numbers that are none')
  })
}
