/** What completing, deleting and restoring a task take. */
export interface TaskLifeInput {
  readonly id: string
  readonly expectedVersion?: number | null
}
