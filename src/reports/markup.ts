/** HTML that is safe to insert: made by the `html` tag, whose values are escaped unless they are Html themselves. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

/** Builds HTML. Text from hosts goes through here and nowhere else. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(
    strings
      .map((literal, index) => literal + (index < values.length ? render(values[index] ?? '') : ''))
      .join(''),
  )
}

/** A sentence: figures stay on the line of their unit, and both ends of a range together (U+2060, word joiner). */
export function prose(text: string): Html {
  const joined = escapeHtml(text)
    .replace(/(\d) (?=[×%]|[µnm]?s\b|[KM]iB\b|vCPU|blocks?\b)/g, '$1\u00a0')
    .replace(/(\d)–(?=\d)/g, '$1\u2060–\u2060')
  return new Html(joined)
}

/** A sentence with `{}` for each value, in order. */
export function filled(sentence: string, ...values: readonly Html[]): Html {
  const parts = sentence.split('{}').map((part) => prose(part).text)
  return new Html(parts.map((part, index) => part + (values[index]?.text ?? '')).join(''))
}

/** Markup that is ours already: the charts' SVG, the style sheet. */
export function trusted(text: string): Html {
  return new Html(text)
}

function render(value: Part): string {
  if (value instanceof Html) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('\n')
  return escapeHtml(String(value))
}

/** For text and for attribute values in double quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
