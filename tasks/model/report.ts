/** Writes the model's report, as JSON and as a page, and gives what the execution ends with. */
import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs'
import { z } from 'zod'
import { ConfigurationError } from '../errors.ts'
import { executionSchema, required, task } from '../task.ts'
import { cleanPath, type Division, datasetSchema, type Plan, planSchema, samplePath } from './dataset/dataset.ts'
import { get, getJson, put } from './dataset/objects.ts'
import { epochsOf, type ModelReport, mistakes, type SmokeTest } from './report/model.ts'
import { type Pictures, page } from './report/page.ts'
import { contactSheet, dataUri, thumbnail } from './report/sheets.ts'

const LOG_GROUP = '/aws/sagemaker/TrainingJobs'
const [COLUMNS, ROWS] = [12, 2]

const logs = new CloudWatchLogsClient({})

export const handler = task({
  name: 'Report',
  input: z.object({
    execution: executionSchema,
    plan: planSchema,
    training: z.object({ trainingJob: required, metrics: z.record(z.string(), z.number()) }),
    folds: z.array(z.number()).nullable(),
    model: required,
  }),
  environment: z.object({
    PROCESSED_BUCKET: required,
    REPORTS_BUCKET: required,
    ENDPOINT_NAME: required,
    CLASSIFY_URL: required,
  }),
  async run({ input: { execution, plan, training, folds, model }, env, log }) {
    const bucket = env.PROCESSED_BUCKET
    const [division, dataset, smokeTest] = [
      await getJson<Division>(bucket, `${plan.prefix}split.json`),
      datasetSchema.safeParse(await getJson(bucket, `${plan.prefix}dataset.json`)),
      await getJson<SmokeTest>(bucket, `models/${model}/smoke-test.json`),
    ]
    if (!division || !dataset.success || !smokeTest) {
      throw new ConfigurationError(
        `Parts of the run are gone from s3://${bucket}: ${plan.prefix}split.json, dataset.json or models/${model}/smoke-test.json.`,
      )
    }
    const accuracy = {
      train: training.metrics['train:accuracy'] ?? Number.NaN,
      validation: training.metrics['validation:accuracy'] ?? Number.NaN,
      heldOut: smokeTest.accuracy,
    }
    const report: ModelReport = {
      execution,
      generatedAt: new Date().toISOString(),
      model,
      endpoint: env.ENDPOINT_NAME,
      dataset: { id: plan.dataset, ...dataset.data },
      rejected: division.rejected,
      epochs: epochsOf(await trainingLog(training.trainingJob)),
      accuracy,
      folds: folds && { accuracies: folds, ...spread(folds) },
      smokeTest,
    }
    const pictures = await picturesOf(bucket, plan, division, smokeTest)
    const prefix = `model/${execution.name}/`
    const write = async (name: string, type: string, body: string) => {
      await put(env.REPORTS_BUCKET, prefix + name, body, type)
      return `s3://${env.REPORTS_BUCKET}/${prefix}${name}`
    }
    const json = await write('report.json', 'application/json', `${JSON.stringify(report, null, 2)}\n`)
    const html = await write('report.html', 'text/html; charset=utf-8', page(report, pictures))
    log.info('Wrote the report', { html })
    return {
      model,
      endpoint: env.ENDPOINT_NAME,
      api: env.CLASSIFY_URL,
      images: report.dataset.images,
      samples: report.dataset.samples,
      accuracy,
      ...(report.folds && { folds: report.folds }),
      latency: smokeTest.latency,
      report: { html, json },
    }
  },
})

async function trainingLog(trainingJob: string): Promise<string[]> {
  const lines: string[] = []
  const pages = paginateFilterLogEvents(
    { client: logs },
    { logGroupName: LOG_GROUP, logStreamNamePrefix: `${trainingJob}/` },
  )
  for await (const { events } of pages) lines.push(...(events ?? []).map(({ message = '' }) => message))
  return lines
}

async function picturesOf(bucket: string, plan: Plan, division: Division, smokeTest: SmokeTest): Promise<Pictures> {
  const load = (path: string) => get(bucket, path)
  const classes: Record<string, string> = {}
  for (const name of plan.classes) {
    const own = division.images.filter((image) => image.class === name).slice(0, COLUMNS * ROWS)
    const pictures = await Promise.all(own.map((image) => load(`${plan.prefix}clean/${cleanPath(image)}`)))
    classes[name] = await contactSheet(
      Array.from({ length: Math.ceil(pictures.length / COLUMNS) }, (_, row) =>
        pictures.slice(row * COLUMNS, (row + 1) * COLUMNS),
      ),
    )
  }
  const shown = plan.classes.flatMap((name) =>
    division.images.filter((image) => image.class === name && image.split === 'train').slice(0, 2),
  )
  const augmented = await contactSheet(
    await Promise.all(
      shown.map((image) =>
        Promise.all(
          Array.from({ length: Math.min(COLUMNS, image.samples) }, (_, sample) =>
            load(`${plan.prefix}train/${samplePath(image, sample)}`),
          ),
        ),
      ),
    ),
  )
  const wrong = await Promise.all(
    mistakes(smokeTest.predictions).map(async (prediction) => ({
      prediction,
      picture: dataUri(await thumbnail(await load(prediction.path), 144)),
    })),
  )
  return { classes, augmented, mistakes: wrong }
}

/** The mean and the standard deviation between folds. */
function spread(values: number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1)
  return { mean, spread: Math.sqrt(variance) }
}
