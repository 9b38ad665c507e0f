/**
 * How fast the endpoint answers over HTTP, asked by this process, one picture after the other.
 * `node bench/endpoint.ts [endpoint of the cloud] [pictures]`, once the model workflow has run there.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { generateImages } from '../data/images/generate.ts'

const [endpoint = 'http://127.0.0.1:4566', asked = '300'] = process.argv.slice(2)
const credentials = { accessKeyId: 'bench', secretAccessKey: 'bench' }
const runtime = new SageMakerRuntimeClient({ endpoint, region: 'us-east-1', credentials })
const { folder } = await generateImages({ folder: join(tmpdir(), 'stepwell-bench-images'), images: 20 })
const pictures = readdirSync(join(folder, 'penguin')).map((file) => readFileSync(join(folder, 'penguin', file)))

const milliseconds: number[] = []
for (let i = 0; i < Number(asked); i++) {
  const started = performance.now()
  await runtime.send(
    new InvokeEndpointCommand({
      EndpointName: 'Stepwell-classifier',
      ContentType: 'application/x-image',
      Body: pictures[i % pictures.length]!,
    }),
  )
  milliseconds.push(performance.now() - started)
}
milliseconds.sort((a, b) => a - b)
const at = (share: number) => `${milliseconds[Math.floor(share * (milliseconds.length - 1))]?.toFixed(1)} ms`
process.stdout.write(`${asked} pictures: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}\n`)
runtime.destroy()
