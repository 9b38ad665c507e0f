/**
 * Synthesizes the CDK app for the local cloud. CDK takes a second and 450 MB, so it runs in a child process, and its cloud assembly is
 * kept under a hash of everything that it is made from: booting again from unchanged sources costs a few milliseconds.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hashSources } from '../../workflows/source-hash.ts'
import { takeTurn } from './turn.ts'

export interface SynthesisOptions {
  /** The repository's root; this file's repository if it is left out. */
  root?: string
  /** Called when nothing fits in the cache and CDK has to run. */
  onStart?: () => void
}

/** What the cloud assembly is made from, below the root. */
const sources = [
  'workflows',
  'tasks',
  'data/users',
  'definitions',
  'hql',
  'sql',
  'flink',
  'package-lock.json',
  'cdk.json',
]

/** Assemblies (20 MB each) that nobody asked for in two days are removed; what a killed synthesis left behind, after an hour. */
const keepUnusedMs = 2 * 24 * 3600 * 1000
const keepUnfinishedMs = 3600 * 1000

/** Sources that change while CDK reads them give an assembly of no version at all; it is made again, so many times. */
const maxAttempts = 3

/**
 * Any number of processes may call it at once: one makes the assembly, in a folder that is renamed into place; the others wait for it.
 *
 * @returns the absolute path of a cdk.out folder for account 000000000000 in us-east-1: manifest.json, templates
 *   and assets
 * @throws SynthesisError when the app fails, with what it printed
 */
export async function synthesize(options: SynthesisOptions = {}): Promise<string> {
  const root = options.root ?? join(dirname(fileURLToPath(import.meta.url)), '..', '..')
  const cache = join(root, '.build', 'assemblies')
  for (let attempt = 1; ; attempt++) {
    const hash = await hashSources(root, sources)
    const assembly = join(cache, hash)
    if (await isThere(assembly)) return assembly
    const giveBack = await takeTurn(join(cache, `${hash}.turn`))
    try {
      if (await isThere(assembly)) return assembly
      if (attempt === 1) options.onStart?.()
      const made = join(cache, `unfinished-${randomUUID()}`)
      try {
        await runApp(root, made)
        if (attempt < maxAttempts && (await hashSources(root, sources)) !== hash) continue
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

/** The CDK app did not synthesize. */
export class SynthesisError extends Error {
  constructor(how: string, printed: string) {
    super(
      `The CDK app did not synthesize (${how}). Run "npx cdk synth" to see it alone. It printed:\n${printed.trim()}`,
    )
    this.name = 'SynthesisError'
  }
}
