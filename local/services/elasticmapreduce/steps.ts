/** Operations on steps. */
import type { Operation } from '../../gateway/service.ts'
import { stepShape } from './describe.ts'
import { page } from './page.ts'
import type { Runner } from './runner.ts'
import { type ClusterRecord, invalid, isEnding, newId, type StepRecord, type Store, validation } from './store.ts'

const ACTIONS = ['TERMINATE_JOB_FLOW', 'TERMINATE_CLUSTER', 'CANCEL_AND_WAIT', 'CONTINUE']
/** EMR's bounds (the models of client-emr, https://docs.aws.amazon.com/emr/latest/ManagementGuide/AddMoreThan256Steps.html). */
const [ARGS_LENGTH, ACTIVE_STEPS] = [10_240, 256]

export function stepOperations(store: Store, runner: Runner): Record<string, Operation> {
  return {
    AddJobFlowSteps({ JobFlowId, Steps = [], ExecutionRoleArn }) {
      const cluster = store.cluster(JobFlowId)
      if (isEnding(cluster))
        throw validation('A job flow that is shutting down, terminated, or finished may not be modified.')
      const steps = newSteps(Steps, cluster.stepConcurrencyLevel, activeSteps(cluster), ExecutionRoleArn)
      cluster.steps.push(...steps)
      store.save(cluster)
      runner.added(cluster, steps)
      return { StepIds: steps.map((step) => step.id) }
    },

    DescribeStep({ ClusterId, StepId }) {
      const cluster = store.cluster(ClusterId)
      return { Step: stepShape(store.step(cluster, StepId), cluster) }
    },

    ListSteps({ ClusterId, StepStates, StepIds, Marker }) {
      const cluster = store.cluster(ClusterId)
      if (StepIds?.length && StepStates?.length) throw invalid('Either specify StepIds or StepStates, not both.')
      const wanted = StepIds?.length ? StepIds.map((id: string) => store.step(cluster, id)) : cluster.steps.toReversed()
      const { items, next } = page<StepRecord>(
        wanted.filter((step: StepRecord) => !StepStates?.length || StepStates.includes(step.state)),
        Marker,
      )
      return { Steps: items.map((step) => stepShape(step, cluster)), Marker: next }
    },

    CancelSteps({ ClusterId, StepIds = [], StepCancellationOption }) {
      const cluster = store.cluster(ClusterId)
      if (!StepIds.length) throw invalid('StepIds cannot be empty.')
      if (StepCancellationOption && !['SEND_INTERRUPT', 'TERMINATE_PROCESS'].includes(StepCancellationOption))
        throw invalid(`StepCancellationOption '${StepCancellationOption}' is not valid.`)
      const infos = StepIds.map((id: string) => {
        store.step(cluster, id)
        const submitted = runner.cancel(ClusterId, id)
        return submitted
          ? { StepId: id, Status: 'SUBMITTED' }
          : { StepId: id, Status: 'FAILED', Reason: `Step ${id} is already finished or is being cancelled.` }
      })
      return { CancelStepsInfoList: infos }
    },
  }
}

const activeSteps = (cluster: ClusterRecord): number =>
  cluster.steps.filter((s) => ['PENDING', 'RUNNING', 'CANCEL_PENDING'].includes(s.state)).length

/** @throws AwsError ValidationException for what EMR does not take */
export function newSteps(
  configs: any[],
  concurrency: number,
  active: number,
  executionRoleArn: string | undefined,
): StepRecord[] {
  if (active + configs.length > ACTIVE_STEPS)
    throw validation(`Maximum number of active steps (pending or running) is ${ACTIVE_STEPS}.`)
  return configs.map(({ Name, ActionOnFailure = 'TERMINATE_CLUSTER', HadoopJarStep }) => {
    if (!Name) throw validation('A step must have a name.')
    if (!HadoopJarStep?.Jar) throw validation(`The step ${Name} must have a HadoopJarStep with a Jar.`)
    if (!ACTIONS.includes(ActionOnFailure))
      throw validation(`Invalid ActionOnFailure '${ActionOnFailure}' of the step ${Name}.`)
    if (concurrency > 1 && ActionOnFailure !== 'CONTINUE') {
      throw validation(
        `ActionOnFailure ${ActionOnFailure} is not allowed when the step concurrency level is greater than 1.`,
      )
    }
    const args: string[] = HadoopJarStep.Args ?? []
    if (args.join(' ').length > ARGS_LENGTH)
      throw validation(`Size of step args of ${Name} is larger than ${ARGS_LENGTH} characters.`)
    return {
      id: newId('s'),
      name: Name,
      actionOnFailure: ActionOnFailure,
      jar: HadoopJarStep.Jar,
      args,
      mainClass: HadoopJarStep.MainClass,
      properties: Object.fromEntries((HadoopJarStep.Properties ?? []).map(({ Key = '', Value = '' }) => [Key, Value])),
      state: 'PENDING' as const,
      reason: {},
      executionRoleArn,
      created: new Date().toISOString(),
    }
  })
}
