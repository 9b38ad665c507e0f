import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { handler } from '../../../tasks/serving/classify.ts'

beforeEach(() => {
  vi.stubEnv('ENDPOINT_NAME', 'endpoint')
  vi.stubEnv('PROCESSED_BUCKET', 'bucket')
  vi.stubEnv('ALLOWED_ORIGIN', 'https://page.example')
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

const post = async (body: string | null, isBase64Encoded = false) => {
  const { statusCode, body: text, headers } = await handler({ body, isBase64Encoded } as any)
  return { statusCode, headers, ...JSON.parse(text) }
}
const image = (bytes: Buffer | string) => JSON.stringify({ image: Buffer.from(bytes).toString('base64') })

describe('POST /classify', () => {
  it.each([
    ['no body', null, 400, 'NoImage'],
    ['JSON of something else', '{"picture": 1}', 400, 'NoImage'],
    ['no JSON after all', '{"image"', 400, 'NoImage'],
    ['what is not base64', '{"image": "%%%"}', 400, 'NotBase64'],
    ['an empty image', '{"image": ""}', 400, 'NotBase64'],
    ['a text', image('just words here'), 415, 'NotAnImage'],
    ['a GIF', image('GIF89a……'), 415, 'NotAnImage'],
    ['five megabytes', image(Buffer.alloc(5_000_000, 1)), 413, 'ImageTooLarge'],
  ])('refuses %s in a sentence', async (_, body, status, error) => {
    const answer = await post(body)
    expect(answer).toMatchObject({ statusCode: status, error, message: expect.stringMatching(/^[A-Z].*[.…"]$/) })
    expect(answer.headers).toMatchObject({ 'access-control-allow-origin': 'https://page.example' })
  })

  it('refuses a PNG of too many pixels before anybody decodes it', async () => {
    const png = Buffer.alloc(40)
    png.write('89504e470d0a1a0a', 'hex')
    png.writeUInt32BE(20_000, 16)
    png.writeUInt32BE(20_000, 20)
    expect(await post(image(png))).toMatchObject({
      statusCode: 413,
      message: expect.stringContaining('20000 × 20000 pixels'),
    })
  })

  it('takes the body as API Gateway encodes it', async () => {
    expect(await post(Buffer.from(image('words')).toString('base64'), true)).toMatchObject({ error: 'NotAnImage' })
  })

  it.each([
    ['a picture that the model cannot decode', { name: 'ModelError', OriginalStatusCode: 400 }, 422, 'UnreadableImage'],
    [
      'an endpoint that is not there',
      { name: 'ValidationError', message: 'Endpoint endpoint of account 0 not found.' },
      503,
      'NoModel',
    ],
    ['an endpoint that has enough to do', { name: 'ThrottlingException' }, 503, 'Busy'],
    ['a model that fails', { name: 'ModelError', OriginalStatusCode: 500, message: 'secret' }, 500, 'InternalError'],
  ])('says in a sentence what %s means, and no more', async (_, error, status, code) => {
    vi.spyOn(SageMakerRuntimeClient.prototype, 'send').mockImplementation(() =>
      Promise.reject(Object.assign(new Error('no'), error)),
    )
    const answer = await post(image(Buffer.from('ffd8ffe000104a464946', 'hex')))
    expect(answer).toMatchObject({ statusCode: status, error: code, message: expect.stringMatching(/^[A-Z].*\.$/) })
    expect(answer.message).not.toContain('secret')
  })
})
