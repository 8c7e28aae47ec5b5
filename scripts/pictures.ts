// The pictures of README.md, made from a run: `npx tsx scripts/pictures.ts results/RUN [SECONDS [WORDS]]` writes docs/pictures/.
// terminal.svg: what the terminal showed SECONDS after the start (default: half-way) and what it showed at the end. Notes
// with WORDS in them are left out: what is odd about one machine puzzles readers who have another.
// report.png: the head of report.html, by a headless Chromium.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { readJournal } from '../src/engine/journal.ts'
import type { Event } from '../src/model/event.ts'
import { noteText } from '../src/renderers/messages.ts'
import { recapText } from '../src/renderers/recap.ts'
import { applyEvent, emptyView } from '../src/renderers/run-view.ts'
import { fit, painter } from '../src/renderers/style.ts'
import { stageLines } from '../src/renderers/tty-lines.ts'
import { packageRoot } from '../src/util/package-root.ts'
import { type Screen, terminalSvg } from './terminal-svg.ts'

const columns = 100
const paint = painter(true)
const [folder, seconds, oddity] = process.argv.slice(2)
if (folder === undefined) {
  console.error('usage: tsx scripts/pictures.ts RUN-FOLDER [SECONDS [WORDS]]')
  process.exit(1)
}
const pictures = join(packageRoot, 'docs/pictures')
mkdirSync(pictures, { recursive: true })
const { events } = await readJournal(resolve(folder))
writeFileSync(
  join(pictures, 'terminal.svg'),
  terminalSvg([atMoment(events, momentOf(events)), atEnd(events)], columns),
)
await photograph(join(resolve(folder), 'report.html'), join(pictures, 'report.png'))

function momentOf(all: readonly Event[]): number {
  const [start = 0, end = 0] = [all.at(0), all.at(-1)].map((event) => Date.parse(event?.time ?? ''))
  return seconds === undefined ? (start + end) / 2 : start + Number(seconds) * 1000
}

/** The picture that is drawn anew while the run goes on. */
function atMoment(all: readonly Event[], now: number): Screen {
  const view = emptyView()
  for (const event of all) if (Date.parse(event.time) <= now) applyEvent(view, event)
  const stages = [...view.stages.values()].flatMap((stage) => stageLines(view, stage, now, paint, columns))
  return { title: 'while it runs', lines: [prompt(all), heading(view.title), ...stages] }
}

/** What stays on the terminal, and the recap below it. */
function atEnd(all: readonly Event[]): Screen {
  const view = emptyView()
  for (const event of all) applyEvent(view, event)
  const stages = [...view.stages.values()].flatMap((stage) => stageLines(view, stage, 0, paint, columns))
  const notes = all
    .filter((event) => event.kind === 'note')
    .filter(({ text }) => oddity === undefined || !text.includes(oddity))
    .flatMap((note) => noteText(note, paint).split('\n'))
  const recap = view.finished === undefined ? [] : recapText(view.finished, paint).trimEnd().split('\n')
  return { title: 'at the end', lines: [...stages, '', ...notes, '', ...recap] }
}

function prompt(all: readonly Event[]): string {
  const [start] = all
  const name = start?.kind === 'run.started' ? start.runId.replace(/^\d+-\d+-/, '') : ''
  return `${paint('dim', '$')} hvlab up ${name}`
}

function heading(title: string): string {
  return fit(`${paint('bold', 'hvlab')} ${title}`, columns)
}

async function photograph(html: string, png: string): Promise<void> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  const page = await browser.newPage({ viewport: { width: 1000, height: 1180 }, colorScheme: 'light' })
  await page.goto(pathToFileURL(html).href)
  await page.screenshot({ path: png })
  await browser.close()
}
