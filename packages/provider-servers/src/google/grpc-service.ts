import {
  loadPackageDefinition,
  type ServiceClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import type { Access } from './access.ts'
import type { Faults } from './faults.ts'
import { callFailure } from './status.ts'

/** One method: the request in, the answer out; throws a `callFailure`. */
// biome-ignore lint/suspicious/noExplicitAny: shapes of messages are those of Google's protos, which come without types
type Method = (request: any) => object | Promise<object>

export interface Service {
  methods: Record<string, Method>
  /** What a caller needs for a method; the names of IAM. */
  permissions: Record<string, string>
  faults: Faults
}

type Protos = Parameters<typeof fromJSON>[0]

/** The definition of a service, from the protos that Google's own client carries. */
export function serviceDefinition(protos: Protos, name: string): ServiceDefinition {
  const types = fromJSON(protos, { longs: String, enums: String, defaults: true })
  const found = name
    .split('.')
    .reduce<unknown>(
      (scope, part) => (scope as Record<string, unknown>)[part],
      loadPackageDefinition(types),
    )
  return (found as ServiceClientConstructor).service
}

/** The methods behind what every call meets first: its token, and the faults of the day. */
export function implementation(access: Access, service: Service): UntypedServiceImplementation {
  const entries = Object.entries(service.methods).map(([name, method]) => {
    const handle = handler(access, service, name, method)
    return [name, handle] as const
  })
  return Object.fromEntries(entries)
}

type Call = { request: unknown; metadata: { get(key: string): (string | Buffer)[] } }
type Callback = (error: ServiceError | null, answer?: object) => void

function handler(access: Access, service: Service, name: string, method: Method) {
  return async ({ request, metadata }: Call, callback: Callback) => {
    try {
      if (!access.admits(metadata.get('authorization')[0]?.toString())) throw unauthenticated()
      failAsTold(service, name)
      callback(null, await method(request))
    } catch (error) {
      callback(error as ServiceError)
    }
  }
}

function unauthenticated(): ServiceError {
  const details = 'Request had invalid authentication credentials.'
  const reason = { reason: 'ACCESS_TOKEN_EXPIRED', domain: 'googleapis.com' }
  return callFailure(status.UNAUTHENTICATED, details, reason)
}

function failAsTold({ faults, permissions }: Service, name: string): void {
  switch (faults.next()) {
    case 'refuse': {
      const permission = permissions[name] ?? ''
      const details = `Permission '${permission}' denied on resource (or it may not exist).`
      const info = { reason: 'IAM_PERMISSION_DENIED', domain: 'iam.googleapis.com' }
      const reason = { ...info, metadata: { permission } }
      throw callFailure(status.PERMISSION_DENIED, details, reason)
    }
    case 'throttle': {
      const reason = { reason: 'RATE_LIMIT_EXCEEDED', domain: 'googleapis.com' }
      throw callFailure(status.RESOURCE_EXHAUSTED, 'Quota exceeded.', reason)
    }
    case 'break':
      throw callFailure(status.UNAVAILABLE, 'The service is currently unavailable.')
    case undefined:
      return
  }
}
