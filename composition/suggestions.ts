import { suggestionList } from '@apollo/federation-internals'
import { mentionedSubgraphs } from './locations.ts'
import type { ParsedSubgraph } from './parsed-subgraph.ts'

const suggestionsMax = 3

const federationDirectives: readonly string[] = (
  'key requires provides external shareable override inaccessible tag extends composeDirective interfaceObject ' +
  'authenticated requiresScopes policy context fromContext cost listSize cacheTag link deprecated specifiedBy'
)
  .split(' ')
  .map(name => `@${name}`)

/** A form of message about a name that is not there, and where the right name may be found. */
interface Search {
  /** Group 1 is the name, group 2 what it belongs to. */
  readonly pattern: RegExp
  readonly candidates: (
    owner: string,
    here: readonly ParsedSubgraph[],
    all: readonly ParsedSubgraph[],
  ) => readonly string[]
}

const searches: readonly Search[] = [
  {
    pattern: /Cannot query field "(\w+)" on type "(\w+)"/,
    candidates: (owner, here) => here.flatMap(subgraph => subgraph.index.members(owner)),
  },
  {
    pattern: /Unknown type "?(\w+)"?/,
    candidates: (_owner, here, all) => [...here, ...all].flatMap(subgraph => subgraph.index.types()),
  },
  {
    pattern: /Type "(\w+)" is an extension type, but there is no type definition/,
    candidates: (_owner, _here, all) => all.flatMap(subgraph => subgraph.index.types()),
  },
  {
    pattern: /Unknown directive "(@\w+)"/,
    candidates: (_owner, here) => [
      ...federationDirectives,
      ...here.flatMap(subgraph => subgraph.index.directives()),
    ],
  },
  {
    pattern: /Field "(?:\w+)\.(\w+)" is marked @external on all the subgraphs in which it is listed/,
    candidates: (owner, _here, all) => all.flatMap(subgraph => subgraph.index.members(owner)),
  },
]

/**
 * What composition says, apart from the "Did you mean" it adds to some messages; and the names that may have been meant:
 * those, or what the schemas have when the message is about a name that is not there.
 */
export function splitSuggestions(
  message: string,
  all: readonly ParsedSubgraph[],
): { readonly message: string; readonly suggestions: readonly string[] } {
  const own = / Did you mean (?:directive )?((?:"[^"]+"(?:, or |, | or )?)+)\?(?! If so)/.exec(message)
  if (own !== null) {
    const names = [...(own[1] ?? '').matchAll(/"([^"]+)"/g)].map(match => match[1] ?? '')
    return { message: message.replace(own[0], '').trimEnd(), suggestions: names.slice(0, suggestionsMax) }
  }
  // These say it themselves, in a sentence that cannot be taken apart.
  if (/Did you mean|If you meant/.test(message)) return { message, suggestions: [] }
  const here = mentionedSubgraphs(message, all)
  for (const { pattern, candidates } of searches) {
    const match = pattern.exec(message)
    if (match === null) continue
    const wanted = match[1] ?? ''
    const names = new Set(candidates(match[2] ?? ownerOf(message, wanted), here, all))
    names.delete(wanted)
    return { message, suggestions: suggestionList(wanted, [...names]).slice(0, suggestionsMax) }
  }
  return { message, suggestions: [] }
}

function ownerOf(message: string, member: string): string {
  return new RegExp(String.raw`"(\w+)\.${member.replace('@', '')}"`).exec(message)?.[1] ?? ''
}
