/** EMR, Redshift's Data API and Step Functions as tests script them: what the tasks ask of them, and no more. */
import { AwsError } from '../../../local/gateway/aws-error.ts'
import type { TestCloud } from '../../support/cloud.ts'

export interface FakeStep {
  Id: string
  Name: string
  state: string
  args: string[]
  FailureDetails?: object
}

export interface FakeCluster {
  Id: string
  Name: string
  state: string
  steps: FakeStep[]
  input?: any
}

export interface Script {
  clusters: FakeCluster[]
  statements: Map<string, { Status: string; Error?: string; name: string; token?: string; sqls: string[] }>
  /** What was sent for each task token. */
  answers: { token: string; is: 'success' | 'failure' | 'heartbeat'; output?: any; error?: string; cause?: string }[]
  /** Tokens of states that wait no more. */
  dead: Set<string>
  /** Status by execution ARN. */
  executions: Map<string, string>
}

export function scriptServices(cloud: TestCloud): Script {
  const script: Script = { clusters: [], statements: new Map(), answers: [], dead: new Set(), executions: new Map() }
  cloud.fake('elasticmapreduce', emr(script))
  cloud.fake('redshift-data', redshift(script))
  cloud.fake('states', states(script))
  return script
}

function emr({ clusters }: Script) {
  const cluster = (id: string) => {
    const found = clusters.find(({ Id }) => Id === id)
    if (!found) throw new AwsError('InvalidRequestException', `Cluster id '${id}' is not valid.`)
    return found
  }
  const stepOf = ({ Id, Name, state, FailureDetails }: FakeStep) => ({
    Id,
    Name,
    Status: { State: state, FailureDetails },
  })
  return {
    ListClusters: ({ ClusterStates }: any) => ({
      Clusters: clusters
        .filter(({ state }) => !ClusterStates?.length || ClusterStates.includes(state))
        .map(({ Id, Name, state }) => ({ Id, Name, Status: { State: state } })),
    }),
    RunJobFlow: (input: any) => {
      const Id = `j-${clusters.length + 1}`
      clusters.push({ Id, Name: input.Name, state: 'STARTING', steps: [], input })
      return { JobFlowId: Id }
    },
    DescribeCluster: ({ ClusterId }: any) => {
      const { Id, Name, state } = cluster(ClusterId)
      const StateChangeReason = state.startsWith('TERMINAT')
        ? { Code: 'INSTANCE_FAILURE', Message: 'The master node was lost' }
        : {}
      return { Cluster: { Id, Name, Status: { State: state, StateChangeReason } } }
    },
    TerminateJobFlows: ({ JobFlowIds }: any) => {
      for (const id of JobFlowIds) cluster(id).state = 'TERMINATING'
      return {}
    },
    ListSteps: ({ ClusterId }: any) => ({ Steps: cluster(ClusterId).steps.map(stepOf) }),
    AddJobFlowSteps: ({ JobFlowId, Steps }: any) => {
      const { steps } = cluster(JobFlowId)
      const StepIds = Steps.map(({ Name, HadoopJarStep }: any) => {
        const Id = `s-${JobFlowId}-${steps.length + 1}`
        steps.push({ Id, Name, state: 'PENDING', args: HadoopJarStep.Args })
        return Id
      })
      return { StepIds }
    },
    DescribeStep: ({ ClusterId, StepId }: any) => {
      const step = cluster(ClusterId).steps.find(({ Id }) => Id === StepId)
      if (!step) throw new AwsError('InvalidRequestException', `Step id '${StepId}' is not valid.`)
      return { Step: stepOf(step) }
    },
    CancelSteps: ({ ClusterId, StepIds }: any) => {
      const { state, steps } = cluster(ClusterId)
      if (state.startsWith('TERMINAT')) throw new AwsError('InvalidRequestException', 'The cluster is not running.')
      for (const step of steps) if (StepIds.includes(step.Id)) step.state = 'CANCELLED'
      return {}
    },
  }
}

function redshift({ statements }: Script) {
  return {
    BatchExecuteStatement: ({ Sqls, StatementName, ClientToken }: any) => {
      const known = [...statements].find(([, { token }]) => token !== undefined && token === ClientToken)
      if (known) return { Id: known[0] }
      const Id = `statement-${statements.size + 1}`
      statements.set(Id, { Status: 'STARTED', name: StatementName, token: ClientToken, sqls: Sqls })
      return { Id }
    },
    DescribeStatement: ({ Id }: any) => {
      const statement = statements.get(Id)
      if (!statement) throw new AwsError('ResourceNotFoundException', 'Query does not exist.')
      return { Id, Status: statement.Status, Error: statement.Error }
    },
    CancelStatement: ({ Id }: any) => {
      const statement = statements.get(Id)
      if (statement?.Status !== 'STARTED')
        throw new AwsError('ValidationException', 'Could not cancel a query that is already in FINISHED state')
      statement.Status = 'ABORTED'
      return { Status: true }
    },
  }
}

function states({ answers, dead, executions }: Script) {
  const tell = (token: string, answer: object) => {
    if (dead.has(token)) throw new AwsError('TaskTimedOut', 'Task Timed Out: Provided task does not exist anymore')
    answers.push({ token, ...answer } as Script['answers'][number])
    return {}
  }
  return {
    DescribeExecution: ({ executionArn }: any) => {
      const status = executions.get(executionArn)
      if (!status) throw new AwsError('ExecutionDoesNotExist', `Execution Does Not Exist: '${executionArn}'`)
      return { executionArn, stateMachineArn: 'arn', status, startDate: new Date() }
    },
    SendTaskSuccess: ({ taskToken, output }: any) => tell(taskToken, { is: 'success', output: JSON.parse(output) }),
    SendTaskFailure: ({ taskToken, error, cause }: any) => tell(taskToken, { is: 'failure', error, cause }),
    SendTaskHeartbeat: ({ taskToken }: any) => tell(taskToken, { is: 'heartbeat' }),
  }
}
