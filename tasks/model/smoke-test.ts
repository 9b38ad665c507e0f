/** Asks the endpoint about the held-out images, which no training has seen, and about the validation images for the report. */
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { z } from 'zod'
import { ConfigurationError, TaskError } from '../errors.ts'
import { executionSchema, required, task } from '../task.ts'
import { cleanPath, type Division, planSchema } from './dataset/dataset.ts'
import { get, getJson, putJson } from './dataset/objects.ts'
import type { Prediction, SmokeTest } from './report/model.ts'
import { nameOf } from './training/names.ts'

/** Few images spread widely: a model that passed the gate may be so much worse on them. */
const ALLOWANCE = 0.15
/** Enough to know, whatever the number of images. */
const MAX_IMAGES = 400

const runtime = new SageMakerRuntimeClient({})

export const handler = task({
  name: 'SmokeTest',
  input: z.object({ execution: executionSchema, plan: planSchema, model: required }),
  environment: z.object({ PROCESSED_BUCKET: required, ENDPOINT_NAME: required }),
  async run({ input: { execution, plan, model }, env, log, signal }) {
    const division = await getJson<Division>(env.PROCESSED_BUCKET, `${plan.prefix}split.json`)
    if (!division)
      throw new ConfigurationError(`The division s3://${env.PROCESSED_BUCKET}/${plan.prefix}split.json is gone.`)
    const predictions: Prediction[] = []
    const milliseconds: number[] = []
    for (const part of ['held-out', 'validation'] as const) {
      for (const image of division.images.filter(({ split }) => split === part).slice(0, MAX_IMAGES)) {
        signal.throwIfAborted()
        const path = `${plan.prefix}${part}/${cleanPath(image)}`
        const Body = await get(env.PROCESSED_BUCKET, path)
        const started = performance.now()
        const answer = await runtime.send(
          new InvokeEndpointCommand({
            EndpointName: env.ENDPOINT_NAME,
            ContentType: 'application/x-image',
            Accept: 'application/json',
            Body,
          }),
        )
        milliseconds.push(performance.now() - started)
        const probabilities = distribution(answer.Body, plan.classes.length, env.ENDPOINT_NAME)
        if (answer.InvokedProductionVariant !== model) {
          throw new TaskError(
            'SmokeTestFailed',
            `The endpoint ${env.ENDPOINT_NAME} answered with ${answer.InvokedProductionVariant}, not with the new model ${model}.`,
          )
        }
        predictions.push({ path, key: image.key, split: part, label: plan.classes.indexOf(image.class), probabilities })
      }
    }
    const heldOut = predictions.filter(({ split }) => split === 'held-out')
    const right = heldOut.filter(
      ({ label, probabilities }) => probabilities.indexOf(Math.max(...probabilities)) === label,
    )
    const accuracy = right.length / heldOut.length
    const sorted = milliseconds.toSorted((a, b) => a - b)
    const at = (share: number) => Math.round(10 * (sorted[Math.floor(share * (sorted.length - 1))] ?? 0)) / 10
    const latency = { p50: at(0.5), p95: at(0.95), max: at(1) }
    const result: SmokeTest = { accuracy, latency, predictions }
    await putJson(env.PROCESSED_BUCKET, `models/${nameOf(execution)}/smoke-test.json`, result)
    log.info('Asked the endpoint', { images: predictions.length, heldOut: heldOut.length, accuracy, ...latency })
    const wanted = Math.max(0, plan.minAccuracy - ALLOWANCE)
    if (accuracy < wanted) {
      throw new TaskError(
        'SmokeTestFailed',
        `The endpoint ${env.ENDPOINT_NAME} is right about ${right.length} of ${heldOut.length} held-out images (${accuracy.toFixed(3)}); ${wanted.toFixed(3)} is wanted. The previous model goes back into service.`,
      )
    }
    return { heldOut: accuracy, images: heldOut.length, latency }
  },
})

/** @throws TaskError SmokeTestFailed when the answer is no distribution over the classes */
function distribution(body: Uint8Array | undefined, classes: number, endpoint: string): number[] {
  const text = Buffer.from(body ?? []).toString()
  const parsed = z.array(z.number().min(0).max(1)).length(classes).safeParse(parse(text))
  const sum = parsed.data?.reduce((total, probability) => total + probability, 0) ?? 0
  if (parsed.success && Math.abs(sum - 1) < 0.01) return parsed.data
  throw new TaskError(
    'SmokeTestFailed',
    `The endpoint ${endpoint} answered "${text.slice(0, 200)}", which are no probabilities of ${classes} classes.`,
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
