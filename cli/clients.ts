/** SDK clients for the local cloud (or whatever AWS_ENDPOINT_URL names), and whether it answers. */
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs'
import { EMRClient } from '@aws-sdk/client-emr'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { S3Client } from '@aws-sdk/client-s3'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SFNClient } from '@aws-sdk/client-sfn'
import { OPERATOR, REGION } from './endpoint.ts'
import { CliError } from './errors.ts'

export interface Clients {
  endpoint: string
  states: SFNClient
  logs: CloudWatchLogsClient
  lambda: LambdaClient
  emr: EMRClient
  s3: S3Client
  secrets: SecretsManagerClient
  close(): void
}

export function connect(endpoint: string): Clients {
  const options = { endpoint, region: process.env.AWS_REGION ?? REGION, credentials: OPERATOR }
  const clients = {
    states: new SFNClient(options),
    logs: new CloudWatchLogsClient(options),
    lambda: new LambdaClient(options),
    emr: new EMRClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    secrets: new SecretsManagerClient(options),
  }
  return {
    endpoint,
    ...clients,
    close: () => {
      for (const client of Object.values(clients)) client.destroy()
    },
  }
}

/** Clients of a local cloud that is up. @throws CliError saying how to start one */
export async function connectToRunning(endpoint: string): Promise<Clients> {
  if (!URL.canParse('/_stepwell/health', endpoint)) {
    throw new CliError(
      `"${endpoint}" is no address. Name the local cloud's with --endpoint (or AWS_ENDPOINT_URL), as http://127.0.0.1:4566.`,
    )
  }
  const health = await fetch(new URL('/_stepwell/health', endpoint), { signal: AbortSignal.timeout(5_000) }).catch(
    () => undefined,
  )
  if (!health?.ok) {
    const what = health ? 'Something else than the local cloud answers' : 'No local cloud answers'
    throw new CliError(
      `${what} at ${endpoint}. Start one with "npm start" or "npx stepwell up", or name its address with --endpoint (or AWS_ENDPOINT_URL).`,
    )
  }
  await health.body?.cancel()
  return connect(endpoint)
}
