/** A local cloud with one small workflow, for commands that speak to a cloud that is up. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { boot, type RunningCloud } from '../../../local/boot.ts'
import { createIam } from '../../../local/services/iam/index.ts'
import { createLambda } from '../../../local/services/lambda/index.ts'
import { createLogs } from '../../../local/services/logs/index.ts'
import { createS3 } from '../../../local/services/s3/index.ts'
import { createStates } from '../../../local/services/states/index.ts'
import { createSts } from '../../../local/services/sts/index.ts'

/** Its functions do what the input says. */
const CODE = `
let calls = 0
const seen = new Set()
export const handler = async ({ quarter, fail, twice, once, reject }) => {
  calls++
  console.log(JSON.stringify({ level: 'INFO', message: 'Collecting', service: 'Collect', quarter }))
  if (twice && calls % 2 === 1) throw Object.assign(new Error('the site is busy'), { name: 'TransientError' })
  if (once && !seen.has(once)) {
    seen.add(once)
    throw Object.assign(new Error('The disk is full.'), { name: 'DiskFull' })
  }
  if (fail) throw Object.assign(new Error('The site refused the login of "loader".'), { name: 'SourceLoginError' })
  if (reject) return { quarter, error: 'ArchiveCorrupt' }
  return { quarter, records: 1234 }
}`

const INVOKE = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke' }
const DEFINITION = {
  QueryLanguage: 'JSONata',
  StartAt: 'CollectQuarters',
  States: {
    CollectQuarters: {
      Type: 'Map',
      Items: '{% $states.input.quarters %}',
      ItemSelector: {
        quarter: '{% $states.context.Map.Item.Value %}',
        fail: '{% $states.input.fail = true %}',
        twice: '{% $states.input.twice = true %}',
        once: '{% $states.input.once ? $states.input.once : null %}',
        reject: '{% $states.input.reject = true %}',
      },
      ItemProcessor: {
        StartAt: 'CollectQuarter',
        States: {
          CollectQuarter: {
            ...INVOKE,
            Arguments: { FunctionName: '${Collect}', Payload: '{% $states.input %}' },
            Retry: [{ ErrorEquals: ['TransientError'], IntervalSeconds: 1, MaxAttempts: 2 }],
            Output: '{% $states.result.Payload.quarter %}',
            End: true,
          },
        },
      },
      Catch: [
        {
          ErrorEquals: ['SourceLoginError'],
          Assign: { failure: '{% $states.errorOutput %}' },
          Next: 'Failed',
        },
      ],
      Next: 'Report',
    },
    Report: {
      Type: 'Pass',
      Output: {
        counts: { origination: { raw: 10, rejected: 1, processed: 9, mysql: null, redshift: 9 } },
        report: { html: 's3://reports/batch/x/report.html' },
      },
      Next: 'IsAnyArchiveRejected',
    },
    IsAnyArchiveRejected: {
      Type: 'Choice',
      Choices: [
        {
          Condition: '{% $states.context.Execution.Input.reject = true %}',
          Assign: { failure: { Error: 'ArchivesRejected', Cause: 'State IsAnyArchiveRejected: 1 of 2 archives' } },
          Next: 'Failed',
        },
      ],
      Default: 'Succeeded',
    },
    Succeeded: { Type: 'Succeed' },
    Failed: { Type: 'Fail', Error: '{% $failure.Error %}', Cause: '{% $failure.Cause %}' },
  },
}

export interface SmallCloud {
  url: string
  cloud: RunningCloud
  close(): Promise<void>
}

export async function startSmallCloud(): Promise<SmallCloud> {
  const root = mkdtempSync(join(tmpdir(), 'stepwell-cli-'))
  const assembly = join(root, 'assembly')
  mkdirSync(join(assembly, 'code'), { recursive: true })
  writeFileSync(join(assembly, 'code', 'index.mjs'), CODE)
  const write = (name: string, value: object) => writeFileSync(join(assembly, name), JSON.stringify(value))
  write('manifest.json', {
    artifacts: { Small: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Small.template.json' } } },
  })
  write('Small.assets.json', {
    files: {
      code: { source: { path: 'code' }, destinations: { here: { bucketName: 'assets', objectKey: 'code.zip' } } },
    },
  })
  write('Small.template.json', { Resources: resources() })
  const cloud = await boot({
    assembly,
    dataDir: join(root, 'data'),
    port: 0,
    services: [createIam, createSts, createS3, createLogs, createLambda, (cloud) => createStates(cloud)],
  })
  return {
    url: cloud.url,
    cloud,
    async close() {
      await cloud.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

function resources() {
  const role = (service: string, statements: object[]) => ({
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
      },
      Policies: [{ PolicyName: 'p', PolicyDocument: { Statement: statements } }],
    },
  })
  const arn = (name: string) => ({ 'Fn::GetAtt': [name, 'Arn'] })
  return {
    FunctionRole: role('lambda.amazonaws.com', [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }]),
    FunctionLogs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/collect' } },
    Collect: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'collect',
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: arn('FunctionRole'),
        Code: { S3Bucket: 'assets', S3Key: 'code.zip' },
      },
    },
    MachineRole: role('states.amazonaws.com', [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' }]),
    Machine: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        StateMachineName: 'Small-Batch',
        RoleArn: arn('MachineRole'),
        DefinitionString: JSON.stringify(DEFINITION),
        DefinitionSubstitutions: { Collect: arn('Collect') },
      },
    },
  }
}
