/** Requests and responses between the port and the protocols. */
import type { Readable } from 'node:stream'
import type { RestRequest } from './route.ts'

export interface WireRequest extends RestRequest {
  /** The whole body, read once. */
  bytes(): Promise<Buffer>
  /** The body as it comes, decoded from aws-chunked and with its checksums verified. */
  stream(): Readable
}

export interface WireResponse {
  status: number
  headers: Record<string, string>
  body?: string | Uint8Array | Readable
}
