/**
 * Search expressions: `{AWS/SageMaker,EndpointName,VariantName} EndpointName="Stepwell-classifier" MetricName="Invocations"`.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
import { AwsError } from '../../gateway/aws-error.ts'
import type { Metric } from './metrics.ts'

/** AWS gives no more time series than these. */
const MAX_SERIES = 500
const NAMESPACE = 'Namespace'
const METRIC_NAME = 'MetricName'

/**
 * The metrics of a namespace that have exactly the dimensions of the schema and pass every term.
 *
 * @throws AwsError ValidationError for an expression that is none, or has terms in partial words, OR or NOT
 */
export function searchMetrics(metrics: readonly Metric[], expression: string): Metric[] {
  const [, schema, terms = ''] = /^\s*\{([^{}]+)\}(.*)$/s.exec(expression) ?? []
  if (schema === undefined) throw invalid(expression, 'it has to begin with {namespace, dimensions}')
  const [namespace = '', ...dimensions] = schema.split(',').map((word) => unquoted(word.trim()))
  const wanted = termsOf(expression, terms)
  return metrics
    .filter(({ Namespace, Dimensions = [] }) => {
      const names = Dimensions.map(({ Name }) => Name)
      return Namespace === namespace && names.length === dimensions.length && dimensions.every((d) => names.includes(d))
    })
    .filter((metric) => wanted.every(([name, value]) => propertyOf(metric, name) === value))
    .slice(0, MAX_SERIES)
}

/** `Name="value"` each, joined by blanks or AND: an exact match. */
function termsOf(expression: string, text: string): [name: string, value: string][] {
  const term = /\s*(?:AND\s+)?([\w.:/-]+|"[^"]+")\s*=\s*"([^"]*)"/y
  const end = text.trimEnd().length
  const found: [string, string][] = []
  while (term.lastIndex < end) {
    const at = term.lastIndex
    const match = term.exec(text)
    if (!match) throw invalid(expression, `only Name="value" is served locally, not ${text.slice(at, end).trim()}`)
    found.push([unquoted(match[1]!), match[2]!])
  }
  return found
}

function propertyOf({ Namespace, MetricName, Dimensions = [] }: Metric, name: string): string | undefined {
  if (name === NAMESPACE) return Namespace
  if (name === METRIC_NAME) return MetricName
  return Dimensions.find(({ Name }) => Name === name)?.Value
}

const unquoted = (text: string) => text.replace(/^"(.*)"$/s, '$1')

const invalid = (expression: string, reason: string) =>
  new AwsError('ValidationError', `Error in search expression '${expression}': ${reason}.`, {}, 400)
