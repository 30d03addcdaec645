/** An operation that clients ask for. */
export interface HotOperation {
  readonly text: string
  readonly operationName: string | undefined
  /** How often it was asked for; older requests count less. */
  readonly uses: number
}
