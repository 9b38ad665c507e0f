import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../support/cloud.ts'
import { aServiceForEachTest, call, pass, roleArn, world } from './support.ts'

aServiceForEachTest()

describe('AWS::StepFunctions::StateMachine', () => {
  it('takes the definition from an asset, with its substitutions, and updates it at the next boot', async () => {
    // Prepare
    const file = join(world.cloud.dataDir, 'definition.json')
    writeFileSync(file, pass.replace('true', '"${Value}"'))
    world.cloud.assets.set('assets/definition.json', file)
    const properties = {
      StateMachineName: 'FromTemplate',
      RoleArn: roleArn,
      DefinitionS3Location: { Bucket: 'assets', Key: 'definition.json' },
      DefinitionSubstitutions: { Value: 'said "yes"' },
    }

    // Act
    const first = await world.cloud.deploy('AWS::StepFunctions::StateMachine', 'Machine', properties)
    const second = await world.cloud.deploy('AWS::StepFunctions::StateMachine', 'Machine', {
      ...properties,
      DefinitionSubstitutions: { Value: 'no' },
    })
    const described = await call('DescribeStateMachine', { stateMachineArn: first.ref })

    // Assess
    expect(second.ref).toBe(first.ref)
    expect(JSON.parse(described.definition).States.A.Result).toEqual({ ok: 'no' })
    await world.cloud.undeploy('Machine')
    expect((await failure(() => call('DescribeStateMachine', { stateMachineArn: first.ref }))).name).toBe(
      'StateMachineDoesNotExist',
    )
  })
})
