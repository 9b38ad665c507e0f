/** The services of the local cloud. Adding one: its folder, and its line here. */
import { createClassifierPage } from '../classifier/index.ts'
import type { Cloud } from '../cloud.ts'
import { createConsole } from '../console/index.ts'
import { VirtualClock } from '../engines/states/clock.ts'
import type { Service } from '../gateway/service.ts'
import { createApiGateway } from './apigateway/index.ts'
import { createDynamodb } from './dynamodb/index.ts'
import { createElasticMapReduce } from './elasticmapreduce/index.ts'
import { createEvents } from './events/index.ts'
import { createFirehose } from './firehose/index.ts'
import { createIam } from './iam/index.ts'
import { createKinesis } from './kinesis/index.ts'
import { createKinesisAnalytics } from './kinesisanalyticsv2/index.ts'
import { createLambda, type LambdaSettings } from './lambda/index.ts'
import { createLogs } from './logs/index.ts'
import { createMonitoring } from './monitoring/index.ts'
import { createRds } from './rds/index.ts'
import { createRedshiftData } from './redshift-data/index.ts'
import { createS3 } from './s3/index.ts'
import { createSageMaker } from './sagemaker/index.ts'
import { createSageMakerRuntime } from './sagemaker-runtime/index.ts'
import { createScheduler } from './scheduler/index.ts'
import { createSecretsManager } from './secretsmanager/index.ts'
import { createSns } from './sns/index.ts'
import { createStates } from './states/index.ts'
import { createSts } from './sts/index.ts'

export type CreateService = (cloud: Cloud) => Service | Promise<Service>

export interface ServiceSettings extends LambdaSettings {
  /** Waits, time-outs and back-off of state machines take no time: their clock jumps while no task is at work. */
  fast?: boolean
}

/** In the order in which they are made; they reach each other through the door only. */
export const servicesWith = ({ fast = false, warm = false }: ServiceSettings = {}): CreateService[] => [
  createIam,
  createSts,
  createLogs,
  createS3,
  createDynamodb,
  createSecretsManager,
  createSns,
  createMonitoring,
  createEvents,
  createScheduler,
  createElasticMapReduce,
  createRedshiftData,
  createRds,
  createSageMakerRuntime,
  createSageMaker,
  (cloud) => createLambda(cloud, { warm }),
  createKinesis,
  createFirehose,
  createKinesisAnalytics,
  (cloud) => createStates(cloud, fast ? { clock: new VirtualClock(Date.now(), { callbacksAreWork: true }) } : {}),
  createApiGateway,
  createClassifierPage,
  createConsole,
]
