/**
 * `POST /classify` with `{"image": "<base64 of a JPEG or PNG>"}`, or that text alone, gives `{"class", "probabilities", "model"}`. Whatever the caller did wrong is a
 * 4xx with a sentence; nothing of the picture is kept or logged.
 */

import { Logger } from '@aws-lambda-powertools/logger'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda'
import { z } from 'zod'

/** Of a picture; as base64 it is a third more, and Lambda takes 6 MB in all. */
const MAX_BYTES = 4_000_000
const MAX_SIDE = 8192

const environment = z.object({
  ENDPOINT_NAME: z.string().min(1),
  PROCESSED_BUCKET: z.string().min(1),
  ALLOWED_ORIGIN: z.string().min(1),
})

const log = new Logger({ serviceName: 'Classify' })
const s3 = new S3Client({})
const runtime = new SageMakerRuntimeClient({ maxAttempts: 2 })
/** Names of classes by model: a warm function asks once. */
const classesOf = new Map<string, string[]>()

class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

export const handler = async (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> => {
  const env = environment.parse(process.env)
  try {
    return answer(env.ALLOWED_ORIGIN, 200, await classify(pictureOf(event), env))
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.status >= 500)
      log.error(refusal.message, { cause: (error as Error).name, message: (error as Error).message })
    else log.info('Refused', { code: refusal.code })
    return answer(env.ALLOWED_ORIGIN, refusal.status, { error: refusal.code, message: refusal.message })
  }
}

async function classify(picture: { bytes: Buffer; type: string }, env: z.output<typeof environment>) {
  const { Body, InvokedProductionVariant: model = '' } = await runtime.send(
    new InvokeEndpointCommand({
      EndpointName: env.ENDPOINT_NAME,
      ContentType: picture.type,
      Accept: 'application/json',
      Body: picture.bytes,
    }),
  )
  const numbers = z.array(z.number()).parse(JSON.parse(Buffer.from(Body ?? []).toString()))
  const classes = await classNames(env.PROCESSED_BUCKET, model)
  const best = numbers.indexOf(Math.max(...numbers))
  log.info('Classified', { class: classes[best], probability: numbers[best], model })
  return {
    class: classes[best],
    probabilities: Object.fromEntries(numbers.map((probability, i) => [classes[i] ?? String(i), probability])),
    model,
  }
}

async function classNames(bucket: string, model: string): Promise<string[]> {
  const known = classesOf.get(model)
  if (known) return known
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `models/${model}/card.json` }))
  const { classes } = z
    .object({ classes: z.array(z.string()) })
    .parse(JSON.parse((await Body?.transformToString()) ?? ''))
  classesOf.set(model, classes)
  return classes
}

/** @throws Refusal */
function pictureOf({ body, isBase64Encoded }: APIGatewayProxyEvent): { bytes: Buffer; type: string } {
  if (!body) throw new Refusal(400, 'NoImage', 'Send {"image": "…"} with the picture as base64.')
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString() : body
  const encoded = base64Of(text)
    .replace(/^data:image\/\w+;base64,/, '')
    .replaceAll(/\s/g, '')
  if (encoded.length === 0 || encoded.length % 4 === 1 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) {
    throw new Refusal(400, 'NotBase64', 'The image is not base64.')
  }
  if (encoded.length * 0.75 > MAX_BYTES) {
    throw new Refusal(413, 'ImageTooLarge', `The image has more than ${MAX_BYTES / 1e6} MB: make it smaller.`)
  }
  const bytes = Buffer.from(encoded, 'base64')
  const type = typeOf(bytes)
  if (!type) throw new Refusal(415, 'NotAnImage', 'The image is neither a JPEG nor a PNG.')
  const size = type === 'image/png' ? pngSize(bytes) : undefined
  if (size && (size.width > MAX_SIDE || size.height > MAX_SIDE)) {
    throw new Refusal(
      413,
      'ImageTooLarge',
      `The image has ${size.width} × ${size.height} pixels; ${MAX_SIDE} a side are allowed.`,
    )
  }
  return { bytes, type }
}

function base64Of(text: string): string {
  if (!text.trimStart().startsWith('{')) return text
  try {
    return z.object({ image: z.string() }).parse(JSON.parse(text)).image
  } catch {
    throw new Refusal(400, 'NoImage', 'The body is JSON, but not {"image": "…"} with the picture as base64.')
  }
}

function typeOf(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 3).toString('hex') === 'ffd8ff') return 'image/jpeg'
  return bytes.subarray(0, 8).toString('hex') === '89504e470d0a1a0a' ? 'image/png' : undefined
}

function pngSize(bytes: Buffer) {
  return bytes.length < 24 ? undefined : { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
}

/** What the endpoint says of a picture that only looks like one is the caller's to mend; all else is ours. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const { name, message, OriginalStatusCode } = error as Error & { OriginalStatusCode?: number }
  if (name === 'ModelError' && OriginalStatusCode !== undefined && OriginalStatusCode < 500) {
    return new Refusal(422, 'UnreadableImage', 'The picture cannot be read: it is damaged or incomplete.')
  }
  if (/not found/i.test(message) && name.startsWith('Validation')) {
    return new Refusal(503, 'NoModel', 'No model is in service yet. Run the model workflow first.')
  }
  if (name === 'ThrottlingException' || name === 'ServiceUnavailable' || name === 'ModelNotReadyException') {
    return new Refusal(503, 'Busy', 'The classifier is busy. Try again in a moment.')
  }
  return new Refusal(500, 'InternalError', 'The classifier failed. Its log says why.')
}

function answer(origin: string, statusCode: number, body: object): APIGatewayProxyResult {
  return {
    statusCode,
    headers: {
      'content-type': 'application/json',
      'access-control-allow-origin': origin,
      'cache-control': 'no-store',
    },
    body: JSON.stringify(body),
  }
}
