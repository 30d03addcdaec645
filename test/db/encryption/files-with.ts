import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The files below a folder that hold this text, by their names in it. */
export async function filesWith(folder: string, text: string): Promise<readonly string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const file of files.filter(one => one.isFile())) {
    const path = join(file.parentPath, file.name)
    if ((await readFile(path)).includes(text)) found.push(path.slice(folder.length + 1))
  }
  return found
}
