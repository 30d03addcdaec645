import { EnneadError } from '../../kernel/errors.ts'

/** `name=url` words as a map. Throws BAD_OPTION for a word that is not one. */
export function subgraphUrls(words: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    words.map(word => {
      const at = word.indexOf('=')
      const url = word.slice(at + 1)
      if (at < 1 || URL.parse(url) === null) {
        throw new EnneadError(
          'BAD_OPTION',
          `--subgraph-urls: ${JSON.stringify(word)} is not of the form name=url`,
        )
      }
      return [word.slice(0, at), url]
    }),
  )
}
