/** What a delivery stream is made of, checked: whatever would be ignored here is refused. */
import { z } from 'zod'
import { AwsError } from '../../gateway/aws-error.ts'
import { checkPrefixes } from './prefixes.ts'

const text = z.string()
const disabled = z.object({ Enabled: z.literal(false).optional() }).loose()

const processor = z.object({
  Type: z.enum(['Lambda', 'AppendDelimiterToRecord']),
  Parameters: z.array(z.object({ ParameterName: text, ParameterValue: text })).default([]),
})

const destination = z.strictObject({
  RoleARN: text.regex(/^arn:.*:role\/.+/),
  BucketARN: text.regex(/^arn:.*:s3:::[\w.-]{1,255}$/),
  Prefix: text.optional(),
  ErrorOutputPrefix: text.optional(),
  BufferingHints: z
    .object({
      SizeInMBs: z.number().int().min(1).max(128).default(5),
      IntervalInSeconds: z.number().int().min(0).max(900).default(300),
    })
    .prefault({}),
  CompressionFormat: z.enum(['UNCOMPRESSED', 'GZIP']).default('UNCOMPRESSED'),
  EncryptionConfiguration: z.object({ NoEncryptionConfig: z.literal('NoEncryption') }).optional(),
  CloudWatchLoggingOptions: z
    .object({ Enabled: z.boolean().optional(), LogGroupName: text.optional(), LogStreamName: text.optional() })
    .optional(),
  ProcessingConfiguration: z
    .object({ Enabled: z.boolean().default(false), Processors: z.array(processor).default([]) })
    .optional(),
  S3BackupMode: z.literal('Disabled').optional(),
  DataFormatConversionConfiguration: disabled.optional(),
  DynamicPartitioningConfiguration: disabled.optional(),
  FileExtension: text.regex(/^\.[0-9a-z!\-_.*'()]+$/).optional(),
  CustomTimeZone: z.literal('UTC').optional(),
})

export type Destination = z.output<typeof destination>

export interface Transform {
  lambdaArn: string
  roleArn: string
  bufferBytes: number
  bufferMs: number
  retries: number
}

const MIB = 1024 * 1024
const DEFAULT_TRANSFORM_MB = 1
const DEFAULT_TRANSFORM_SECONDS = 60
const DEFAULT_RETRIES = 3

/** @throws AwsError InvalidArgumentException that names the member which the local Firehose does not emulate */
export function checkDestination(input: unknown): Destination {
  const { data, error } = destination.safeParse(input)
  if (!data)
    throw new AwsError(
      'InvalidArgumentException',
      `The local Firehose does not take this ExtendedS3DestinationConfiguration: ${z.prettifyError(error).replace(/\s+/g, ' ')}`,
    )
  checkPrefixes(data.Prefix, data.ErrorOutputPrefix)
  transformOf(data)
  delimiterOf(data)
  return data
}

type Processor = z.output<typeof processor>

function processors(
  { ProcessingConfiguration: configuration }: Destination,
  type: Processor['Type'],
): Record<string, string>[] {
  const all = configuration?.Enabled ? configuration.Processors : []
  return all
    .filter((one) => one.Type === type)
    .map((one) =>
      Object.fromEntries(one.Parameters.map(({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue])),
    )
}

/** The Lambda function that records go through; undefined when there is none. */
export function transformOf(configuration: Destination): Transform | undefined {
  const [parameters, second] = processors(configuration, 'Lambda')
  if (!parameters) return undefined
  const refuse = (message: string): never => {
    throw new AwsError('InvalidArgumentException', message)
  }
  if (second) refuse('Only one Lambda processor can be specified.')
  const number = (name: string, fallback: number, low: number, high: number) => {
    const value = Number(parameters[name] ?? fallback)
    return value >= low && value <= high
      ? value
      : refuse(`${name} must be from ${low} to ${high}, and is ${parameters[name]}.`)
  }
  return {
    lambdaArn: parameters.LambdaArn ?? refuse('The Lambda processor has no LambdaArn.'),
    roleArn: parameters.RoleArn ?? configuration.RoleARN,
    bufferBytes: number('BufferSizeInMBs', DEFAULT_TRANSFORM_MB, 0.2, 3) * MIB,
    bufferMs: number('BufferIntervalInSeconds', DEFAULT_TRANSFORM_SECONDS, 0, 900) * 1000,
    retries: number('NumberOfRetries', DEFAULT_RETRIES, 0, 300),
  }
}

/** What AppendDelimiterToRecord appends; empty when it is not asked for. Its parameter writes a line end as backslash and n. */
export function delimiterOf(configuration: Destination): string {
  const [parameters] = processors(configuration, 'AppendDelimiterToRecord')
  return parameters ? (parameters.Delimiter ?? '\\n').replaceAll('\\n', '\n') : ''
}

export const bucketOf = ({ BucketARN }: Destination) => BucketARN.split(':::')[1]!

export function extensionOf({ FileExtension, CompressionFormat }: Destination): string {
  return FileExtension ?? (CompressionFormat === 'GZIP' ? '.gz' : '')
}
