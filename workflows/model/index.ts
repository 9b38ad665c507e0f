/** The model workflow: makes a data set of raw images, trains a classifier, puts it into service and reports; and its teardown. */
import { ArnFormat, Duration, Stack, TimeZone } from 'aws-cdk-lib'
import {
  type Alarm,
  GraphWidget,
  LogQueryVisualizationType,
  LogQueryWidget,
  MathExpression,
} from 'aws-cdk-lib/aws-cloudwatch'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import type { Construct } from 'constructs'
import { allow } from '../allow.ts'
import type { Parameters } from '../parameters.ts'
import { sharpLayer } from '../sharp-layer.ts'
import type { Storage } from '../storage.ts'
import { Workflow, type WorkflowProps } from '../workflow.ts'
import { imageClassification } from './algorithm.ts'
import { ClassifyApi } from './classify-api.ts'
import { addPrepareTasks } from './prepare.ts'
import { sageMakerRole } from './role.ts'
import { addServeTasks } from './serve.ts'
import { addTrainTasks } from './train.ts'

export interface ModelProps extends WorkflowProps {
  parameters: Parameters
  storage: Storage
}

export class Model extends Workflow {
  /** Fixed: the page, the alarms and the next deployment must find it. */
  readonly endpointName: string
  readonly endpointArn: string
  readonly classifyUrl: string
  /** One of them rings, and a deployment goes back. */
  readonly alarms: Alarm[]
  private readonly classify: ClassifyApi

  constructor(scope: Construct, id: string, props: ModelProps) {
    super(scope, id, props)
    const stack = Stack.of(this)
    this.endpointName = `${stack.stackName}-classifier`
    this.endpointArn = stack.formatArn({
      service: 'sagemaker',
      resource: 'endpoint',
      // SageMaker writes names in ARNs in lower case.
      resourceName: this.endpointName.toLowerCase(),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    })
    const { endpointName, endpointArn } = this
    this.classify = new ClassifyApi(this, 'ClassifyApi', { ...props, endpointName, endpointArn })
    this.classifyUrl = this.classify.url
    const failures = this.classify.api.metricServerError({ period: Duration.minutes(1), statistic: 'sum' })
    this.alarms = [props.monitoring.watchClassifier(failures)]
    const algorithm = imageClassification(this)
    const layer = sharpLayer(this, 'SharpLayer', props.root)
    const sageMaker = sageMakerRole(
      this,
      props.storage,
      algorithm,
      this.alarms.map((alarm) => alarm.alarmArn),
    )
    addPrepareTasks(this, props, layer)
    addTrainTasks(this, props, algorithm, sageMaker)
    addServeTasks(this, props, algorithm, sageMaker, layer)
    this.define({ schedule: weekly, input: {} })
    this.draw(props)
  }

  private draw({ monitoring }: ModelProps): void {
    const period = Duration.minutes(5)
    // The variant is named after the model, so only a search finds them all.
    const search = (metric: string, statistic: string) =>
      new MathExpression({
        label: metric,
        expression: `SEARCH('{AWS/SageMaker,EndpointName,VariantName} EndpointName="${this.endpointName}" MetricName="${metric}"', '${statistic}', ${period.toSeconds()})`,
        usingMetrics: {},
        period,
      })
    monitoring.dashboard.addWidgets(
      new GraphWidget({
        title: 'Classifier: invocations and errors',
        width: 8,
        left: [
          search('Invocations', 'Sum'),
          search('Invocation4XXErrors', 'Sum'),
          search('Invocation5XXErrors', 'Sum'),
        ],
      }),
      new GraphWidget({
        title: 'Classifier: latency (µs)',
        width: 8,
        left: [search('ModelLatency', 'p50'), search('ModelLatency', 'p95')],
      }),
      new LogQueryWidget({
        title: 'Classifier: what it sees',
        width: 8,
        logGroupNames: [`/${Stack.of(this).stackName}/serving/classify`],
        view: LogQueryVisualizationType.PIE,
        queryLines: ['filter message = "Classified"', 'stats count(*) as pictures by class'],
      }),
    )
  }
}

/** Ends the endpoint, which costs by the hour; the model workflow makes it anew. */
export class ModelTeardown extends Workflow {
  constructor(scope: Construct, id: string, props: WorkflowProps & { model: Model }) {
    super(scope, id, props)
    const { model } = props
    const deleteEndpoint = this.task('DeleteEndpoint', {
      environment: { ENDPOINT_NAME: model.endpointName },
      timeout: 60,
      memory: 512,
    })
    allow(deleteEndpoint.role, ['sagemaker:DeleteEndpoint', 'sagemaker:DescribeEndpoint'], [model.endpointArn])
    // Both tell of failures in the same words.
    const notifyFailure = model.functions.get('NotifyFailure')
    if (notifyFailure) this.functions.set('NotifyFailure', notifyFailure)
    this.define({ schedule: everyEvening, input: {} })
  }
}

const weekly = ScheduleExpression.cron({ minute: '0', hour: '5', weekDay: 'MON', timeZone: TimeZone.ETC_UTC })
const everyEvening = ScheduleExpression.cron({ minute: '0', hour: '20', timeZone: TimeZone.ETC_UTC })
