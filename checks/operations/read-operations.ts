import { glob, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EnneadError } from '../../kernel/errors.ts'
import { isManifest, operationsOfManifest } from './manifest.ts'
import { OperationCollection } from './operation-collection.ts'
import type { ReadOperations } from './operation-collection.ts'
import { readOperationLog } from './operation-log.ts'

/** More than any application has; a pattern that matches more is a mistake. */
const filesMax = 20_000
/** Bytes of all files together; a log that is larger has more than one reading can hold. */
const bytesMax = 512 * 1024 * 1024
const documentFile = /\.(?:graphql|gql|graphqls)$/

/**
 * Reads operations from files: each of `sources` is a folder (all its .graphql and .gql files), a glob, a .graphql file, a
 * manifest of persisted documents (Apollo's, or a map from ids to texts), or an operation log, with its rotated files. Throws OPERATIONS_UNREADABLE for a source that is not there or is none of these.
 */
export async function readOperations(sources: readonly string[]): Promise<ReadOperations> {
  const collection = new OperationCollection()
  let bytes = 0
  for (const source of sources) {
    for (const file of await filesOf(source)) {
      bytes += await sizeOf(file)
      if (bytes > bytesMax)
        throw unreadable(
          `--operations: with ${file} there are more than ${bytesMax} bytes to read; leave out old files of the log, or name fewer`,
        )
      await readFileInto(collection, file)
    }
  }
  return collection.result()
}

async function filesOf(source: string): Promise<readonly string[]> {
  const kind = await stat(source).catch(() => undefined)
  if (kind?.isFile() === true) return [...(await rotatedFiles(source)), source]
  const pattern = kind?.isDirectory() === true ? join(source, '**/*.{graphql,gql}') : source
  const files: string[] = []
  for await (const file of glob(pattern, { exclude: name => name === 'node_modules' })) {
    files.push(file)
    if (files.length > filesMax)
      throw unreadable(`--operations ${source} matches more than ${filesMax} files; name a smaller folder`)
  }
  if (files.length > 0) return files.sort()
  const what = kind?.isDirectory() === true ? 'has no .graphql or .gql file in it' : 'matches no file'
  throw unreadable(`--operations ${source} ${what}`)
}

/** `operations.jsonl` → `operations.jsonl.3`, `.2`, `.1`, as far as they are there. */
async function rotatedFiles(file: string): Promise<readonly string[]> {
  const files: string[] = []
  for (let number = 1; number < filesMax; number++) {
    const rotated = `${file}.${number}`
    if ((await stat(rotated).catch(() => undefined)) === undefined) break
    files.unshift(rotated)
  }
  return files
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((cause: unknown) => {
    throw unreadable(`--operations: cannot read ${file}`, cause)
  })
  // What is no file, such as a pipe or a device, has no size that could be known before.
  if (!found.isFile()) throw unreadable(`--operations: ${file} is no file`)
  return found.size
}

async function readFileInto(collection: OperationCollection, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(`--operations: cannot read ${file}`, cause)
  })
  if (documentFile.test(file)) return collection.addDocument({ text, file })
  const start = text.trimStart()
  if (start === '') return undefined
  if (start.startsWith('{"entry":')) return readOperationLog(collection, text, file)
  const content = parsed(start)
  if (isManifest(content)) return operationsOfManifest(collection, content, text, file)
  throw unreadable(
    `${file} has no operations that can be read; use .graphql files, a persisted-documents manifest (.json), or an operation log (docs/check.md)`,
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(message: string, cause?: unknown): EnneadError {
  return new EnneadError('OPERATIONS_UNREADABLE', message, { cause })
}
