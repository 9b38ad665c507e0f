/**
 * Synthesizes the CDK app for the local cloud. CDK takes a second and 450 MB, so it runs in a child process, and its cloud assembly is
 * kept under a hash of everything that it is made from: booting again from unchanged sources costs a few milliseconds.
 */
import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { takeTurn } from './turn.ts'

export interface SynthesisOptions {
  /** The repository's root; this file's repository if it is left out. */
  root?: string
  /** Called when nothing fits in the cache and CDK has to run. */
  onStart?: () => void
}

/** What the cloud assembly is made from: folders and files below the root. Markdown and dot files are left out. */
const sources = ['workflows', 'tasks', 'definitions', 'hql', 'sql', 'flink', 'package-lock.json', 'cdk.json']

/** Assemblies that nobody asked for in a week are removed; what a killed synthesis left behind, after an hour. */
const keepUnusedMs = 7 * 24 * 3600 * 1000
const keepUnfinishedMs = 3600 * 1000

/** Sources that change while CDK reads them give an assembly of no version at all; it is made again, so many times. */
const maxAttempts = 3

/**
 * Any number of processes may call it at once: one makes the assembly, in a folder that is renamed into place; the others wait for it.
 *
 * @returns the absolute path of a cdk.out folder for account 000000000000 in us-east-1: manifest.json, templates, assets, and the
 *   source maps of the bundles in `maps/`
 * @throws SynthesisError when the app fails, with what it printed
 */
export async function synthesize(options: SynthesisOptions = {}): Promise<string> {
  const root = options.root ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..')
  const cache = join(root, '.build', 'assemblies')
  for (let attempt = 1; ; attempt++) {
    const hash = await hashSources(root)
    const assembly = join(cache, hash)
    if (await isThere(assembly)) return assembly
    const giveBack = await takeTurn(join(cache, `${hash}.turn`))
    try {
      if (await isThere(assembly)) return assembly
      if (attempt === 1) options.onStart?.()
      const made = join(cache, `unfinished-${randomUUID()}`)
      try {
        await runApp(root, made)
        if (attempt < maxAttempts && (await hashSources(root)) !== hash) continue
        await rename(made, assembly)
      } finally {
        await rm(made, { recursive: true, force: true })
      }
      await removeUnused(cache, hash)
      return assembly
    } finally {
      await giveBack()
    }
  }
}

/** Whether the assembly has been made; notes that somebody wants it. */
async function isThere(assembly: string): Promise<boolean> {
  if (!existsSync(join(assembly, 'manifest.json'))) return false
  const now = new Date()
  await utimes(assembly, now, now).catch(() => {})
  return true
}

/** A hash of the names and contents of everything that the assembly depends on, and of the Node.js version that makes it. */
async function hashSources(root: string): Promise<string> {
  const files = (await Promise.all(sources.map((source) => filesBelow(join(root, source))))).flat().sort()
  const contents = await Promise.all(files.map((file) => readFile(file)))
  const hash = createHash('sha256').update(process.version)
  files.forEach((file, index) => {
    const content = contents[index]!
    hash.update(`\n${relative(root, file)} ${content.byteLength}\n`).update(content)
  })
  return hash.digest('hex').slice(0, 32)
}

async function filesBelow(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (found.isFile()) return [path]
  const entries = await readdir(path, { withFileTypes: true })
  const nested = entries
    .filter((entry) => !entry.name.startsWith('.') && !entry.name.endsWith('.md'))
    .map((entry) => (entry.isDirectory() ? filesBelow(join(path, entry.name)) : [join(path, entry.name)]))
  return (await Promise.all(nested)).flat()
}

/** Runs workflows/app.ts as the CDK command line would: the context of cdk.json, and where to put the result. */
async function runApp(root: string, outdir: string): Promise<void> {
  await mkdir(outdir, { recursive: true })
  const { context } = JSON.parse(await readFile(join(root, 'cdk.json'), 'utf8')) as { context: Record<string, unknown> }
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(root, 'workflows', 'app.ts')], {
    cwd: root,
    env: {
      ...env,
      CDK_OUTDIR: outdir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...context, local: true }),
      // `npx cdk synth` and the tests validate; a boot does not wait for it.
      CDK_VALIDATION: 'false',
      STEPWELL_BUNDLES: join(outdir, 'bundles'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk))
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve([code, signal]))
  })
  if (code !== 0) throw new SynthesisError(signal ?? `exit code ${code}`, Buffer.concat(printed).toString())
  // The bundles themselves are assets by now.
  await rename(join(outdir, 'bundles', 'maps'), join(outdir, 'maps')).catch(ignoreMissing)
  await rm(join(outdir, 'bundles'), { recursive: true, force: true })
}

async function removeUnused(cache: string, current: string): Promise<void> {
  const now = Date.now()
  for (const name of await readdir(cache)) {
    if (name.startsWith(current)) continue
    const path = join(cache, name)
    const used = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    )
    const keep = name.startsWith('unfinished-') ? keepUnfinishedMs : keepUnusedMs
    if (now - used > keep) await rm(path, { recursive: true, force: true })
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

/** The CDK app did not synthesize. */
export class SynthesisError extends Error {
  constructor(how: string, printed: string) {
    super(
      `The CDK app did not synthesize (${how}). Run "npx cdk synth" to see it alone. It printed:\n${printed.trim()}`,
    )
    this.name = 'SynthesisError'
  }
}
