/** The frozen network as an ONNX file, converted once and kept. */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { convert } from './convert.ts'

/** Another conversion makes another file. */
const VERSION = 1

/** The path of the ONNX file below `folder`; several processes may ask at once. */
export async function backboneFile(folder: string): Promise<string> {
  const file = join(folder, `mobilenet-v2-140-gem-e16.${VERSION}.onnx`)
  if (existsSync(file)) return file
  const { readGraphModel } = await import('./graph-model.ts')
  await mkdir(folder, { recursive: true })
  const unfinished = `${file}.${randomUUID()}`
  await writeFile(unfinished, convert(readGraphModel()))
  await rename(unfinished, file)
  return file
}

export async function hashOfFile(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16)
}
