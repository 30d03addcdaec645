/** The names of an XML document's elements in the order in which they start. Throws where it is not well-formed. */
export function wellFormed(xml: string): string {
  const names: string[] = []
  const open: string[] = []
  const attribute = String.raw`\s+[\w:-]+="(?:[^<&"]|&(?:amp|lt|gt|quot|apos|#\d+);)*"`
  const token = new RegExp(
    [
      String.raw`^<\?xml version="1\.0"[^?]*\?>`,
      String.raw`<(?<start>[\w:-]+)(?:${attribute})*\s*(?<empty>/?)>`,
      String.raw`</(?<end>[\w:-]+)\s*>`,
      '(?:[^<&]|&(?:amp|lt|gt|quot|apos|#\\d+);)+',
    ].join('|'),
    'y',
  )
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex
    const found = token.exec(xml)
    if (found === null) throw new Error(`not XML: ${xml.slice(at, at + 60)}`)
    const { start, empty, end } = found.groups ?? {}
    if (start !== undefined) {
      if (open.length === 0 && names.length > 0) throw new Error(`a second root: ${start}`)
      names.push(start)
      if (empty === '') open.push(start)
    }
    if (end !== undefined && open.pop() !== end) throw new Error(`</${end}> closes nothing`)
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join()}`)
  return names.join(' ')
}
