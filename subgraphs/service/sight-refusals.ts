import { type GraphQLFieldResolver, type GraphQLSchema, defaultFieldResolver } from 'graphql'
import { EnneadError } from '../../kernel/errors.ts'
import type { Hop } from '../../kernel/hop.ts'
import { type Sight, sightingOf } from '../../kernel/sightings/sighting.ts'

/**
 * Makes every mutation tell of what it refused its caller in its payload (`errors { code }`), asked for or not. Refusals that are errors
 * of the answer are seen by the gateway. Changes `schema`.
 */
export function sightRefusals(schema: GraphQLSchema, sight: Sight): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {}))
    field.resolve = watched(field.resolve ?? defaultFieldResolver, sight)
}

function watched(
  resolve: GraphQLFieldResolver<unknown, { readonly hop: Hop }>,
  sight: Sight,
): GraphQLFieldResolver<unknown, { readonly hop: Hop }> {
  return async (source, args, context, info) => {
    const payload: unknown = await resolve(source, args, context, info)
    const { principal, address } = context.hop
    if (isRefusal(payload)) sight(sightingOf('forbidden', principal, address))
    return payload
  }
}

function isRefusal(payload: unknown): boolean {
  const { errors }: { errors?: unknown } = Object(payload)
  return Array.isArray(errors) && errors.some(error => Object(error)['code'] === 'FORBIDDEN')
}

/** Tells of somebody who was refused as none of this deployment; a process of ours that has to say again for whom it asks is none. */
export function sightStranger(
  sight: Sight | undefined,
  failure: unknown,
  { subgraph, address }: { readonly subgraph: string; readonly address: string | undefined },
): void {
  if (failure instanceof EnneadError && failure.code === 'PRINCIPAL_UNKNOWN') return
  sight?.({ kind: 'hopRefused', subgraph, address })
}
