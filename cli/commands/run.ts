/** `stepwell run <workflow>`: starts an execution in a cloud that is up, and stays with it to its end. */
import type { S3Client } from '@aws-sdk/client-s3'
import type { Command } from 'commander'
import { connectToRunning } from '../clients.ts'
import { endpointWords } from '../endpoint.ts'
import { ExecutionFailed } from '../errors.ts'
import { readInput, runWorkflow } from '../execution.ts'
import { ensureSampleImages, uploadOwnImages } from '../images.ts'
import { onInterrupt } from '../interrupt.ts'
import { addDataDir, addEndpoint, addJson, whole } from '../options.ts'
import { Output } from '../output.ts'
import { batchInput, runWithProducer } from '../plan.ts'
import { addReport } from '../quarters.ts'
import { SAMPLE_DEFAULTS } from '../sample-options.ts'
import { archiveFolder, ensureSamples } from '../samples.ts'
import { tellStrayFiles } from '../stray-files.ts'
import { summaryOf, tellSummary } from '../summary.ts'
import { executionName, findWorkflow } from '../workflows.ts'

interface Options {
  endpoint: string
  dataDir: string
  input?: string
  rows?: number
  images?: string
  folds?: number
  json?: boolean
}

export function run(command: Command): Command {
  return addJson(addDataDir(addEndpoint(command)))
    .argument('<workflow>', 'such as batch')
    .option('--input <file>', 'the input as a file of JSON, - for standard input')
    .option('--rows <number>', 'first make sample data with about so many performance rows', whole)
    .option('--images <folder>', 'model: learn from the pictures of this folder, which holds a folder a class')
    .option('--folds <number>', 'model: cross-validate first, by raw picture', whole)
    .action(action)
}

async function action(name: string, options: Options): Promise<void> {
  const output = new Output(options)
  using interrupt = onInterrupt()
  const { endpoint, states, s3, close } = await connectToRunning(options.endpoint)
  let executionArn: string | undefined
  try {
    const workflow = await findWorkflow(states, name)
    const given =
      options.input === undefined && name === 'batch' ? await batchInput(output) : await readInput(options.input)
    const input = name === 'model' ? await modelInput(given, options, s3, output) : given
    if (options.rows !== undefined) {
      await ensureSamples({ ...SAMPLE_DEFAULTS, rows: options.rows }, archiveFolder(options.dataDir), output)
    }
    if (name === 'batch') await tellStrayFiles(archiveFolder(options.dataDir), output)
    const onStart = (arn: string) => (executionArn = arn)
    const again = commandOf(name, options)
    const context = { states, output, endpoint, again, signal: interrupt.signal, onStart }
    const result =
      name === 'stream'
        ? await runWithProducer(context, endpoint, workflow)
        : await runWorkflow(context, workflow, input)
    await addReport(result, s3)
    tellSummary(output, summaryOf(endpoint, {}, [result]))
    if (result.status !== 'SUCCEEDED') throw new ExecutionFailed(result.status)
    if (result.balance?.balanced === false) throw new ExecutionFailed('records are missing or came twice')
  } catch (error) {
    if (!interrupt.signal.aborted || error instanceof ExecutionFailed) throw error
    if (executionArn)
      output.line(
        `Not watched any more; it goes on. See: npx stepwell history ${executionName(executionArn)}${endpointWords(endpoint)}`,
      )
    process.exitCode = interrupt.exitCode
  } finally {
    close()
  }
}

/** The words that start it once more. */
function commandOf(name: string, { input, images, folds }: Options): string {
  const given = Object.entries({ input, images, folds }).filter(([, value]) => value !== undefined)
  return ['npx stepwell run', name, ...given.map(([option, value]) => `--${option} '${value}'`)].join(' ')
}

/** The pictures of the folder, or the sample drawings, are in the raw bucket then. */
async function modelInput(given: object, { dataDir, images, folds }: Options, s3: S3Client, output: Output) {
  if (images === undefined && !('images' in given)) await ensureSampleImages(dataDir, s3, output)
  return {
    ...given,
    ...(images !== undefined && { images: await uploadOwnImages(images, s3, output) }),
    ...(folds !== undefined && { folds }),
  }
}
