const tab = '  '
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u
const combining = /\p{M}|\p{Cf}/u
// What a terminal would obey instead of show: escape sequences, carriage returns, and marks that reorder text.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu

/** Text of a schema as a terminal may show it: tabs as two spaces, everything a terminal would obey as `�`. */
export function printable(text: string): string {
  return text.replaceAll('\t', tab).replaceAll(unprintable, '\ufffd')
}

/** How many cells of a terminal `text` takes once it is printable. */
export function cellsOf(text: string): number {
  let cells = 0
  for (const character of printable(text)) {
    if (wide.test(character)) cells += 2
    else if (!combining.test(character)) cells += 1
  }
  return cells
}

/** `text` in lines of at most `width` cells, broken at spaces; a longer word keeps its line. Keeps its own line breaks. */
export function wrapped(text: string, width: number | undefined): readonly string[] {
  return text.split('\n').flatMap(line => wrapLine(printable(line), width ?? Number.POSITIVE_INFINITY))
}

function wrapLine(line: string, width: number): readonly string[] {
  if (cellsOf(line) <= width) return [line]
  const first = /^ */.exec(line)?.[0] ?? ''
  // What goes on below a list item stands under its text.
  const indent = line.startsWith('- ', first.length) ? `${first}  ` : first
  const lines: string[] = []
  let current = first
  for (const word of line.trimStart().split(' ')) {
    const next = current.trim() === '' ? `${current}${word}` : `${current} ${word}`
    if (cellsOf(next) > width && current.trim() !== '') {
      lines.push(current)
      current = `${indent}${word}`
    } else current = next
  }
  return [...lines, current]
}
