/** A local cloud with what the recorded cases need: Step Functions behind the real wire, a role, and functions by behaviour. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as sfn from '@aws-sdk/client-sfn'
import { ACCOUNT, boot, REGION } from '../../local/boot.ts'
import { createEvents } from '../../local/services/events/index.ts'
import { createIam } from '../../local/services/iam/index.ts'
import { createStates } from '../../local/services/states/index.ts'
import { createSts } from '../../local/services/sts/index.ts'
import { fakeLambda } from './functions.ts'
import type { Target } from './run-case.ts'

const roleName = 'conformance'

/** The role that every machine gets: what cases do is theirs. */
const template = {
  Resources: {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        RoleName: roleName,
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        },
        Policies: [
          {
            PolicyName: 'all',
            PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
          },
        ],
      },
    },
  },
}

export interface SmallCloud {
  readonly target: Target
  close(): Promise<void>
}

export async function startSmallCloud(): Promise<SmallCloud> {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-conformance-'))
  const assembly = join(folder, 'cdk.out')
  mkdirSync(assembly)
  const artifact = { type: 'aws:cloudformation:stack', properties: { templateFile: 'Small.template.json' } }
  writeFileSync(join(assembly, 'manifest.json'), JSON.stringify({ version: '1', artifacts: { Small: artifact } }))
  writeFileSync(join(assembly, 'Small.template.json'), JSON.stringify(template))
  const lambda = fakeLambda()
  const running = await boot({
    assembly,
    dataDir: join(folder, 'data'),
    port: 0,
    services: [
      createIam,
      createSts,
      createEvents,
      () => ({
        name: 'lambda',
        schemas: () => import('@aws-sdk/client-lambda'),
        operations: lambda.operations,
        may: (_, input) => [{ action: 'lambda:InvokeFunction', resource: String(input.FunctionName) }],
      }),
      createStates,
    ],
  })
  const client = new sfn.SFNClient({
    endpoint: running.url,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    disableHostPrefix: true,
    maxAttempts: 1,
  })
  const commands = sfn as unknown as Record<string, new (input: object) => any>
  return {
    target: {
      account: ACCOUNT,
      region: REGION,
      roleArn: `arn:aws:iam::${ACCOUNT}:role/${roleName}`,
      call: (operation, input) => client.send(new commands[`${operation}Command`]!(input)),
      async lambdas(functions) {
        lambda.define(functions)
      },
    },
    async close() {
      client.destroy()
      await running.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
