/** The local cloud as `start` and `up` bring it up: synthesized, booted, with a source site whose credentials lie in Secrets Manager. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager'
import { type Site, startSite } from '../data/loans/site/index.ts'
import { boot, type RunningCloud } from '../local/boot.ts'
import { synthesize } from '../local/deploy/synth.ts'
import { type Clients, connect } from './clients.ts'
import { CliError } from './errors.ts'
import { seconds } from './format.ts'
import type { Output } from './output.ts'
import { archiveFolder } from './samples.ts'

export interface EnvironmentOptions {
  port: number
  dataDir: string
  iam: boolean
  /** State machines wait in simulated time. */
  fast?: boolean
  /** Where the source site listens; 0 is any free port. */
  sourcePort: number
}

export interface Environment {
  cloud: RunningCloud
  site: Site
  clients: Clients
  close(): Promise<void>
}

const SITE_USER = 'loader'

/** Where else it can be reached, by name. */
export function places({ cloud, site }: Environment): Record<string, string> {
  const executionsApi = cloud.outputs.ExecutionsApiUrl
  return { source: site.url, ...(executionsApi && { executionsApi }) }
}

/**
 * Brings the local cloud up, telling `output` how it goes. What was started is closed again when something fails.
 * @throws CliError, or the named errors of local/: PortInUseError, DataDirInUseError, SynthesisError, DeployError
 */
export async function bringUp(options: EnvironmentOptions, output: Output): Promise<Environment> {
  const { port, dataDir, iam, fast = false, sourcePort } = options
  const { colors } = output
  const assembly = await synthesized(output)
  const folder = archiveFolder(dataDir)
  await mkdir(folder, { recursive: true })
  // A new password at every start: nothing of it is kept but the secret.
  const password = randomBytes(18).toString('base64url')
  const site = await startSourceSite(folder, password, sourcePort)
  let cloud: RunningCloud | undefined
  try {
    cloud = await boot({
      assembly,
      port,
      dataDir,
      iam,
      fast,
      parameters: { SourceDriver: 'http', SourceUrl: site.url, StreamBufferSeconds: '1' },
    })
    const clients = connect(cloud.url)
    const close = async () => {
      clients.close()
      await site.close()
      await cloud?.close()
    }
    output.object({
      type: 'ready',
      url: cloud.url,
      milliseconds: Math.round(cloud.readyMs),
      accepted: cloud.accepted,
      source: site.url,
    })
    output.line(`${colors.green('✓')} local cloud up at ${colors.bold(cloud.url)} in ${seconds(cloud.readyMs)}`)
    const accepted = Object.entries(cloud.accepted).map(([type, count]) => (count > 1 ? `${type} ×${count}` : type))
    if (accepted.length > 0) output.line(colors.dim(`  accepted, not emulated: ${accepted.sort().join(', ')}`))
    await putCredentials(clients, cloud, password)
    return { cloud, site, clients, close }
  } catch (error) {
    await site.close()
    await cloud?.close()
    throw error
  }
}

async function synthesized(output: Output): Promise<string> {
  const started = performance.now()
  let ran = false
  const assembly = await synthesize({
    onStart: () => {
      ran = true
      if (output.interactive) output.live('  synthesizing the CDK app')
      else output.line('  synthesizing the CDK app')
    },
  })
  output.live('')
  const milliseconds = performance.now() - started
  output.object({ type: 'synthesis', cached: !ran, seconds: milliseconds / 1000, assembly })
  if (ran) output.line(`${output.colors.green('✓')} CDK app synthesized in ${seconds(milliseconds)}`)
  return assembly
}

async function startSourceSite(folder: string, password: string, port: number): Promise<Site> {
  try {
    return await startSite({ folder, username: SITE_USER, password, port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new CliError(
      `Port ${port} on 127.0.0.1 is taken by another program, so the source site cannot use it. Choose another with --source-port.`,
    )
  }
}

/** As an operator does after `cdk deploy`. */
async function putCredentials(clients: Clients, cloud: RunningCloud, password: string): Promise<void> {
  const SecretId = cloud.outputs.SourceCredentialsArn
  if (!SecretId)
    throw new CliError(
      'The stack has no output SourceCredentialsArn: there is no place for the credentials of the source site.',
    )
  const SecretString = JSON.stringify({ username: SITE_USER, password })
  await clients.secrets.send(new PutSecretValueCommand({ SecretId, SecretString }))
}
