import type { Resolvers } from '../../service/create-subgraph-service.ts'
import { dateTimeScalar } from '../../service/date-time.ts'
import type { FeedPage } from '../change-feed.ts'
import { ChangeStream } from '../change-stream.ts'
import { type DbContext, requireService } from './context.ts'
import { mutationResolvers } from './mutation.ts'
import { queryResolvers } from './query.ts'
import { commentResolvers, taskResolvers } from './task.ts'
import { actorResolvers, labelResolvers, projectResolvers, workspaceResolvers } from './workspace.ts'

/** Resolvers of schema/db.graphql: they translate, and call the domain. */
export const dbResolvers: Resolvers = {
  DateTime: dateTimeScalar,
  Query: queryResolvers,
  Mutation: mutationResolvers,
  Subscription: {
    changeLog: {
      subscribe: (_: unknown, { after }: { after?: string | null }, { hop, domain }: DbContext) => {
        requireService(hop)
        return new ChangeStream(domain.changes, after ?? undefined)
      },
      resolve: (page: FeedPage) => page,
    },
  },
  Actor: actorResolvers,
  Workspace: workspaceResolvers,
  Project: projectResolvers,
  Task: taskResolvers,
  Label: labelResolvers,
  Comment: commentResolvers,
}
