/**
 * The CDK app. `npx cdk synth`, `diff` and `deploy` run it, and so does the local cloud, which reads what it leaves in cdk.out.
 * Context `local=true` changes nothing but the account and the region.
 */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, Validations } from 'aws-cdk-lib'
import { AwsSolutionsChecks } from 'cdk-nag'
import { bundleTasks } from './bundle.ts'
import { Stepwell } from './stack.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const local = { account: '000000000000', region: 'us-east-1' }

const app = new App({ analyticsReporting: false })
const isLocal = String(app.node.tryGetContext('local') ?? false) === 'true'
new Stepwell(app, 'Stepwell', {
  root,
  bundles: await bundleTasks(root),
  env: isLocal ? local : { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  terminationProtection: true,
})
Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
app.synth()
