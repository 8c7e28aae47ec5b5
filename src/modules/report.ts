import { writeReports } from '../reports/write-reports.ts'
import { defineModule } from './module.ts'
import { parameters } from './params.ts'

export const report = defineModule({
  name: 'report',
  doc: `Writes report.html, report.md and results.json from what the run has recorded, into the run's folder.
Works on the controller, whatever host the task names; once a run is enough (\`run_once: true\`).`,
  params: parameters({}),
  returns: { files: 'Absolute paths of the reports', answer: 'The result in one sentence' },
  async *run(context) {
    let files: readonly string[] = []
    let answer = ''
    const step = yield {
      summary: `write report.html, report.md and results.json in ${context.runDirectory}`,
      action: async () => {
        const written = await writeReports(context.runDirectory)
        for (const file of written.files) context.artifact(file)
        context.summary(written.summary)
        files = written.files
        answer = written.answer
      },
    }
    // A report changes no host.
    return step.applied ? { changed: false, data: { files: [...files], answer } } : { changed: false }
  },
})
