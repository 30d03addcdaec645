/** What db and api need to know of actors, whom only the auth domain knows. Wired by `cli/`. */
export interface ActorDirectory {
  /** Which of `actorIds` (users or workspaces) the members of `workspaceId` may refer to. Rejects with UNAVAILABLE. */
  known(workspaceId: string, actorIds: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>>
}
