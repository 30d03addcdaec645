import { EnneadError } from '../../kernel/errors.ts'

/** `name=url` words as a map; a name that comes several times runs in several places. Throws BAD_OPTION for other words. */
export function subgraphUrls(
  words: readonly string[],
  flag = '--subgraph-urls',
): ReadonlyMap<string, readonly string[]> {
  const urls = new Map<string, string[]>()
  for (const word of words) {
    const at = word.indexOf('=')
    const [name, url] = [word.slice(0, at), word.slice(at + 1)]
    if (at < 1 || URL.parse(url) === null) {
      throw new EnneadError('BAD_OPTION', `${flag}: ${JSON.stringify(word)} is not of the form name=url`)
    }
    const known = urls.get(name)
    if (known === undefined) urls.set(name, [url])
    else known.push(url)
  }
  return urls
}

const protocols = new Set(['ws:', 'wss:', 'http:', 'https:'])

/** Where subscriptions of subgraphs go, by name. Throws BAD_OPTION for other words, a name that comes twice, another scheme. */
export function subscriptionUrls(words: readonly string[]): ReadonlyMap<string, string> {
  const flag = '--subscription-urls'
  const urls = new Map<string, string>()
  for (const [name, [url = '', ...more]] of subgraphUrls(words, flag)) {
    if (more.length > 0) {
      throw new EnneadError('BAD_OPTION', `${flag}: "${name}" stands twice; subscriptions go to one place`)
    }
    if (!protocols.has(new URL(url).protocol)) {
      throw new EnneadError(
        'BAD_OPTION',
        `${flag}: ${JSON.stringify(`${name}=${url}`)} must begin with ws or wss (graphql-transport-ws), http or https (Server-Sent Events)`,
      )
    }
    urls.set(name, url)
  }
  return urls
}
