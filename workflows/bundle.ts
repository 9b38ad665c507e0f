/**
 * Bundles every task once, with one esbuild call: `tasks/batch/list-archives.ts` becomes `<outdir>/tasks/batch/list-archives/index.mjs`,
 * a folder with nothing else in it, which is the Lambda asset. The source map goes to `<outdir>/maps/`, so that it neither ships
 * (reading it costs a cold start up to 200 ms) nor changes the asset's hash.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'

export interface Bundles {
  /** Where the task's asset folder lies: `<outdir>/tasks/<workflow>/<task>`. */
  folder(task: string): string
  /** Bytes of each task's bundle, by `<workflow>/<task>`. */
  readonly sizes: ReadonlyMap<string, number>
  /** What each bundle is made of, as esbuild reports it. */
  readonly metafile: Metafile
}

/** Lambda loads the bundle at every cold start: what is bigger than this carries a library that it should not. */
export const bundleBudget = 2_000_000

/** A file of `tasks/<workflow>/` is a task when it exports a handler; the others are what tasks share. */
const handlerExport = /^export (const|async function|function) handler\b/m

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

/** The tasks of the repository: `<workflow>/<task>`, in the order of their names. */
export function listTasks(root: string): string[] {
  const tasks = join(root, 'tasks')
  return readdirSync(tasks, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((workflow) =>
      readdirSync(join(tasks, workflow.name))
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
        .filter((file) => handlerExport.test(readFileSync(join(tasks, workflow.name, file), 'utf8')))
        .map((file) => `${workflow.name}/${file.slice(0, -'.ts'.length)}`),
    )
    .sort()
}

/**
 * @param root the repository's root
 * @param outdir where the bundles go; a file that did not change is not written again
 * @throws BundleTooLargeError when a bundle exceeds {@link bundleBudget}
 */
export async function bundleTasks(root: string, outdir: string): Promise<Bundles> {
  const tasks = listTasks(root)
  const result = await build({
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
  const sizes = new Map<string, number>()
  for (const file of result.outputFiles) {
    const task = file.path.slice(join(outdir, 'tasks').length + 1).replace(/\/index\.mjs(\.map)?$/, '')
    const map = file.path.endsWith('.map')
    if (!map) sizes.set(task, file.contents.byteLength)
    writeWhenChanged(map ? join(outdir, 'maps', `${task}.mjs.map`) : file.path, file.contents)
  }
  for (const [task, bytes] of sizes)
    if (bytes > bundleBudget) throw new BundleTooLargeError(task, bytes, result.metafile)
  return { folder: (task) => join(outdir, 'tasks', task), sizes, metafile: result.metafile }
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

function writeWhenChanged(path: string, contents: Uint8Array): void {
  try {
    if (readFileSync(path).equals(contents)) return
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, contents)
}
