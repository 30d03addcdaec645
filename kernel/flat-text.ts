/**
 * The same ASCII text by itself. V8 keeps what was cut out of a text together with all of that text, and what was joined from
 * pieces as its pieces, for as long as somebody has it.
 */
export function flatText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
