/** The stack of this repository as the local cloud boots from it: synthesized once for all tests, and kept while nothing changes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { synthesize } from '../../../local/deploy/synth.ts'
import { bundleTasks } from '../../../workflows/bundle.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export interface Resource {
  Type: string
  Properties: any
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
}

export interface SynthesizedStack {
  /** By logical id. */
  resources: Record<string, Resource>
  outputs: Record<string, { Value: any }>
  parameters: Record<string, { Default?: unknown }>
  ofType(type: string): [logicalId: string, resource: Resource][]
  /** The project's own files that a task's bundle is made from, below the root. */
  sourcesOf(task: string): string[]
}

export async function synthesizedStack(): Promise<SynthesizedStack> {
  const assembly = await synthesize()
  const { maps } = await bundleTasks(root)
  const read = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'))
  const { Resources: resources, Outputs: outputs, Parameters: parameters } = read(assembly, 'Stepwell.template.json')
  return {
    resources,
    outputs,
    parameters,
    ofType: (type) => Object.entries<Resource>(resources).filter(([, resource]) => resource.Type === type),
    sourcesOf: (task) =>
      (read(maps, `${task}.mjs.map`).sources as string[])
        .map((path) => path.replace(/^(\.\.\/)+/, ''))
        .filter((path) => path.startsWith('tasks/')),
  }
}
