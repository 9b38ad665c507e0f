import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DescribeEndpointCommand,
  DescribeTrainingJobCommand,
  ListModelsCommand,
  ListTrainingJobsCommand,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker'
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ModelCloud, startModelCloud } from '../support/model-cloud.ts'
import { ModelGrants } from '../support/model-grants.ts'
import { notExercisedByModel } from '../support/not-exercised.ts'
import { silent } from '../support/watched.ts'

/** Few pictures and samples: what is tested is the way through, not how well drawings are told apart. */
const input = { samples: 160, minAccuracy: 0.5, hyperparameters: { epochs: '4' } }
const ENDPOINT = 'Stepwell-classifier'
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

let model: ModelCloud
let first: Awaited<ReturnType<ModelCloud['run']>>
let dataset: string

beforeAll(async () => {
  model = await startModelCloud()
  // A class of its own place to the quarantine: what is no picture must not stop the others.
  await model.put('images/penguin/words.jpg', 'these are words')
  const [file = ''] = readdirSync(join(model.folder, 'penguin')).filter((name) => name.endsWith('.jpg'))
  await model.put('images/penguin/half.jpg', readFileSync(join(model.folder, 'penguin', file)).subarray(0, 3000))
  await model.put(
    'images/penguin/twice.jpg',
    readFileSync(join(model.folder, 'not-penguin', readdirSync(join(model.folder, 'not-penguin'))[0]!)),
  )
  first = await model.run(input)
  expect(first.error, first.cause).toBeUndefined()
  dataset = (await model.keys('images/')).find((key) => key.endsWith('/dataset.json'))!.replace('dataset.json', '')
}, 300_000)
afterAll(() => model?.close())

const penguin = () => readFileSync(join(model.folder, 'penguin', readdirSync(join(model.folder, 'penguin'))[0]!))
const describeEndpoint = () => model.sagemaker.send(new DescribeEndpointCommand({ EndpointName: ENDPOINT }))

describe('the model workflow', () => {
  it('makes the samples, trains, deploys, and ends with its figures', () => {
    expect(first.status).toBe('SUCCEEDED')
    expect(first.result).toMatchObject({
      endpoint: ENDPOINT,
      images: { raw: 43, rejected: 4 },
      samples: { total: 160 },
      accuracy: { train: expect.any(Number), validation: expect.any(Number), heldOut: expect.any(Number) },
      report: { html: expect.stringMatching(/^s3:.*report\.html$/) },
    })
    expect(first.result.accuracy.train).toBeGreaterThan(0.9)
  })

  it('quarantines what is no picture, and a picture in two classes, with the reason', async () => {
    const entries = await Promise.all((await model.keys('quarantine/images/')).map((key) => model.text(key)))
    const reasons = entries.map((text) => JSON.parse(text)).map(({ key, reason }) => [key.split('/').pop(), reason])
    expect(reasons).toContainEqual(['words.jpg', 'not_an_image'])
    expect(reasons).toContainEqual(['half.jpg', 'corrupt'])
    expect(reasons).toContainEqual(['twice.jpg', 'same_image_in_two_classes'])
    expect(reasons).toHaveLength(4)
  })

  it('lays the four channels out as the algorithm documents them, no raw image in two of them', async () => {
    const [train, validation] = await Promise.all([
      model.text(`${dataset}train_lst/train.lst`),
      model.text(`${dataset}validation_lst/validation.lst`),
    ])
    const rows = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'))
    const indices = [...rows(train), ...rows(validation)].map(([index]) => Number(index))
    expect(new Set(indices).size).toBe(indices.length)
    for (const [channel, text] of [
      ['train', train],
      ['validation', validation],
    ] as const) {
      const there = new Set(
        (await model.keys(`${dataset}${channel}/`)).map((key) => key.slice(`${dataset}${channel}/`.length)),
      )
      for (const [, label, path = ''] of rows(text)) {
        expect(there.has(path), path).toBe(true)
        expect(label).toBe(path.startsWith('not-penguin/') ? '0' : '1')
      }
    }
    const raws = async (part: string) =>
      new Set(
        (await model.keys(`${dataset}${part}/`)).map((key) =>
          key
            .slice(dataset.length)
            .replace(/^[^/]+\//, '')
            .replace(/(-\d{3})?\.jpg$/, ''),
        ),
      )
    const parts = await Promise.all(['train', 'validation', 'held-out'].map(raws))
    expect(parts[0]!.size + parts[1]!.size + parts[2]!.size).toBe(new Set(parts.flatMap((part) => [...part])).size)
    const { InputDataConfig, HyperParameters, ModelArtifacts, TrainingJobStatus, FinalMetricDataList } =
      await model.sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: first.result.model }))
    expect(TrainingJobStatus).toBe('Completed')
    expect(InputDataConfig!.map(({ ChannelName }) => ChannelName)).toEqual([
      'train',
      'validation',
      'train_lst',
      'validation_lst',
    ])
    expect(new Set(InputDataConfig!.map(({ ContentType }) => ContentType))).toEqual(new Set(['application/x-image']))
    expect(HyperParameters).toMatchObject({
      num_classes: '2',
      num_training_samples: String(rows(train).length),
      resize: '256',
    })
    expect(ModelArtifacts!.S3ModelArtifacts).toMatch(/\/output\/model\.tar\.gz$/)
    expect(FinalMetricDataList!.map(({ MetricName }) => MetricName)).toContain('validation:accuracy')
  })

  it('writes a report that stands by itself', async () => {
    const [key] = (await model.keys('model/', model.cloud.outputs.ReportsBucketName!)).filter((name) =>
      name.endsWith('.html'),
    )
    const html = await model.text(key!, model.cloud.outputs.ReportsBucketName!)
    for (const text of ['penguin', 'data:image/jpeg;base64,', 'accuracy by epoch', 'words.jpg', 'ROC'])
      expect(html).toContain(text)
    expect(html).not.toMatch(/(src|href)="https?:/)
  })

  it('reuses the samples when the images are the same, and updates the endpoint', async () => {
    const again = await model.run(input)
    expect(again.status, again.cause).toBe('SUCCEEDED')
    expect((await model.keys('images/')).filter((key) => key.endsWith('/dataset.json'))).toHaveLength(1)
    expect((await describeEndpoint()).EndpointConfigName).toBe(again.result.model)
    expect(again.result.model).not.toBe(first.result.model)
  })
})

describe('the endpoint', () => {
  it('answers a picture with the probabilities of its classes', async () => {
    const { Body, ContentType } = await model.runtime.send(
      new InvokeEndpointCommand({ EndpointName: ENDPOINT, ContentType: 'image/jpeg', Body: penguin() }),
    )
    const probabilities = JSON.parse(Buffer.from(Body!).toString())
    expect(ContentType).toBe('application/json')
    expect(probabilities).toHaveLength(2)
    expect(probabilities[0] + probabilities[1]).toBeCloseTo(1)
  })

  it('is asked through the API', async () => {
    const body = JSON.stringify({ image: penguin().toString('base64') })
    const response = await fetch(model.cloud.outputs.ClassifyApiUrl!, { method: 'POST', body })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ class: expect.stringMatching(/^(not-)?penguin$/) })
  })

  it.each([
    [
      'words',
      { Body: Buffer.from('words'), ContentType: 'image/jpeg' },
      { name: 'ModelError', OriginalStatusCode: 400 },
    ],
    [
      'another content type',
      { Body: penguin, ContentType: 'text/csv' },
      { name: 'ModelError', OriginalStatusCode: 415 },
    ],
    ['more than 6 MB', { Body: Buffer.alloc(7_000_000), ContentType: 'image/jpeg' }, { name: 'ValidationError' }],
  ])('refuses %s', async (_, { Body, ContentType }, error) => {
    const body = typeof Body === 'function' ? Body() : Body
    const asking = model.runtime.send(new InvokeEndpointCommand({ EndpointName: ENDPOINT, ContentType, Body: body }))
    await expect(asking).rejects.toMatchObject(error)
  })

  it('is told apart from one that does not exist', async () => {
    const asking = model.runtime.send(
      new InvokeEndpointCommand({ EndpointName: 'nobody', ContentType: 'image/jpeg', Body: penguin() }),
    )
    await expect(asking).rejects.toThrow('Endpoint nobody of account 000000000000 not found.')
  })
})

describe('the page', () => {
  it.skipIf(!chromium)(
    'tells in a browser what a picture is, and says in words what is wrong',
    async () => {
      const { chromium: browsers } = await import('playwright-core')
      const browser = await browsers.launch({ executablePath: chromium!, args: ['--no-sandbox'] })
      try {
        const size = { viewport: { width: 390, height: 844 } }
        const page = await browser.newPage(size)
        const errors: string[] = []
        page.on('pageerror', (error) => errors.push(error.message))
        await page.goto(`${model.cloud.url}/classifier/`)
        // A keyboard comes to one button; the one for the camera is for those who have it in their hand.
        await page.keyboard.press('Tab')
        expect(await page.evaluate(() => document.activeElement?.id)).toBe('choose')
        expect(await page.locator('#photograph').isVisible()).toBe(false)
        const phone = await browser.newPage({ ...size, hasTouch: true, isMobile: true })
        await phone.goto(`${model.cloud.url}/classifier/`)
        expect(await phone.locator('#photograph').isVisible()).toBe(true)
        const [file = ''] = readdirSync(join(model.folder, 'penguin'))
        await page.setInputFiles('#file', join(model.folder, 'penguin', file))
        await page.getByRole('heading', { level: 2 }).waitFor({ timeout: 20_000 })
        expect(await page.getByRole('heading', { level: 2 }).textContent()).toMatch(
          /^(Not sure: )?\d+(\.\d)? % (not-)?penguin$/,
        )
        expect(await page.locator('dt').allTextContents()).toHaveLength(2)
        expect(await page.locator('#preview').getAttribute('alt')).toContain(file)
        // Whoever reads by ear hears the answer at once.
        expect(await page.evaluate(() => document.activeElement?.id)).toBe('answer')
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
        if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true })

        await page.setInputFiles('#file', { name: 'words.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('words') })
        await page.getByRole('alert').filter({ hasText: 'no picture' }).waitFor({ timeout: 5000 })
        expect(await page.locator('#result').isVisible()).toBe(false)
        expect(errors).toEqual([])
      } finally {
        await browser.close()
      }
    },
    60_000,
  )
})

describe('what goes wrong leaves the old model in service', () => {
  const serving = async () => (await describeEndpoint()).EndpointConfigName
  const stillServes = async (config: string | undefined) => {
    const { EndpointConfigName, EndpointStatus } = await describeEndpoint()
    expect([EndpointConfigName, EndpointStatus]).toEqual([config, 'InService'])
    await model.runtime.send(
      new InvokeEndpointCommand({ EndpointName: ENDPOINT, ContentType: 'image/jpeg', Body: penguin() }),
    )
  }

  it('when a hyperparameter is out of range', async () => {
    const before = await serving()
    const failed = await model.run({ ...input, hyperparameters: { learning_rate: '7' } })
    expect(failed).toMatchObject({ status: 'FAILED', error: 'TrainingFailed' })
    expect(failed.cause).toContain('7 is greater than the maximum of 1 (learning_rate)')
    await stillServes(before)
  })

  it('when somebody stops the training job', async () => {
    const before = await serving()
    const executionArn = await model.start({ ...input, hyperparameters: { epochs: '500' } })
    const running = async () => {
      const { TrainingJobSummaries = [] } = await model.sagemaker.send(
        new ListTrainingJobsCommand({ StatusEquals: 'InProgress' }),
      )
      return TrainingJobSummaries[0]?.TrainingJobName
    }
    await expect.poll(running, { interval: 20 }).toBeDefined()
    await model.sagemaker.send(new StopTrainingJobCommand({ TrainingJobName: (await running())! }))
    const stopped = await model.end(executionArn)
    expect(stopped).toMatchObject({ status: 'FAILED', error: 'TrainingStopped' })
    await stillServes(before)
  })

  it('when the execution is aborted: its training job is stopped too', async () => {
    const before = await serving()
    // Other samples, whose features nobody has yet: the training takes some seconds.
    const executionArn = await model.start({ ...input, samples: 400, seed: 9 })
    const job = async (status: 'InProgress' | 'Stopped') => {
      const { TrainingJobSummaries = [] } = await model.sagemaker.send(
        new ListTrainingJobsCommand({ StatusEquals: status }),
      )
      return TrainingJobSummaries.find(({ SecondaryStatus }) => SecondaryStatus === 'Training' || status === 'Stopped')
        ?.TrainingJobName
    }
    const stoppedBefore = await job('Stopped')
    await expect.poll(() => job('InProgress'), { interval: 20 }).toBeDefined()
    const name = await job('InProgress')
    await model.abort(executionArn)
    await expect.poll(() => job('Stopped')).toBe(name)
    expect(name).not.toBe(stoppedBefore)
    await stillServes(before)
  })

  it('when the model is not accurate enough', async () => {
    const before = await serving()
    // Every label is turned round: what is learned is wrong about the validation images.
    const lst = await model.text(`${dataset}validation_lst/validation.lst`)
    await model.put(
      `${dataset}validation_lst/validation.lst`,
      lst.replaceAll(/\t([01])\t/g, (_, label) => `\t${1 - label}\t`),
      model.processed,
    )
    const failed = await model.run({ ...input, minAccuracy: 0.8 })
    await model.put(`${dataset}validation_lst/validation.lst`, lst, model.processed)
    expect(failed).toMatchObject({ status: 'FAILED', error: 'ModelNotAccurate' })
    await stillServes(before)
  })

  it('when the endpoint fails its smoke test: the update is rolled back', async () => {
    const before = await serving()
    const failed = await withSwappedHeldOut(() => model.run({ ...input, minAccuracy: 0.75 }))
    expect(failed, failed.cause).toMatchObject({ status: 'FAILED', error: 'SmokeTestFailed' })
    await stillServes(before)
  })

  it('when there is one class only, or too few images', async () => {
    const before = await serving()
    for (let i = 0; i < 3; i++) await model.put(`few/one/${i}.jpg`, penguin())
    expect(await model.run({ ...input, images: 'few/' })).toMatchObject({ status: 'FAILED', error: 'OneClassOnly' })
    await model.put('few/two/0.jpg', penguin().subarray(0, 900))
    await model.put('few/two/1.jpg', 'words')
    expect(await model.run({ ...input, images: 'few/' })).toMatchObject({ status: 'FAILED', error: 'OneClassOnly' })
    await stillServes(before)
  })
})

describe('cross-validation', () => {
  it('judges every image once by a model that never saw it, and tells each fold', async () => {
    const { status, cause, result } = await model.run({ ...input, folds: 2 })
    expect(status, cause).toBe('SUCCEEDED')
    expect(result.folds.accuracies).toHaveLength(2)
    const [folds] = (await model.keys('images/'))
      .filter((key) => key.includes('/folds/'))
      .map((key) => key.replace(/folds\/.*/, 'folds/'))
    const validated = async (fold: number) =>
      (await model.text(`${folds}${fold}/validation_lst/validation.lst`))
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[2])
    const all = [...(await validated(0)), ...(await validated(1))]
    expect(new Set(all).size).toBe(all.length)
    expect(all).toHaveLength(result.images.accepted)
  })
})

describe('a grant of its roles that is taken away', () => {
  it('is missed by the one task that needs it', async () => {
    const grants = new ModelGrants(model, ENDPOINT)
    try {
      await grants.learn()
      const exercised = grants.all().filter(({ role, action }) => notExercisedByModel(role, action) === undefined)
      expect(exercised.length).toBeGreaterThan(50)
      const needless: string[] = []
      for (const grant of exercised)
        if ((await grants.missed(grant)) === undefined) needless.push(`${grant.role} ${grant.action}`)
      expect(needless).toEqual([])
    } finally {
      grants.close()
    }
  }, 180_000)
})

describe('models', () => {
  it('are kept as far back as the third', async () => {
    expect((await model.run(input)).status).toBe('SUCCEEDED')
    const { Models = [] } = await model.sagemaker.send(new ListModelsCommand({ MaxResults: 100 }))
    expect(Models).toHaveLength(3)
    expect(Models[0]!.ModelName).toBe((await describeEndpoint()).EndpointConfigName)
  })

  it('outlive their endpoint: the teardown ends what costs, twice without harm', async () => {
    for (const deleted of [true, false]) {
      const { status, result, cause } = await model.run({}, 'ModelTeardownStateMachineArn')
      expect(status, cause).toBe('SUCCEEDED')
      expect(result).toEqual({ endpoint: ENDPOINT, deleted })
    }
    await expect(describeEndpoint()).rejects.toThrow('Could not find endpoint')
    const { Models = [] } = await model.sagemaker.send(new ListModelsCommand({ MaxResults: 100 }))
    expect(Models).toHaveLength(3)
  })

  it('are measured in all that their dashboard draws and their alarms watch', async () => {
    const { status } = await fetch(model.cloud.outputs.ClassifyApiUrl!, { method: 'POST', body: '{}' })
    expect(status).toBe(400)
    await expect.poll(() => silent(model.cloud, 'model'), { interval: 300 }).toEqual([])
  })

  it('leave no endpoint behind when the first deployment fails its smoke test', async () => {
    const failed = await withSwappedHeldOut(() => model.run({ ...input, minAccuracy: 0.75 }))
    expect(failed, failed.cause).toMatchObject({ status: 'FAILED', error: 'SmokeTestFailed' })
    await expect(describeEndpoint()).rejects.toThrow('Could not find endpoint')
  })
})

/** What the smoke test takes for held-out pictures of one class are pictures of the other meanwhile. */
async function withSwappedHeldOut<T>(act: () => Promise<T>): Promise<T> {
  const originals: [key: string, body: Uint8Array][] = []
  for (const key of await model.keys(`${dataset}held-out/`)) originals.push([key, await model.bytes(key)])
  const isOther = (key: string) => key.includes('/not-penguin/')
  for (const [key] of originals) {
    const [, body] = originals.find(([other]) => isOther(other) !== isOther(key))!
    await model.put(key, body, model.processed)
  }
  const result = await act()
  for (const [key, body] of originals) await model.put(key, body, model.processed)
  return result
}
