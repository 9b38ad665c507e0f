import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Validations } from 'aws-cdk-lib'
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Bundles } from '../../../workflows/bundle.ts'
import { Stepwell } from '../../../workflows/stack.ts'
import { listTasks } from '../../../workflows/tasks.ts'
import { root } from './stepwell.ts'

describe('validating the stack', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stepwell-validation-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** The bundles' contents do not matter to the rules. */
  function emptyBundles(): Bundles {
    for (const task of listTasks(root)) {
      mkdirSync(join(folder, task), { recursive: true })
      writeFileSync(join(folder, task, 'index.mjs'), `// ${task}`)
    }
    return { folder: (task) => join(folder, task), maps: join(folder, 'maps'), sizes: {} }
  }

  function stackWithRules(): { app: App; stack: Stepwell } {
    const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'))
    const app = new App({ analyticsReporting: false, context, outdir: join(folder, 'cdk.out') })
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    const env = { account: '000000000000', region: 'us-east-1' }
    return { app, stack: new Stepwell(app, 'Stepwell', { root, bundles: emptyBundles(), env }) }
  }

  function findings(): { ruleName: string; description: string }[] {
    const { pluginReports } = JSON.parse(readFileSync(join(folder, 'cdk.out', 'validation-report.json'), 'utf8'))
    return pluginReports.flatMap(({ violations = [] }: { violations?: object[] }) => violations)
  }

  it('leaves no finding of cdk-nag or of CloudFormation that nobody acknowledged, but for a jar that is not built', () => {
    const { app } = stackWithRules()
    app.synth()
    const jar = ({ ruleName }: { ruleName: string }) => ruleName === 'Annotation::stepwell:flink-jar'
    expect(findings().filter((finding) => !jar(finding))).toEqual([])
    const isBuilt = existsSync(join(root, 'flink', 'target', 'pyflink-dependencies.jar'))
    const warnings = findings().filter(jar)
    expect(warnings.map(({ description }) => description)).toEqual(
      isBuilt ? [] : [expect.stringContaining('npm run build:flink')],
    )
  }, 60_000)

  it('fails for a bucket that comes without TLS and access logs', () => {
    const { app, stack } = stackWithRules()
    new Bucket(stack, 'Careless', { blockPublicAccess: BlockPublicAccess.BLOCK_ALL })
    expect(() => app.synth()).toThrow(/does not require requests to use SSL/)
  }, 60_000)
})
