import { canaryModes } from '../gateway/hot-operations.ts'
import { choice, integer, secret, text } from '../kernel/settings.ts'

const control = text(
  'Unix socket that `ennead supergraph` talks to. Default: one for each port in a folder of this user, in the temporary folder.',
  undefined,
)

/** How a gateway comes by its supergraph; docs/supergraph.md says more. */
export const supergraphSettings = {
  supergraph: text(
    'Supergraph to serve, and to follow when it changes: a schema file, the URL of one, or a supergraph.yaml to compose.',
    undefined,
  ),
  supergraphHeader: secret(
    'Header sent to the URL of the supergraph, name: value, e.g. authorization: Bearer TOKEN.',
  ),
  supergraphPollMs: integer(
    'How often the URL of the supergraph is asked, or the servers whose schemas are composed.',
    10_000,
    100,
    86_400_000,
  ),
  canary: choice(
    'What a new supergraph must still do with the operations asked for most: plan those it allows, allow all (strict), nothing (off).',
    'plan',
    canaryModes,
  ),
  canaryOperations: integer('How many operations a new supergraph is tried with.', 100, 0, 100_000),
  control,
}

/** What `ennead supergraph` takes. */
export const supergraphCommandSettings = {
  port: integer('Port of the gateway to talk to.', 4000, 0, 65_535),
  control,
}
