// What `import … from 'ennead'` gives: the parts that take the place of @apollo/gateway's.
export { EnneadGateway } from './ennead-gateway.ts'
export type { EnneadGatewayOptions } from './ennead-gateway.ts'
export { IntrospectAndCompose } from './introspect-and-compose.ts'
export type { IntrospectAndComposeOptions } from './introspect-and-compose.ts'
export { RemoteGraphQLDataSource } from './remote-data-source.ts'
export type { DataSourceRequest, GraphQLDataSource } from './data-source.ts'
export type { SupergraphManager, SupergraphSdlHook, SupergraphSdlHookOptions } from './supergraph-manager.ts'
