import { type Html, html, prose } from './markup.ts'
import { commands, methodSentences, reproduction } from './method.ts'
import type { Results } from './results.ts'

export function methodSection(results: Results): Html {
  return html`<h2>Method</h2>
${methodSentences(results).map((sentence) => html`<p>${prose(sentence)}</p>`)}`
}

export function reproduceSection(results: Results): Html {
  return html`<h2>Measure again</h2>
<pre><code>${reproduction(results).join('\n')}</code></pre>
<p>Each trial ran one of these, with <code>LC_ALL=C</code>:</p>
<pre><code>${commands(results).join('\n')}</code></pre>`
}
