import type { Language } from './language.ts'
import { filled, type Html, html, prose } from './markup.ts'
import { methodSentences } from './method.ts'
import { commands, ingredients, reproduction } from './reproduction.ts'
import type { Results } from './results.ts'

export function methodSection(results: Results, { say }: Language): Html {
  return html`<h2>${say('Method')}</h2>
${methodSentences(results).map((sentence) => html`<p>${prose(say(sentence))}</p>`)}`
}

export function reproduceSection(results: Results, { say }: Language): Html {
  return html`<h2>${say('Measure again')}</h2>
<pre><code>${reproduction(results).map(say).join('\n')}</code></pre>
<div class="scroll"><table class="facts ingredients"><tbody>
${ingredients(results).map(([name, value]) => html`<tr><th scope="row">${say(name)}</th><td>${value}</td></tr>`)}
</tbody></table></div>
<p>${filled(say('Each trial ran one of these, with {}:'), html`<code>LC_ALL=C</code>`)}</p>
<pre><code>${commands(results).join('\n')}</code></pre>`
}
