/**
 * How deep `{`, `[` and `(` nest in a document, found without parsing: a recursive parser overflows its stack on a few
 * thousand levels. Strings and comments are skipped; stops counting beyond `enough`.
 */
export function nestingOf(text: string, enough: number): number {
  let depth = 0
  let deepest = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case openBrace:
      case openBracket:
      case openParenthesis:
        depth++
        if (depth > deepest) deepest = depth
        if (deepest > enough) return deepest
        break
      case closeBrace:
      case closeBracket:
      case closeParenthesis:
        depth--
        break
      case hash:
        index = endOfLine(text, index)
        break
      case quote:
        index = endOfString(text, index)
        break
    }
  }
  return deepest
}

const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const openParenthesis = 0x28
const closeParenthesis = 0x29
const hash = 0x23
const quote = 0x22

function endOfLine(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 0x0a || code === 0x0d) return index
  }
  return text.length
}

/** The index of the closing quote; the end of the text when there is none, which the parser then reports. */
function endOfString(text: string, from: number): number {
  if (text.startsWith('"""', from)) {
    let end = text.indexOf('"""', from + 3)
    while (end !== -1 && text.charAt(end - 1) === '\\') end = text.indexOf('"""', end + 3)
    return end === -1 ? text.length : end + 2
  }
  for (let index = from + 1; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\\') index++
    else if (character === '"' || character === '\n' || character === '\r') return index
  }
  return text.length
}
