import { EnneadError } from '../../kernel/errors.ts'

/** `name=url` words as a map; a name that comes several times runs in several places. Throws BAD_OPTION for other words. */
export function subgraphUrls(words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const urls = new Map<string, string[]>()
  for (const word of words) {
    const at = word.indexOf('=')
    const [name, url] = [word.slice(0, at), word.slice(at + 1)]
    if (at < 1 || URL.parse(url) === null) {
      throw new EnneadError(
        'BAD_OPTION',
        `--subgraph-urls: ${JSON.stringify(word)} is not of the form name=url`,
      )
    }
    const known = urls.get(name)
    if (known === undefined) urls.set(name, [url])
    else known.push(url)
  }
  return urls
}
