import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect, test } from 'vitest'

/**
 * Runs `suite` when the server is there. When it is not, the suite is skipped with a line that says how to get it; in
 * CI (`CI=true`), where servers must be there, that is a failure.
 */
export function describeWithService<T>(
  service: string,
  found: T | undefined,
  suite: (found: T) => void,
): void {
  if (found !== undefined) {
    suite(found)
    return
  }
  const how = `${service} is not installed; \`npm run services\` installs it`
  if (process.env['CI'] !== 'true') process.stdout.write(`skipped: ${how}\n`)
  test.skipIf(process.env['CI'] !== 'true')(`${service} is installed`, () => {
    expect.fail(how)
  })
}

/** The file that `name` runs, on the PATH. */
export function findCommand(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map(folder => join(folder, name)).find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
