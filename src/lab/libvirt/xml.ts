import { XMLBuilder, XMLParser } from 'fast-xml-parser'

/**
 * One element: attributes under `@name`, text under `#text`, child elements under their names in document order.
 * Everything read is text; nothing is converted.
 */
export type XmlElement = { readonly [name: string]: XmlContent | undefined }
export type XmlContent = string | XmlElement | readonly (string | XmlElement)[]

const shared = { ignoreAttributes: false, attributeNamePrefix: '@', textNodeName: '#text' } as const

const parser = new XMLParser({
  ...shared,
  parseTagValue: false,
  parseAttributeValue: false,
  alwaysCreateTextNode: true,
  trimValues: true,
  // And with them numbers of characters: libvirt writes all that is not ASCII so.
  htmlEntities: true,
})

const builder = new XMLBuilder({ ...shared, format: true, indentBy: '  ', suppressEmptyNode: true })

/** The root element of a document by its name; undefined when the text is not such a document. */
export function parseXml(text: string, root: string): XmlElement | undefined {
  try {
    const document: XmlElement = parser.parse(text)
    return child(document, root)
  } catch {
    // The parser throws plain Errors for malformed text. What a host printed is not ours to repair.
    return undefined
  }
}

/** A document as text, two spaces a level. Values are escaped. */
export function buildXml(document: XmlElement): string {
  return builder.build(document)
}

/** Every child element of that name. */
export function children(element: XmlElement | undefined, name: string): XmlElement[] {
  const found = element?.[name]
  if (found === undefined) return []
  const list: readonly (string | XmlElement)[] = Array.isArray(found) ? found : [found]
  return list.map((item) => (typeof item === 'string' ? { '#text': item } : item))
}

/** The first child element along a path of names. */
export function child(element: XmlElement | undefined, ...path: string[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((parent, name) => children(parent, name)[0], element)
}

/** Text of the child element along a path; empty when it has none or does not exist. */
export function textOf(element: XmlElement | undefined, ...path: string[]): string {
  const text = child(element, ...path)?.['#text']
  return typeof text === 'string' ? text : ''
}

export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  const value = element?.[`@${name}`]
  return typeof value === 'string' ? value : undefined
}
