/** A command of the command line: what it does in one line, and how it runs. Answers the exit code. */
export interface Command {
  readonly summary: string
  run(argv: readonly string[]): Promise<number>
}
