/** What CDK left in cdk.out: its stacks in the order they depend on each other, and where their assets are. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Template } from './template.ts'

export interface Assembly {
  stacks: { name: string; template: Template }[]
  /** The file or folder behind `bucket/key` of the templates. */
  asset(bucket: string, key: string): string | undefined
  /** All assets: files, and folders that CDK would zip. */
  assets: { bucket: string; key: string; path: string }[]
}

const Manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.object({
      type: z.string(),
      properties: z.object({ templateFile: z.string().optional(), stackName: z.string().optional() }).optional(),
      dependencies: z.array(z.string()).optional(),
    }),
  ),
})

const Assets = z.object({
  files: z.record(
    z.string(),
    z.object({
      source: z.object({ path: z.string() }),
      destinations: z.record(z.string(), z.object({ bucketName: z.string(), objectKey: z.string() })),
    }),
  ),
})

export class AssemblyError extends Error {
  override readonly name = 'AssemblyError'
}

/** @throws AssemblyError when the folder holds no cloud assembly */
export function readAssembly(folder: string, account: string, region: string): Assembly {
  const manifest = read(folder, 'manifest.json', Manifest)
  const paths = new Map<string, string>()
  const assets: Assembly['assets'] = []
  const inPlace = (text: string) => text.replaceAll('${AWS::AccountId}', account).replaceAll('${AWS::Region}', region)
  const stacks: { name: string; template: Template }[] = []
  const visited = new Set<string>()
  const visit = (id: string): void => {
    const artifact = manifest.artifacts[id]
    if (!artifact || visited.has(id)) return
    visited.add(id)
    for (const need of artifact.dependencies ?? []) visit(need)
    const { templateFile, stackName } = artifact.properties ?? {}
    if (artifact.type !== 'aws:cloudformation:stack' || !templateFile) return
    stacks.push({ name: stackName ?? id, template: JSON.parse(readFileSync(join(folder, templateFile), 'utf8')) })
    const assetsFile = templateFile.replace('.template.json', '.assets.json')
    if (!existsSync(join(folder, assetsFile))) return
    for (const { source, destinations } of Object.values(read(folder, assetsFile, Assets).files)) {
      for (const { bucketName, objectKey } of Object.values(destinations)) {
        const asset = { bucket: inPlace(bucketName), key: inPlace(objectKey), path: join(folder, source.path) }
        paths.set(`${asset.bucket}/${asset.key}`, asset.path)
        assets.push(asset)
      }
    }
  }
  for (const id of Object.keys(manifest.artifacts)) visit(id)
  return { stacks, asset: (bucket, key) => paths.get(`${bucket}/${key}`), assets }
}

function read<T>(folder: string, file: string, schema: z.ZodType<T>): T {
  const path = join(folder, file)
  if (!existsSync(path)) throw new AssemblyError(`${path} is missing; run "npx cdk synth" first.`)
  const parsed = schema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!parsed.success)
    throw new AssemblyError(`${path} is no cloud assembly that this version can read: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}
