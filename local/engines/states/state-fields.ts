/** Which fields each type of state takes, by query language (https://states-language.net/spec.html). */
import type { Language } from './definition.ts'

export const stateTypes = ['Task', 'Wait', 'Pass', 'Succeed', 'Fail', 'Choice', 'Parallel', 'Map']

const always = ['Type', 'Comment', 'QueryLanguage']
const paths = ['InputPath', 'OutputPath']
const flow = ['Next', 'End']
const errors = ['Retry', 'Catch']
const payload = ['Parameters', 'ResultSelector', 'ResultPath']

const both: Record<string, readonly string[]> = {
  Task: [...flow, ...errors, 'Resource', 'TimeoutSeconds', 'HeartbeatSeconds', 'Credentials', 'Assign'],
  Wait: [...flow, 'Seconds', 'Timestamp', 'Assign'],
  Pass: [...flow, 'Assign'],
  Succeed: [],
  Fail: ['Error', 'Cause'],
  Choice: ['Choices', 'Default', 'Assign'],
  Parallel: [...flow, ...errors, 'Branches', 'Assign'],
  Map: [
    ...flow,
    ...errors,
    'ItemProcessor',
    'Iterator',
    'ItemSelector',
    'ItemReader',
    'ItemBatcher',
    'ResultWriter',
    'MaxConcurrency',
    'ToleratedFailureCount',
    'ToleratedFailurePercentage',
    'Label',
    'Assign',
  ],
}

const jsonPath: Record<string, readonly string[]> = {
  Task: [...paths, ...payload, 'TimeoutSecondsPath', 'HeartbeatSecondsPath'],
  Wait: [...paths, 'SecondsPath', 'TimestampPath'],
  Pass: [...paths, 'Parameters', 'Result', 'ResultPath'],
  Succeed: paths,
  Fail: ['ErrorPath', 'CausePath'],
  Choice: paths,
  Parallel: [...paths, ...payload],
  Map: [
    ...paths,
    ...payload,
    'ItemsPath',
    'MaxConcurrencyPath',
    'ToleratedFailureCountPath',
    'ToleratedFailurePercentagePath',
  ],
}

const jsonata: Record<string, readonly string[]> = {
  Task: ['Arguments', 'Output'],
  Wait: ['Output'],
  Pass: ['Output'],
  Succeed: ['Output'],
  Fail: [],
  Choice: ['Output'],
  Parallel: ['Arguments', 'Output'],
  Map: ['Items', 'Output'],
}

/** Whether a state of a type takes a field. */
export function takesField(type: string, language: Language, field: string): boolean {
  return (
    always.includes(field) ||
    both[type]!.includes(field) ||
    (language === 'JSONata' ? jsonata : jsonPath)[type]!.includes(field)
  )
}

/** Optimised integrations by service: their actions (https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html). */
export const optimisedActions: Readonly<Record<string, readonly string[]>> = {
  apigateway: ['invoke'],
  athena: ['startQueryExecution', 'stopQueryExecution', 'getQueryExecution', 'getQueryResults'],
  batch: ['submitJob'],
  bedrock: ['invokeModel', 'createModelCustomizationJob'],
  codebuild: [
    'startBuild',
    'stopBuild',
    'batchDeleteBuilds',
    'batchGetReports',
    'startBuildBatch',
    'stopBuildBatch',
    'retryBuildBatch',
    'deleteBuildBatch',
  ],
  databrew: ['startJobRun'],
  dynamodb: ['getItem', 'putItem', 'updateItem', 'deleteItem'],
  ecs: ['runTask'],
  eks: [
    'call',
    'runJob',
    'createCluster',
    'deleteCluster',
    'createFargateProfile',
    'deleteFargateProfile',
    'createNodegroup',
    'deleteNodegroup',
  ],
  elasticmapreduce: [
    'createCluster',
    'terminateCluster',
    'addStep',
    'cancelStep',
    'setClusterTerminationProtection',
    'modifyInstanceFleetByName',
    'modifyInstanceGroupByName',
  ],
  'emr-containers': ['createVirtualCluster', 'deleteVirtualCluster', 'startJobRun'],
  'emr-serverless': [
    'createApplication',
    'startApplication',
    'stopApplication',
    'deleteApplication',
    'startJobRun',
    'cancelJobRun',
  ],
  events: ['putEvents'],
  glue: ['startJobRun'],
  http: ['invoke'],
  lambda: ['invoke'],
  mediaconvert: ['createJob'],
  sagemaker: [
    'createEndpoint',
    'createEndpointConfig',
    'createHyperParameterTuningJob',
    'createLabelingJob',
    'createModel',
    'createProcessingJob',
    'createTrainingJob',
    'createTransformJob',
    'updateEndpoint',
  ],
  sns: ['publish'],
  sqs: ['sendMessage'],
  states: ['startExecution'],
}
