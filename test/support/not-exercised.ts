/** Grants that a successful run on one machine never asks for, or not every time, and why AWS does. */

interface Reason {
  role: RegExp
  action: RegExp
  why: string
  /** Asked for in some runs only: by a race, a retry or the clock. */
  sometimes?: boolean
}

const reasons: Reason[] = [
  {
    role: /./,
    action: /^ec2:/,
    why: 'Network interfaces of functions in a VPC and instances of a cluster: one machine has neither.',
  },
  { role: /./, action: /^kms:/, why: 'Keys encrypt at rest on AWS; the local cloud keeps plain files.' },
  { role: /./, action: /^xray:/, why: 'Traces are not collected locally.' },
  {
    role: /./,
    action: /^sqs:/,
    why: 'Dead-letter queues get what could not be delivered; the local cloud writes it into a file.',
  },
  {
    role: /./,
    action: /LogDeliver|ResourcePolic|DescribeLogGroups/,
    why: 'AWS asks for log delivery when the state machine is made, not when it runs.',
  },
  {
    role: /./,
    action: /^logs:(CreateLogStream|PutLogEvents)$/,
    why: 'A run goes on without its logs, on AWS as here; a test of its own takes both away from every function.',
    sometimes: true,
  },
  { role: /FlowLog/, action: /./, why: 'Flow logs belong to a VPC, and one machine has none.' },
  { role: /ClusterServiceRole/, action: /./, why: 'EMR makes EC2 instances with this role; one machine makes none.' },
  {
    role: /ClusterNodeRole/,
    action: /MultipartUpload|GetBucketLocation/,
    why: "EMRFS uploads large files in parts and looks for the bucket's region; Hive writes in place here.",
  },
  { role: /CollectQuarterRole/, action: /^s3:AbortMultipartUpload$/, why: 'Only an upload that fails is aborted.' },
  {
    role: /CollectQuarterRole/,
    action: /^s3:DeleteObject$/,
    why: 'Only a republished quarter has other raw files to remove; test/cloud/batch.test.ts publishes one.',
  },
  {
    role: /^Batch\w*Role/,
    action: /^states:SendTask(Success|Failure)$/,
    why: 'A starter ends its own job only if that was over before its token was stored.',
    sometimes: true,
  },
  {
    role: /Batch(CreateCluster|CreateTables|Process\w+|CountRecords|PrepareRedshift|LoadRedshift)Role/,
    action: /^dynamodb:(UpdateItem|Query)$/,
    why: 'A starter looks for a job of an earlier attempt, and closes one that is over already, in some runs only.',
    sometimes: true,
  },
  {
    role: /TerminateCluster\w*Role/,
    action: /Cancel(Steps|Statement)$|^dynamodb:UpdateItem$/,
    why: 'A run that succeeds leaves no job to cancel; the tests of faults do.',
    sometimes: true,
  },
  {
    role: /NotifyFailure|JobsCancel|JobsReconcile/,
    action: /./,
    why: 'Asked for when a run fails, is aborted, or every five minutes; the tests of faults do that.',
    sometimes: true,
  },
  {
    role: /CompleteJob\w*Role/,
    action: /SendTaskFailure|^dynamodb:Query$/,
    why: 'Asked for when a job or a cluster fails; the tests of faults do that.',
    sometimes: true,
  },
  {
    role: /(Executions|Schedule|Trigger|Api)\w*/,
    action: /./,
    why: 'The console or the CLI starts this run; the API and the schedule are called by tests of their own.',
  },
  {
    role: /ListArchivesRole/,
    action: /^(states:DescribeExecution|elasticmapreduce:\w+|redshift-data:\w+|dynamodb:(Query|UpdateItem))$/,
    why: 'Asked for when another execution has not given the lock back; the tests of interruptions and of locks do that.',
    sometimes: true,
  },
  {
    role: /^Batch(?!ListArchives|CollectQuarter)\w*Role/,
    action: /^dynamodb:GetItem$/,
    why: 'A task that is refused the lock looks who has it; the tests of interruptions do that.',
    sometimes: true,
  },
  {
    role: /ListArchivesRole/,
    action: /^s3:PutObject$/,
    why: 'Only two archives of one quarter go to the quarantine before they are collected; test/cloud/rejected-archives.test.ts lists them.',
  },
  {
    role: /CreateClusterRole/,
    action: /^elasticmapreduce:TerminateJobFlows$/,
    why: 'Asked for when the execution was stopped while its cluster was made; the tests of faults do that.',
    sometimes: true,
  },
  {
    role: /ClearQuartersRole/,
    action: /^s3:DeleteObject$/,
    why: 'The first run finds nothing to clear; test/cloud/batch.test.ts publishes a quarter again.',
    sometimes: true,
  },
  {
    role: /CollectQuarterRole|ListArchivesRole/,
    action: /^s3:ListBucket$/,
    why: 'The s3 driver lists the landing prefix; this run collects from a site.',
    sometimes: true,
  },
  {
    role: /^Stream/,
    action: /./,
    why: 'The stream workflow has a test of its own: test/cloud/stream-permissions.test.ts.',
  },
  {
    role: /^Model/,
    action: /./,
    why: 'The model workflow has tests of its own: test/cloud/model.test.ts.',
  },
  {
    role: /^Jobs/,
    action: /^sagemaker:/,
    why: 'Asked for when a training job or an endpoint changes; test/cloud/model.test.ts does that.',
    sometimes: true,
  },
]

/** The reason why a grant may go unnoticed, or undefined where a run must miss it. */
export function notExercised(role: string, action: string): Reason | undefined {
  return reasons.find((reason) => reason.role.test(role) && reason.action.test(action))
}

const ofStream: Reason[] = [
  { role: /./, action: /^xray:/, why: 'Traces are not collected locally.' },
  {
    role: /./,
    action: /LogDeliver|ResourcePolic/,
    why: 'AWS asks for log delivery when the state machine is made, not when it runs.',
  },
  {
    role: /./,
    action: /^logs:(CreateLogStream|PutLogEvents|DescribeLogGroups|DescribeLogStreams)$/,
    why: 'A function writes logs when it has something to say; an application looks for its log group on AWS only.',
    sometimes: true,
  },
  {
    role: /Triggers|ProducerScheduleRole/,
    action: /./,
    why: 'The console or the CLI starts these runs, and schedules are shipped disabled; they have tests of their own.',
  },
  {
    role: /^StreamApplicationRole/,
    action: /^(kinesis:Describe\w+|s3:GetObjectVersion|s3:GetObject)$/,
    why: "Flink's own connector describes the stream, and the service copies the code; here the code is read in place.",
  },
  {
    role: /^StreamDeliveryRole/,
    action: /^(s3:(AbortMultipartUpload|GetBucketLocation|ListBucket\w*)|lambda:GetFunctionConfiguration)$/,
    why: 'Firehose uploads large objects in parts and looks at bucket and function on AWS; here it puts them whole.',
  },
  {
    role: /CreateApplicationRole/,
    action: /^kinesisanalytics:UpdateApplication$/,
    why: 'Asked for when code or properties have changed since the application was made.',
  },
  {
    role: /DescribeResourcesRole/,
    action: /^kinesisanalytics:(DescribeApplicationOperation|ListApplicationOperations)$/,
    why: 'Asked for while the application is not running yet, or could not start.',
    sometimes: true,
  },
  {
    role: /NotifyFailureRole/,
    action: /^sns:Publish$/,
    why: 'Asked for when a run fails.',
    sometimes: true,
  },
]

/** The reason why a grant of the stream workflow may go unnoticed by its test. */
export function notExercisedByStream(role: string, action: string): Reason | undefined {
  return ofStream.find((reason) => reason.role.test(role) && reason.action.test(action))
}

const ofModel: Reason[] = [
  { role: /./, action: /^(xray|ecr):/, why: 'Traces are not collected locally, and no container image is pulled.' },
  {
    role: /./,
    action: /LogDeliver|ResourcePolic|DescribeLogGroups/,
    why: 'AWS asks for log delivery when the state machine is made, not when it runs.',
  },
  {
    role: /./,
    action: /^(logs:(CreateLogGroup|CreateLogStream|PutLogEvents|DescribeLogStreams)|cloudwatch:PutMetricData)$/,
    why: 'Functions and training jobs go on without their logs and metrics, on AWS as here.',
    sometimes: true,
  },
  {
    role: /Triggers/,
    action: /./,
    why: 'These runs are started by hand; the schedule and its dead-letter queue have tests of their own.',
    sometimes: true,
  },
  {
    role: /./,
    action: /^cloudwatch:DescribeAlarms$/,
    why: 'SageMaker looks at alarms while it deploys; the local one reads them as itself.',
    sometimes: true,
  },
  {
    role: /(DeployEndpoint|RollBackEndpoint)Role/,
    action: /^(states:SendTask(Success|Failure)|dynamodb:UpdateItem)$/,
    why: 'A starter ends its own wait only if that was over before its token was stored.',
    sometimes: true,
  },
  {
    role: /Train(Model|Fold)Role/,
    action: /^states:SendTaskFailure$/,
    why: 'For a job that has failed before its token was stored.',
    sometimes: true,
  },
  {
    role: /(DeployEndpoint|RollBackEndpoint)Role/,
    action: /^sagemaker:(AddTags|CreateEndpoint|DeleteEndpoint)$/,
    why: 'For the first deployment, or for an endpoint that was found Failed; here one is in service.',
    sometimes: true,
  },
  {
    role: /StopJobsRole/,
    action: /^(dynamodb:UpdateItem|sagemaker:StopTrainingJob)$/,
    why: 'Only a job that outlives its execution is stopped; test/cloud/model.test.ts aborts an execution.',
    sometimes: true,
  },
]

/** The reason why a grant of the model workflow may go unnoticed by its test. */
export function notExercisedByModel(role: string, action: string): Reason | undefined {
  return ofModel.find((reason) => reason.role.test(role) && reason.action.test(action))
}
