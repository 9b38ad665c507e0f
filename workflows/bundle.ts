/**
 * Bundles every task once, some at a time: `tasks/batch/list-archives.ts` becomes `tasks/batch/list-archives/index.mjs` in a
 * folder with nothing else in it, which is the Lambda asset. The source map lies apart, so that it neither ships (reading it costs a
 * cold start up to 200 ms) nor changes the asset's hash.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { hashSources } from './source-hash.ts'
import { listTasks } from './tasks.ts'

export interface Bundles {
  /** Where the task's asset folder lies. */
  folder(task: string): string
  /** The folder of the source maps: `<workflow>/<task>.mjs.map`. */
  readonly maps: string
  /** Bytes of each task's bundle, by `<workflow>/<task>`. */
  readonly sizes: Readonly<Record<string, number>>
}

/** Lambda loads the bundle at every cold start: what is bigger than this carries a library that it should not. */
export const bundleBudget = 2_000_000

/** Tasks an esbuild call takes: all fifty at once take 2.4 GB and no less time, eight 0.7 GB. */
const atOnce = 8

/** What bundles are made from, below the root. */
const sources = ['tasks', 'data/users', 'sql', 'hql', 'package-lock.json', 'workflows/bundle.ts']

/** Bundles of other versions of the sources are removed after a day. */
const keepMs = 24 * 3600 * 1000

/** The bundles are ES modules; the CommonJS packages among their dependencies still call `require`. */
const banner =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);"

/** zod carries its messages in fifty languages, a quarter of a bundle; tasks speak English. */
const englishOnly: Plugin = {
  name: 'english-only',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.\/locales\/index\.js$/ }, ({ resolveDir }) =>
      resolveDir.includes('/node_modules/zod/') ? { path: join(resolveDir, '../locales/en.js') } : undefined,
    ),
}

/**
 * The bundles of all tasks, made if their sources have changed. Several processes may call it at once.
 *
 * @param root the repository's root
 * @param cache holds a folder for each version of the sources
 * @throws BundleTooLargeError when a bundle exceeds {@link bundleBudget}
 */
export async function bundleTasks(root: string, cache = join(root, '.build', 'bundles')): Promise<Bundles> {
  const folder = join(cache, await hashSources(root, sources))
  if (!existsSync(folder)) await makeBundles(root, folder)
  await removeOthers(cache, folder)
  return {
    folder: (task) => join(folder, 'tasks', task),
    maps: join(folder, 'maps'),
    sizes: JSON.parse(await readFile(join(folder, 'sizes.json'), 'utf8')),
  }
}

async function makeBundles(root: string, folder: string): Promise<void> {
  const unfinished = `${folder}.${randomUUID()}`
  try {
    await writeBundles(root, unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    // Another process may have put the same bundles there first.
    if (!existsSync(folder)) throw error
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

async function writeBundles(root: string, outdir: string): Promise<void> {
  const tasks = listTasks(root)
  const sizes: Record<string, number> = {}
  for (let at = 0; at < tasks.length; at += atOnce)
    Object.assign(sizes, await writeSome(root, outdir, tasks.slice(at, at + atOnce)))
  await mkdir(join(outdir, 'maps'), { recursive: true })
  await writeFile(join(outdir, 'sizes.json'), JSON.stringify(sizes, undefined, 2))
}

/** @returns the sizes of the tasks' bundles */
async function writeSome(root: string, outdir: string, tasks: string[]): Promise<Record<string, number>> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(tasks.map((task) => [`${task}/index`, join(root, 'tasks', `${task}.ts`)])),
    outdir: join(outdir, 'tasks'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    mainFields: ['module', 'main'],
    loader: { '.sql': 'text', '.hql': 'text' },
    banner: { js: banner },
    plugins: [englishOnly],
    minify: true,
    // Step Functions matches Retry and Catch against error names, and error names come from class names.
    keepNames: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'error',
    write: false,
  })
  const sizes: Record<string, number> = {}
  for (const { path, contents } of outputFiles) {
    const task = path.slice(join(outdir, 'tasks').length + 1).replace(/\/index\.mjs(\.map)?$/, '')
    const isMap = path.endsWith('.map')
    if (!isMap) sizes[task] = contents.byteLength
    if (!isMap && contents.byteLength > bundleBudget) throw new BundleTooLargeError(task, contents.byteLength, metafile)
    const target = isMap ? join(outdir, 'maps', `${task}.mjs.map`) : path
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, contents)
  }
  checkSources(metafile)
  return sizes
}

/** A bundle made from a file outside of {@link sources} would not be made again when that file changes. */
function checkSources(metafile: Metafile): void {
  const known = (path: string) =>
    path.includes('node_modules/') || sources.some((source) => path.startsWith(`${source}/`))
  const unknown = Object.keys(metafile.inputs).find((path) => !known(path))
  if (unknown)
    throw new Error(
      `A task imports ${unknown}. Add its folder to the sources in workflows/bundle.ts and local/deploy/synth.ts.`,
    )
}

async function removeOthers(cache: string, current: string): Promise<void> {
  const now = Date.now()
  for (const name of await readdir(cache)) {
    const path = join(cache, name)
    const made = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    )
    if (path !== current && now - made > keepMs) await rm(path, { recursive: true, force: true })
  }
}

/** A task's bundle is larger than {@link bundleBudget}. */
export class BundleTooLargeError extends Error {
  constructor(task: string, bytes: number, metafile: Metafile) {
    const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith(`${task}/index.mjs`))?.[1]
    const largest = Object.entries(output?.inputs ?? {})
      .sort(([, one], [, other]) => other.bytesInOutput - one.bytesInOutput)
      .slice(0, 3)
      .map(([path, input]) => `${path} (${input.bytesInOutput} bytes)`)
    super(
      `The bundle of tasks/${task}.ts has ${bytes} bytes, more than the budget of ${bundleBudget}. ` +
        `Most of it comes from ${largest.join(', ')}. Import less, or raise bundleBudget in workflows/bundle.ts.`,
    )
    this.name = 'BundleTooLargeError'
  }
}
