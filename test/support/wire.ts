/** A local cloud with a template of a few resources, for tests that speak to services over the wire as the SDK does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BootOptions, boot, type RunningCloud } from '../../local/boot.ts'
import type { CreateService } from '../../local/services/index.ts'

export interface Wire {
  cloud: RunningCloud
  /** For every client of the SDK; the key is one that the local cloud never gave out, so it is the administrator's. */
  options: {
    endpoint: string
    region: string
    credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
    maxAttempts: number
  }
  close(): Promise<void>
}

/** A role that Step Functions may assume, and that may do nothing. */
export const machineRole = {
  arn: 'arn:aws:iam::000000000000:role/Machine',
  resource: {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: 'Machine',
      AssumeRolePolicyDocument: {
        Statement: { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' },
      },
    },
  },
}

/** @param services all of them when it is undefined */
export async function startWire(
  Resources: object,
  services?: CreateService[],
  Outputs: object = {},
  options: Partial<BootOptions> = {},
): Promise<Wire> {
  const root = mkdtempSync(join(tmpdir(), 'stepwell-wire-'))
  const assembly = join(root, 'assembly')
  mkdirSync(assembly)
  const write = (name: string, value: object) => writeFileSync(join(assembly, name), JSON.stringify(value))
  write('manifest.json', {
    artifacts: { Wire: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Wire.template.json' } } },
  })
  write('Wire.assets.json', { files: {} })
  write('Wire.template.json', { Resources, Outputs })
  const cloud = await boot({
    assembly,
    dataDir: join(root, 'data'),
    port: 0,
    ...(services && { services }),
    ...options,
  })
  return {
    cloud,
    options: {
      endpoint: cloud.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIAADMINISTRATOR', secretAccessKey: 'any' },
      maxAttempts: 1,
    },
    async close() {
      await cloud.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}
