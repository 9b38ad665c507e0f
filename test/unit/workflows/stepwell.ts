/** The stack of this repository, synthesized once for the tests of this folder, as `npx cdk synth` does it. */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, Validations } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks } from 'cdk-nag'
import { type Bundles, bundleTasks } from '../../../workflows/bundle.ts'
import { Stepwell } from '../../../workflows/stack.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export interface Resource {
  Type: string
  Properties: any
  DeletionPolicy?: string
  Metadata?: any
}

export interface Synthesized {
  template: Template
  /** By logical id. */
  resources: Record<string, Resource>
  ofType(type: string): [logicalId: string, resource: Resource][]
  bundles: Bundles
  /** What cdk-nag and CDK's own rules found, a line a finding. */
  findings: string[]
}

interface Report {
  pluginReports: { violations?: object[] }[]
}

export async function synthesizeStack(): Promise<Synthesized> {
  const folder = await mkdtemp(join(tmpdir(), 'stepwell-stack-'))
  try {
    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'))
    const bundles = await bundleTasks(root, join(folder, 'bundles'))
    const app = new App({ analyticsReporting: false, context, outdir: join(folder, 'cdk.out') })
    const stack = new Stepwell(app, 'Stepwell', {
      root,
      bundles,
      env: { account: '000000000000', region: 'us-east-1' },
    })
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    const findings: string[] = []
    try {
      app.synth()
    } catch (error) {
      findings.push(String(error))
    }
    const report = JSON.parse(readFileSync(join(folder, 'cdk.out', 'validation-report.json'), 'utf8')) as Report
    for (const { violations = [] } of report.pluginReports)
      findings.push(...violations.map((found) => JSON.stringify(found)))
    const template = Template.fromStack(stack)
    const resources = template.toJSON().Resources as Record<string, Resource>
    return {
      template,
      resources,
      bundles,
      ofType: (type) => Object.entries(resources).filter(([, resource]) => resource.Type === type),
      findings,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
