/**
 * Amazon SageMaker Runtime: answers pictures with the probabilities of their classes. It signs as `sagemaker`, like the service that
 * manages endpoints, and is told apart by its paths.
 *
 * `Route` and `Unroute` are for that service alone: no client has a name for them.
 */
import type { Cloud } from '../../cloud.ts'
import { AwsError } from '../../gateway/aws-error.ts'
import type { Call, Service } from '../../gateway/service.ts'
import { Containers, type Route } from './containers.ts'
import { InvocationMetrics } from './metrics.ts'

const SERVICE = 'sagemaker.amazonaws.com'
/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html */
const MAX_BODY = 6 * 1024 * 1024
const IMAGES = new Set(['application/x-image', 'image/jpeg', 'image/png'])
/** Requests that the old containers are still answering when the new ones have taken over. */
const DRAIN_MS = 2000

export function createSageMakerRuntime(cloud: Cloud): Service {
  const routes = new Map<string, Route[]>()
  const containers = new Containers(cloud)
  const metrics = new InvocationMetrics(cloud)
  const draining = new Set<NodeJS.Timeout>()

  const choose = (name: string, variant: string | undefined): Route => {
    const known = routes.get(name)
    if (!known)
      throw new AwsError('ValidationError', `Endpoint ${name} of account ${cloud.account} not found.`, {}, 400)
    if (variant !== undefined) {
      const asked = known.find((route) => route.variant === variant)
      if (!asked) throw new AwsError('ValidationError', `Variant ${variant} not found for Request.`, {}, 400)
      return asked
    }
    let at = Math.random() * known.reduce((sum, { weight }) => sum + weight, 0)
    for (const route of known) {
      at -= route.weight
      if (at < 0) return route
    }
    return known[0]!
  }

  return {
    name: 'sagemaker-runtime',
    signedAs: { name: 'sagemaker', path: /^\/endpoints\/[^/]+\/(async-)?invocations/ },
    schemas: () => import('@aws-sdk/client-sagemaker-runtime'),
    may(operation, input, { principal }: Call) {
      if (principal.service === SERVICE) return []
      return [
        {
          action: `sagemaker:${operation}`,
          resource: cloud.arn('sagemaker', `endpoint/${String(input.EndpointName).toLowerCase()}`),
        },
      ]
    },
    operations: {
      async InvokeEndpoint({ EndpointName, Body, ContentType, Accept, TargetVariant }) {
        const route = choose(EndpointName, TargetVariant)
        const started = performance.now()
        try {
          const type = String(ContentType ?? 'application/x-image')
            .split(';')[0]!
            .trim()
          const body = Buffer.from(Body ?? [])
          if (body.length > MAX_BODY) {
            throw new AwsError(
              'ValidationError',
              `Request size ${body.length} is greater than the limit of ${MAX_BODY} bytes.`,
              {},
              413,
            )
          }
          if (!IMAGES.has(type))
            throw modelError(415, `Content type ${type} is not supported: use ${[...IMAGES].join(', ')}.`)
          const server = await containers.serve(route)
          const probabilities = await server.predict(body)
          const lines = Accept === 'application/jsonlines'
          const output = {
            Body: Buffer.from(JSON.stringify(lines ? { prediction: probabilities } : probabilities)),
            ContentType: lines ? 'application/jsonlines' : 'application/json',
            InvokedProductionVariant: route.variant,
          }
          metrics.add(EndpointName, route.variant, performance.now() - started, 200)
          return output
        } catch (thrown) {
          const error = answered(thrown, EndpointName)
          metrics.add(
            EndpointName,
            route.variant,
            performance.now() - started,
            Number(error.fields.OriginalStatusCode ?? error.status ?? 500),
          )
          throw error
        }
      },

      /** Traffic of an endpoint to containers, which start first when `warm`. @throws AwsError ModelError when one does not start */
      async Route({ EndpointName, routes: wanted, warm }: { EndpointName: string; routes: Route[]; warm: boolean }) {
        const before = routes.get(EndpointName) ?? []
        const left = (kept: Route[], all: Route[]) => all.filter(({ key }) => !kept.some((route) => route.key === key))
        if (warm) {
          try {
            for (const route of wanted) await containers.serve(route)
          } catch (error) {
            for (const { key } of left(before, wanted)) await containers.stop(key)
            throw modelError(
              500,
              `The primary container for production variant did not pass the ping health check. Please check CloudWatch logs for this endpoint. (${(error as Error).message})`,
            )
          }
        }
        routes.set(EndpointName, wanted)
        for (const { key } of left(wanted, before)) drain(key)
        return {}
      },

      async Unroute({ EndpointName }: { EndpointName: string }) {
        const before = routes.get(EndpointName) ?? []
        routes.delete(EndpointName)
        for (const { key } of before) await containers.stop(key)
        return {}
      },
    },
    async close() {
      for (const timer of draining) clearTimeout(timer)
      await containers.close()
      await metrics.close()
    },
  }

  function drain(key: string): void {
    const timer = setTimeout(() => {
      draining.delete(timer)
      void containers.stop(key)
    }, DRAIN_MS)
    draining.add(timer)
  }
}

function modelError(status: number, message: string): AwsError {
  return new AwsError(
    'ModelError',
    `Received ${status < 500 ? 'client' : 'server'} error (${status}) from primary with message "${message}".`,
    { OriginalStatusCode: status, OriginalMessage: message },
  )
}

/** What the container says, as SageMaker passes it on. */
function answered(thrown: unknown, endpoint: string): AwsError {
  if (thrown instanceof AwsError) return thrown
  const { message, status } = thrown as Error & { status?: number }
  const error = modelError(status ?? 500, message)
  error.fields.LogStreamArn = `/aws/sagemaker/Endpoints/${endpoint}`
  return error
}
