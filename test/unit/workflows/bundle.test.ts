import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BundleTooLargeError, bundleBudget, bundleTasks } from '../../../workflows/bundle.ts'
import { listTasks } from '../../../workflows/tasks.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

describe('bundling tasks', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'stepwell-bundle-'))
    symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  const handlerOf = async (folder: string) =>
    (await import(pathToFileURL(join(folder, 'index.mjs')).href)).handler as (event?: unknown) => Promise<unknown>

  it('takes the files that export a handler for tasks, and nothing else', () => {
    // Prepare
    write('tasks/task.ts', 'export const handler = 1')
    write('tasks/batch/two-words.ts', 'export const handler = async () => 1')
    write('tasks/batch/shared.ts', 'export const handlers = []')
    write('tasks/batch/source/deep.ts', 'export const handler = async () => 1')
    write('tasks/jobs/plain.ts', 'export async function handler() {}')

    // Act
    const tasks = listTasks(root)

    // Assess
    expect(tasks).toEqual(['batch/two-words', 'jobs/plain'])
  })

  it('gives each task a folder with one file that runs on its own, the map elsewhere', async () => {
    // Prepare
    write('sql/hello.sql', 'SELECT 1')
    write('tasks/word.ts', "export const word: string = 'well'")
    write(
      'tasks/batch/greet.ts',
      `import { readFileSync } from 'node:fs'
       import { z } from 'zod'
       import { word } from '../word.ts'
       // @ts-ignore
       import statement from '../../sql/hello.sql'
export const handler = async (event: unknown) => [word, statement, z.string().parse(event), typeof readFileSync]`,
    )

    // Act
    const bundles = await bundleTasks(root)
    const folder = bundles.folder('batch/greet')

    // Assess
    expect(readdirSync(folder)).toEqual(['index.mjs'])
    expect(readdirSync(join(bundles.maps, 'batch'))).toEqual(['greet.mjs.map'])
    expect(await (await handlerOf(folder))('x')).toEqual(['well', 'SELECT 1', 'x', 'function'])
    expect(bundles.sizes['batch/greet']).toBe(readFileSync(join(folder, 'index.mjs')).byteLength)
  })

  it('keeps the names of classes, which Retry and Catch match against', async () => {
    // Prepare
    write(
      'tasks/batch/fail.ts',
      `class OutOfWater extends Error { override name = this.constructor.name }
export const handler = async () => { throw new OutOfWater('dry') }`,
    )

    // Act
    const bundles = await bundleTasks(root)

    // Assess
    await expect((await handlerOf(bundles.folder('batch/fail')))()).rejects.toMatchObject({ name: 'OutOfWater' })
  })

  it('lets CommonJS packages require what they need', async () => {
    // Prepare
    write(
      'tasks/batch/connect.ts',
      "import mysql from 'mysql2/promise'\nexport const handler = async () => mysql.escape('x')",
    )

    // Act
    const bundles = await bundleTasks(root)

    // Assess
    expect(await (await handlerOf(bundles.folder('batch/connect')))()).toBe("'x'")
  })

  it('makes the same bytes wherever it runs', async () => {
    // Prepare
    write('tasks/batch/parse.ts', "import { z } from 'zod'\nexport const handler = async () => z.string().parse('x')")

    // Act
    const [one, other] = [await bundleTasks(root, join(root, 'one')), await bundleTasks(root, join(root, 'deep/other'))]

    // Assess
    const bytes = [one, other].map((bundles) => readFileSync(join(bundles.folder('batch/parse'), 'index.mjs'), 'utf8'))
    expect(bytes[0]).toBe(bytes[1])
    expect(bytes[0]).not.toContain(root)
  })

  it('makes bundles again only when a source has changed', async () => {
    // Prepare
    write('tasks/batch/one.ts', 'export const handler = async () => 1')
    const first = await bundleTasks(root)

    // Act
    write('tasks/README.md', 'words')
    const second = await bundleTasks(root)
    write('tasks/batch/one.ts', 'export const handler = async () => 2')
    const third = await bundleTasks(root)

    // Assess
    expect(second.folder('batch/one')).toBe(first.folder('batch/one'))
    expect(await (await handlerOf(third.folder('batch/one')))()).toBe(2)
  })

  it('refuses an import from a folder whose changes it would not notice', async () => {
    // Prepare
    write('elsewhere/value.ts', 'export const value = 1')
    write(
      'tasks/batch/stray.ts',
      "import { value } from '../../elsewhere/value.ts'\nexport const handler = async () => value",
    )

    // Act
    const bundling = bundleTasks(root)

    // Assess
    await expect(bundling).rejects.toThrow('A task imports elsewhere/value.ts.')
  })

  it('refuses a bundle over the budget and says what it is made of', async () => {
    // Prepare
    write('tasks/batch/big.ts', "import text from './big.sql'\nexport const handler = async () => text")
    write('tasks/batch/big.sql', 'x'.repeat(bundleBudget))

    // Act
    const bundling = bundleTasks(root)

    // Assess
    await expect(bundling).rejects.toThrow(BundleTooLargeError)
    await expect(bundling).rejects.toThrow(
      /tasks\/batch\/big\.ts has \d+ bytes.*Most of it comes from tasks\/batch\/big\.sql/,
    )
  })
})
